import type { Compiled } from "../schema/compile.js";
import { refusedBy } from "./validate.js";

/** The type of a value that travels (a payload, a result, an event), from a generated client. */
export interface Shape {
  /**
   * Refuses a value that is not of the type; does nothing if the type is not to be checked.
   *
   * @param what names the value in the error: `"payload"`
   * @param of names its owner: `task "mail.send"`
   * @throws {PayloadError} `STEM_PAYLOAD_INVALID`, listing every path
   */
  check(value: unknown, what: string, of: string): void;
  /** The value for the codec: dates, maps and the like become what JSON can carry. */
  encode(value: unknown): unknown;
  /** The inverse of `encode`; values that do not fit are left as they are. */
  decode(value: unknown): unknown;
}

/** @param compile called once, when the first value comes: an app has many types, a process uses few */
export function shapeOf(compile: () => Compiled, { optional, checked }: { readonly optional: boolean; readonly checked: boolean }): Shape {
  let made: Compiled | undefined;
  const compiled = (): Compiled => (made ??= compile());
  return {
    check(value, what, of) {
      if (!checked || (optional && value === undefined)) return;
      const issues = compiled().check(value, what);
      if (issues === undefined) return;
      const found = issues.map(({ path, expected, got }) => ({ path: what + path, message: `expected ${expected}, got ${got}` }));
      throw refusedBy("type", found, what, of);
    },
    encode(value) {
      const { encode } = compiled();
      return encode === undefined || value === undefined ? value : encode(value);
    },
    decode(value) {
      const { decode } = compiled();
      return decode === undefined || value === undefined ? value : decode(value);
    },
  };
}
