import type { NewEntry } from "./entry.js";
import type { NewEvent } from "./events.js";
import type { NewJob } from "./job.js";
import { saysSomething, type Note } from "./note.js";

/**
 * What travels along with a settlement or with a write to a journal. It is written in one step with it, and
 * nothing of it is written when the lease has gone. Empty lists are as good as none.
 *
 * Order: the lease is checked · journal, note · the ending (of a settlement) · enqueue · emit · cancel · the
 * links of what has ended · the claim. So the ending `"anew"` also drops the entries and the note that came
 * with it, an event emitted along wakes the job that parks for it in the same settlement, a job enqueued
 * along can be cancelled along, and `next` may lend what was made ready. Of two settlements in one call, of
 * which one cancels the other's job, either may come first.
 *
 * Sent twice, it is written once: entries have numbers, jobs and events have ids. Only a line of a log that
 * is sent twice is there twice.
 */
export interface Along {
  /** Entries for the run's journal. */
  readonly journal?: readonly NewEntry[];
  /** How far the job is. */
  readonly note?: Note;
  /**
   * As `Broker.enqueue`, but an id that is stored already is skipped and not reported.
   * That also holds for an id of another task's job. Links lead to other jobs of the same list only.
   */
  readonly enqueue?: readonly NewJob[];
  /** As `Events.emit`: an id that is stored already is skipped. */
  readonly emit?: readonly NewEvent[];
  /**
   * As a change to `"cancelled"` (`Jobs.change`): jobs that have ended, or are unknown, stay so.
   * The job itself may be among them: it is cancelled if the ending has left it unfinished.
   */
  readonly cancel?: readonly NewCancel[];
}

/** One job to cancel. */
export interface NewCancel {
  readonly id: string;
  readonly reason: string;
}

/** Whether something travels along, other than entries. */
export function carries({ note, enqueue, emit, cancel }: Along): boolean {
  return (
    (note !== undefined && saysSomething(note)) ||
    (enqueue !== undefined && enqueue.length > 0) ||
    (emit !== undefined && emit.length > 0) ||
    (cancel !== undefined && cancel.length > 0)
  );
}

/** Ids by the reason they are cancelled for, in the order given. */
export function byReason(cancels: readonly NewCancel[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, reason } of cancels) {
    const ids = groups.get(reason);
    if (ids === undefined) groups.set(reason, [id]);
    else ids.push(id);
  }
  return groups;
}
