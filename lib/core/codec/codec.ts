/**
 * Turns values into the text a job carries and back.
 * Payloads, results, step values and events all pass through one codec, which every process on a store must
 * share.
 */
export interface Codec {
  /** Shown in messages: `"json"`. */
  readonly name: string;
  /**
   * Encodes a value. Undefined stands for "nothing", which is not the same as null.
   * It is the result of a handler that returned nothing. The text may hold neither U+0000 nor half a
   * surrogate pair, which not every store can keep; it is refused then.
   *
   * @param root what the value is called in errors; default `"payload"`
   * @throws {PayloadError} `STEM_PAYLOAD_UNSERIALISABLE`, naming the place:
   * `payload.order.lines[3].when is a Date`
   */
  encode(value: unknown, root?: string): string | undefined;
  /**
   * The inverse of `encode`.
   *
   * @param root what the value is called in errors; default `"payload"`
   * @throws {PayloadError} `STEM_PAYLOAD_UNREADABLE`
   */
  decode(text: string | undefined, root?: string): unknown;
}
