import type { At } from "./at.js";
import type { Lease } from "./job.js";

/**
 * What workflow runs have done, in order. A run *is* a job, so it borrows the job's lease: whoever has lost
 * the lease cannot add to the journal either. Entries may also travel inside a settlement.
 */
export interface Journal {
  /** Entries per run in `seq` order; an empty list for a run with none. */
  read(runIds: readonly string[], options?: At): Promise<readonly (readonly Entry[])[]>;
  /**
   * Adds entries of many runs in one step. A write with a stale lease adds nothing and is reported. A `seq`
   * that exists is left as it is. A run that gets an entry has got on, so its lapses are forgotten, here and
   * where entries travel in a settlement.
   */
  append(writes: readonly JournalWrite[], options?: At): Promise<Appended>;
}

export interface JournalWrite {
  readonly lease: Lease;
  readonly entries: readonly NewEntry[];
}

export interface Appended {
  /** Runs whose lease had gone. */
  readonly lost: readonly string[];
}

/** One fact of a run. Several entries may share a key: the one with the highest `seq` is the present one. */
export interface NewEntry {
  /** Place in the run's journal, from 1, without gaps; chosen by the one worker that holds the run. */
  readonly seq: number;
  /** Name and occurrence: `"charge"`, then `"charge#2"`. */
  readonly key: string;
  /** What it is (`"step"`, `"sleep"`, `"wait"`, …); a replay that meets another kind under a key stops. */
  readonly kind: string;
  readonly state: "open" | "done" | "failed";
  /** Absent is a value of its own: a step that returned nothing is done. */
  readonly value?: string;
}

export interface Entry extends NewEntry {
  /** The store's clock when it was written. */
  readonly at: number;
}
