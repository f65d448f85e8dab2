import { byReason, type Along } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { cancel } from "./change.js";
import { enqueue } from "./enqueue.js";
import { emit } from "./events.js";
import type { Store } from "./store.js";

/**
 * Carries out what travels along, but for the journal, inside the caller's transaction and with a lease that
 * was good. The links of what it ends are left to the caller, in `loose`.
 */
export function carryOut(store: Store, { enqueue: jobs, emit: events, cancel: cancels }: Along, loose: Loose[], now: number): void {
  if (jobs !== undefined && jobs.length > 0) enqueue(store, jobs, now);
  if (events !== undefined && events.length > 0) emit(store, events, now);
  if (cancels === undefined) return;
  for (const [reason, ids] of byReason(cancels))
    for (const { id, as, was } of cancel(store, ids, reason, now, loose)) if (as === "changed" && was === "active") store.hintStopped(id);
}
