import { byReason, type Along } from "../../contract/index.js";
import { cancel } from "./change.js";
import { enqueue } from "./enqueue.js";
import { emit } from "./events.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/**
 * Carries out what travels along, but for the journal, with a lease that was good. The links of what it ends
 * are left to the caller.
 *
 * @param loose takes the jobs whose links are to be followed
 */
export function carryOut(store: Store, { enqueue: jobs, emit: events, cancel: cancels }: Along, loose: Row[], now: number): void {
  if (jobs !== undefined) enqueue(store, jobs, now);
  if (events !== undefined) emit(store, events, now);
  if (cancels === undefined) return;
  for (const [reason, ids] of byReason(cancels))
    for (const { id, as, was } of cancel(store, ids, reason, now, loose))
      if (as === "changed" && was === "active") store.pending.stopped(id);
}
