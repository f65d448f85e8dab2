import type { EventWait, Failure } from "../../contract/job.js";
import type { NewEntry } from "../../contract/journal.js";

/**
 * The entries of a run's journal.
 * The texts in `value` are JSON of Stem, except of a finished step, whose `value` is its result as the codec
 * encoded it.
 *
 * | kind | `open` | `done` | `failed` |
 * |---|---|---|---|
 * | `step` | a try failed, another follows (`Tried`) | its result, absent for nothing | `Failed` |
 * | `sleep` | until when, in ms since the epoch | it is over | |
 * | `wait` | `Waiting` | `Waited` | |
 * | `now` | | ms since the epoch | |
 * | `park` | the deadline of a park; a mark of the run's own | | |
 */
export type EntryKind = "step" | "sleep" | "wait" | "now" | "park";

/** An entry before it has its place. */
export type Draft = Omit<NewEntry, "seq"> & { readonly kind: EntryKind };

/** A step that is to be tried again. */
export interface Tried {
  /** The try that failed; 0 after the run as a whole failed, when the count starts anew. */
  readonly attempt: number;
  readonly error: Failure;
  /** Store time of the next try. */
  readonly dueAt: number;
}

/** The end of a step whose error the body has handled. */
export interface Failed {
  readonly error: Failure;
  readonly attempts: number;
  /** The body got it after the entry of this number and before the next: replays keep that order. */
  readonly after: number;
}

export interface Waiting {
  readonly name: string;
  readonly key: string;
  /** Store time. Absent: for ever. */
  readonly deadline?: number;
}

export type Waited =
  | { readonly name: string; readonly key: string; readonly seq: number; readonly payload?: string }
  /** None came in time; or it lost a race and was withdrawn, so that the body gets nothing. */
  | { readonly late: true; readonly withdrawn?: true };

/** An event that came for a wait. */
export type Heard = Extract<Waited, { readonly seq: number }>;

/** `value` of a sleep that lost a race. */
export const WITHDRAWN = "withdrawn";

/** The body's name for an entry and how often it has used it: `charge`, `charge#2`. */
export function keyOf(name: string, occurrence: number): string {
  return occurrence === 1 ? name : `${name}#${occurrence}`;
}

/** A key for the events that a wait is for. */
export function topicOf({ name, key }: Pick<EventWait, "name" | "key">): string {
  return `${name.length}:${name}${key}`;
}
