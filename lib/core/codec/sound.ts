import { PayloadError } from "../../contract/errors.js";
import { flawOfCharacters } from "../../contract/text.js";
import type { Codec } from "./codec.js";

/**
 * A codec whose texts every store can keep.
 * A text of `codec` with half a surrogate pair or U+0000 is refused, as a store might change it. JSON escapes
 * both and needs no such check.
 */
export function sound(codec: Codec): Codec {
  return {
    name: codec.name,
    decode: (text, root) => codec.decode(text, root),
    encode(value, root = "payload") {
      const text = codec.encode(value, root);
      const flaw = text === undefined ? undefined : typeof text === "string" ? flawOfCharacters(text) : "is not a string";
      if (flaw === undefined) return text;
      throw new PayloadError(
        "STEM_PAYLOAD_UNSERIALISABLE",
        `What the codec "${codec.name}" made of the ${root} ${flaw}.`,
        "Let the codec make a string and escape such characters, as JSON does, or encode its bytes as base64.",
      );
    },
  };
}
