/**
 * The exit codes of `stem`.
 * 0 done · 1 done, but the answer is no (stale, unhealthy, nothing matched) · 2 wrong use, or errors in the
 * sources · 3 the app or its store cannot be used · 130 interrupted.
 */
export const EXIT = { ok: 0, no: 1, usage: 2, unusable: 3, interrupted: 130 } as const;

/** Ends a command with a code and one clear message, without a stack trace. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
