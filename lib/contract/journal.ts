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
}

/** What to read of one run's journal. */
export interface JournalRead {
  readonly id: string;
  /** Only entries with a number above this. Default 0: all. */
  readonly after?: number;
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
