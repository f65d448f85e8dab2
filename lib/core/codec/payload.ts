import { PayloadError } from "../../contract/errors.js";
import type { Codec } from "./codec.js";

/** Largest payload by default, in bytes of UTF-8: 1 MiB. */
export const MAX_PAYLOAD_BYTES = 1_048_576;

/**
 * The text of a job's or event's payload; `""` for no payload.
 *
 * @param owner the task or event it is for, named in errors
 * @throws {PayloadError} `STEM_PAYLOAD_UNSERIALISABLE`, `STEM_PAYLOAD_TOO_LARGE`
 */
export function encodePayload(codec: Codec, value: unknown, maxBytes: number, owner: { readonly name: string }): string {
  const text = codec.encode(value) ?? "";
  // A UTF-16 unit becomes at most three bytes, so that counting is saved for most.
  if (text.length * 3 > maxBytes) checkSize(text, maxBytes, owner.name);
  return text;
}

function checkSize(text: string, maxBytes: number, of: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  throw new PayloadError(
    "STEM_PAYLOAD_TOO_LARGE",
    `The payload of "${of}" is ${bytes.toLocaleString("en")} bytes; ${maxBytes.toLocaleString("en")} are allowed.`,
    "Store the data elsewhere and send where it is, split it into several jobs, or raise maxPayloadBytes.",
  );
}

/** The inverse of `encodePayload`. @throws {PayloadError} `STEM_PAYLOAD_UNREADABLE` */
export function decodePayload(codec: Codec, text: string): unknown {
  return text === "" ? undefined : codec.decode(text);
}
