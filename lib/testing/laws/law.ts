import type { LawBench } from "./bench.js";

/**
 * One promise that every adapter keeps.
 * It needs no test runner: `check` rejects (mostly with an `AssertionError`) when the promise is broken. A
 * law passes its own time as `{ now }` to every verb, never sleeps, and expects no order that the contract
 * does not promise.
 */
export interface Law {
  /** The promise, as a sentence. */
  readonly title: string;
  check(bench: LawBench): Promise<void>;
}

/** How one law went. `error` is absent when the adapter kept it. */
export interface LawOutcome {
  readonly title: string;
  readonly error?: unknown;
}
