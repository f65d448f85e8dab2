import type { Along } from "./along.js";
import type { At } from "./at.js";
import type { Ended } from "./broker.js";
import type { Entry, NewEntry } from "./entry.js";
import type { Lease } from "./job.js";

/**
 * The steps that workflow runs have done, in order.
 * A run *is* a job, so it uses the job's lease: a worker that has lost the lease cannot add to the journal
 * either. Entries may also travel inside a settlement.
 */
export interface Journal {
  /** Entries per run, in the order asked and by `seq`; an empty list for a run with none. */
  read(reads: readonly JournalRead[], options?: At): Promise<readonly (readonly Entry[])[]>;
  /**
   * Adds entries of many runs in one step, and what travels along.
   * A write with a stale lease writes nothing and is reported. A `seq` that exists is left as it is. A run
   * that gets an entry makes progress, so its lapses are forgotten, here and where entries travel in a
   * settlement.
   */
  append(writes: readonly JournalWrite[], options?: At): Promise<Appended>;
  /**
   * Writes the end of a run's journal anew, and makes the run ready at once, in one step.
   * It is ready as by a change to `"ready"`: attempts and lapses begin at 0, and it does not expire any more.
   * What it waited for is forgotten, also what has woken it. A run that had ended without success is revived,
   * and with it what ended because of it. Its next lease is above all earlier ones.
   *
   * @returns false, and nothing is changed: the run is unknown, a worker has it, it has succeeded, not all of
   *   its inputs have come, or it had ended and another job holds its unique key
   */
  rewrite(runId: string, rewrite: Rewrite, options?: At): Promise<boolean>;
}

/** What to read of one run's journal. */
export interface JournalRead {
  readonly id: string;
  /** Only entries with a number above this. Default 0: all. */
  readonly after?: number;
}

/** What is to be in a journal from some number on. */
export interface Rewrite {
  /** Entries with a number above this are dropped; 0: all of them. */
  readonly keepTo: number;
  /** Entries to add. Their numbers go on from `keepTo`, without gaps. */
  readonly entries?: readonly NewEntry[];
}

/** What a run writes while it goes on. */
export type JournalWrite = { readonly lease: Lease } & Along;

export interface Appended {
  /** Runs whose lease had gone. */
  readonly lost: readonly string[];
  /** Jobs that the call has ended, by what travels along. */
  readonly ended?: readonly Ended[];
}

export type { Entry, NewEntry };
