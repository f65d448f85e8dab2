import { PayloadError } from "../../contract/errors.js";

/**
 * Refuses a result that is too large to keep.
 *
 * @param of its owner, put into words only for the error: `step "charge"`, or the definition of a task
 * @throws {PayloadError} `STEM_PAYLOAD_TOO_LARGE`: the text has more than `maxBytes` in UTF-8
 */
export function checkResultSize(
  text: string | undefined,
  maxBytes: number,
  of: string | { readonly kind: string; readonly name: string },
): void {
  // A UTF-16 unit becomes at most three bytes, so that counting is saved for most.
  if (text === undefined || text.length * 3 <= maxBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  throw new PayloadError(
    "STEM_PAYLOAD_TOO_LARGE",
    `The result of ${typeof of === "string" ? of : `${of.kind} "${of.name}"`} is ${bytes.toLocaleString("en")} bytes; ${maxBytes.toLocaleString("en")} are allowed.`,
    "Store the data elsewhere and return where it is.",
  );
}
