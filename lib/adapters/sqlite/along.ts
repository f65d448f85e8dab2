import { byReason, type Along } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { cancelAll } from "./change.js";
import { insertJobs } from "./enqueue.js";
import { emitAll } from "./events.js";
import type { Store } from "./store.js";

/**
 * Carries out what travels along, but for the journal, inside the caller's transaction and with a lease that
 * was good. The links of what it ends are left to the caller, in `loose`.
 */
export function carryOut(store: Store, { enqueue, emit, cancel }: Along, loose: Loose[], now: number): void {
  if (enqueue !== undefined && enqueue.length > 0) insertJobs(store, enqueue, now);
  if (emit !== undefined && emit.length > 0) emitAll(store, emit, now);
  if (cancel === undefined) return;
  for (const [reason, ids] of byReason(cancel))
    for (const { id, as, was } of cancelAll(store, ids, reason, now, loose))
      if (as === "changed" && was === "active") store.hintStopped(id);
}
