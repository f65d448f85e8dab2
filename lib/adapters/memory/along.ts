import type { Along } from "../../contract/index.js";
import { cancelOne } from "./change.js";
import { enqueue } from "./enqueue.js";
import { emitAll } from "./events.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/**
 * Carries out what travels along, but for the journal, with a lease that was good. The links of what it ends
 * are left to the caller.
 *
 * @param loose takes the jobs whose links are to be followed
 */
export function carryOut(store: Store, { enqueue: jobs, emit, cancel }: Along, loose: Row[], now: number): void {
  if (jobs !== undefined) enqueue(store, jobs, now);
  if (emit !== undefined) emitAll(store, emit, now);
  if (cancel === undefined) return;
  for (const { id, reason } of cancel) {
    const { as, was } = cancelOne(store, id, reason, loose, now);
    if (as === "changed" && was === "active") store.bell.stopped(id);
  }
}
