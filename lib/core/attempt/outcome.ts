import type { EventWait, Failure, NewJob } from "../../contract/job.js";
import type { NewEntry } from "../../contract/journal.js";

/** Why a running attempt was aborted; `AttemptAbortedError.reason` on `ctx.signal.reason`. */
export type AbortedBy = "cancelled" | "lost" | "shutdown" | "timeout";

/**
 * How an attempt ended, before `decide` turns it into a settlement.
 * For every kind, `journal` travels with the settlement, so that the last entries of a pass and its ending
 * are one step in the store.
 */
export type Outcome =
  /**
   * `result` is encoded; undefined: the handler returned nothing. `enqueue`: jobs to store in the same step.
   */
  | {
      readonly kind: "returned";
      readonly result: string | undefined;
      readonly journal?: readonly NewEntry[];
      readonly enqueue?: readonly NewJob[];
    }
  /**
   * `retryable: false` ends the job even if attempts are left; `why` is the reason, for people.
   * `cause` becomes that of the dead letter.
   */
  | {
      readonly kind: "threw";
      readonly error: unknown;
      readonly retryable: boolean;
      readonly why?: string;
      readonly cause: "error" | "rejected";
      readonly journal?: readonly NewEntry[];
    }
  /**
   * Again later, attempt given back: after `delayMs`, or at `dueAt`; without either at once. `delayMs` wins.
   */
  | { readonly kind: "snoozed"; readonly delayMs?: number; readonly dueAt?: number; readonly journal?: readonly NewEntry[] }
  /** Waits for the first of these events, until `deadline` (absolute) if given. */
  | {
      readonly kind: "parked";
      readonly waits: readonly EventWait[];
      readonly deadline?: number;
      readonly journal?: readonly NewEntry[];
    }
  /**
   * Nothing was done: this worker's code cannot run it, another's might.
   * `verdict` is how it ends if no worker can; `error` and `advice` say why, for people. `alone`: whether the
   * verdict stands at once where no worker with other code is alive that may be able, or only after the time
   * of a deploy. `patienceMs`: not to be tried again sooner.
   */
  | {
      readonly kind: "refused";
      readonly verdict: Verdict;
      readonly error: unknown;
      readonly advice: string;
      readonly alone: "wait" | "judge";
      readonly patienceMs?: number;
      readonly journal?: undefined;
    }
  /** Given back unstarted, attempt and all, for another worker. */
  | { readonly kind: "handedBack"; readonly error: Failure; readonly dueAt: number; readonly journal?: undefined }
  /**
   * Stopped from outside.
   * `cancelled` and `lost`: nothing is written; `shutdown`: attempt given back; `timeout`: a failed attempt.
   */
  | { readonly kind: "aborted"; readonly reason: AbortedBy; readonly journal?: readonly NewEntry[] };

/** How a job ends that no worker could run. */
export type Verdict = Extract<Outcome, { readonly kind: "threw" }>;
