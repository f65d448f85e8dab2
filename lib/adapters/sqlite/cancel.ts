import { cancelled, isFinal, type Answer } from "../../contract/index.js";
import { find, leaveLine } from "./find.js";
import { endBadly, followLinks, type Loose } from "./links.js";
import type { Store } from "./store.js";

/**
 * Ends unfinished jobs inside the caller's transaction, and then the jobs that wait for them.
 *
 * @param later takes those whose links the caller will follow itself
 */
export function cancelAll(store: Store, ids: readonly string[], reason: string, now: number, later?: Loose[]): readonly Answer[] {
  const loose = later ?? [];
  const answers = ids.map((id) => cancelOne(store, id, reason, now, loose));
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  if (later === undefined) followLinks(store, loose, now);
  return answers;
}

function cancelOne(store: Store, id: string, reason: string, now: number, loose: Loose[]): Answer {
  const job = find(store, id, now);
  if (job === undefined) return { id, as: "unknown" };
  const { seq, was } = job;
  if (isFinal(was)) return { id, as: "ended", was };
  if (was === "ready") leaveLine(store, job);
  else if (was === "active") store.sql("DELETE FROM active WHERE seq = ?").run(seq);
  else if (was === "parked") {
    store.sql("DELETE FROM parked WHERE seq = ?").run(seq);
    store.sql("DELETE FROM waits WHERE seq = ?").run(seq);
  }
  endBadly(store, { ...job, id, state: "cancelled", cause: null, error: cancelled(reason) }, now, loose);
  return { id, as: "changed", was };
}
