import { PayloadError } from "../../contract/errors.js";

/** @throws {PayloadError} `STEM_PAYLOAD_TOO_LARGE`: the text has more than `maxBytes` in UTF-8 */
export function checkResultSize(text: string | undefined, maxBytes: number, of: string): void {
  // A UTF-16 unit becomes at most three bytes, so that counting is saved for most.
  if (text === undefined || text.length * 3 <= maxBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  throw new PayloadError(
    "STEM_PAYLOAD_TOO_LARGE",
    `The result of ${of} is ${bytes.toLocaleString("en")} bytes; ${maxBytes.toLocaleString("en")} are allowed.`,
    "Store the data elsewhere and return where it is.",
  );
}
