import { StemError } from "../contract/errors.js";

/**
 * All mistakes in how an app uses Stem, in one report.
 * Thrown while the app starts, before any store is opened.
 */
export class StemBootError extends StemError {
  /**
   * One per fault: a code, what is wrong and where, the remedy.
   * Not enumerable: the message has them all, so that no logger prints them again, each with its stack.
   */
  declare readonly problems: readonly StemError[];

  constructor(problems: readonly StemError[]) {
    const count = problems.length === 1 ? "1 thing is" : `${problems.length} things are`;
    super(
      "STEM_BOOT",
      `The app cannot start: ${count} wrong with how it uses Stem.\n${problems.map(({ message }, n) => `${n + 1}. ${message}`).join("\n")}`,
      `Correct ${problems.length === 1 ? "it" : "them"}; nothing was opened or started.`,
    );
    Object.defineProperty(this, "problems", { value: problems });
  }
}

/** Runs `check` and returns the `StemError` it throws, if it does; other errors pass. */
export function problemOf(check: () => void): StemError | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof StemError) return error;
    throw error;
  }
  return undefined;
}
