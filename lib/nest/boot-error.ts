import { StemError } from "../contract/errors.js";

/** Everything that is wrong with how an app uses Stem, in one report. Thrown while the app starts, before any store is opened. */
export class StemBootError extends StemError {
  /** One per fault: a code, what is wrong and where, the remedy. */
  readonly problems: readonly StemError[];

  constructor(problems: readonly StemError[]) {
    const [first] = problems;
    const count = problems.length === 1 ? "1 thing is" : `${problems.length} things are`;
    super(
      "STEM_BOOT",
      `The app cannot start: ${count} wrong with how it uses Stem.\n${problems.map(({ message }, n) => `${n + 1}. ${message}`).join("\n")}`,
      problems.length === 1 && first !== undefined ? first.hint : "Correct them; nothing was opened or started.",
    );
    this.problems = problems;
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
