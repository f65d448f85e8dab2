import { PayloadError } from "../../contract/errors.js";
import type { Codec } from "./codec.js";
import { flawIn, isPlain } from "./flaw.js";

/**
 * JSON that refuses what JSON would change silently.
 * Refused are dates, bigints, maps, sets, binary data, functions, symbols, NaN and infinities, gaps in lists,
 * objects of the platform (responses, headers, iterators), instances whose fields are all private, properties
 * of lists or named by symbols, values that contain themselves or nest over 500 levels. Properties that are
 * undefined are left out; class instances travel as their fields; objects with their own `toJSON` travel as
 * what it returns. −0 arrives as 0: arithmetic makes it of usual numbers (`Math.round(-0.2)`), and the two
 * are equal.
 */
export const jsonCodec: Codec = {
  name: "json",
  encode(value, root = "payload") {
    if (value === undefined) return undefined;
    let flaw;
    try {
      if (!isPlain(value)) flaw = flawIn(value, root);
      if (flaw === undefined) return JSON.stringify(value);
    } catch (error) {
      throw unserialisable(root, error);
    }
    throw new PayloadError("STEM_PAYLOAD_UNSERIALISABLE", `${flaw.path} is ${flaw.what}, which JSON cannot carry.`, flaw.remedy);
  },
  decode(text, root = "payload") {
    if (text === undefined) return undefined;
    try {
      // JSON.parse makes an own property of "__proto__", so reading cannot change a prototype.
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new PayloadError(
        "STEM_PAYLOAD_UNREADABLE",
        `The ${root} is not JSON: it begins with ${JSON.stringify(text.slice(0, 40))}.`,
        "Check that every producer and worker on this store uses the same codec.",
        { cause: error },
      );
    }
  },
};

/** A getter or `toJSON` threw, or the text would be longer than a string can be. */
function unserialisable(root: string, cause: unknown): PayloadError {
  return new PayloadError("STEM_PAYLOAD_UNSERIALISABLE", `The ${root} could not be turned into JSON.`, "See the cause; send plain data.", {
    cause,
  });
}
