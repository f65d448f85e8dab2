import { isFinal, type Rewrite } from "../../contract/index.js";
import { append } from "./entries.js";
import { holdsKey, isKeyFree, retake } from "./keys.js";
import { enterLine, leaveLine } from "./line.js";
import { reopen, revive } from "./links.js";
import { stopWaiting } from "./park.js";
import { find, type Found } from "./rows.js";
import type { Store } from "./store.js";

/**
 * Writes the end of a run's journal anew and makes the run ready, inside the caller's transaction.
 * False: it is not in a state for that.
 */
export function rewrite(store: Store, runId: string, { keepTo, entries = [] }: Rewrite, now: number): boolean {
  const job = find(store, runId, now);
  if (job === undefined || !isOpenTo(job)) return false;
  const { seq, was, lane } = job;
  if (isFinal(was) && !isKeyFree(store, job, now)) return false;
  const takesKey = isFinal(was) || holdsKey(store, job, now);
  if (was === "ready") leaveLine(store, job);
  else if (was === "parked") stopWaiting(store, seq);
  else reopen(store, seq);
  store
    .sql("UPDATE jobs SET attempts = 0, lapses = 0, fence = fence + 1, wake = NULL, expires_at = NULL, due_at = ? WHERE seq = ?")
    .run(now, seq);
  store.sql("DELETE FROM journal WHERE job = ? AND seq > ?").run(seq, keepTo);
  if (entries.length > 0) append(store, job, entries, now);
  enterLine(store, seq, lane, now);
  if (takesKey) retake(store, job);
  if (isFinal(was)) revive(store, [seq]);
  return true;
}

/** Whether no worker has it, it has not succeeded, and all that it waited for has come. */
function isOpenTo({ was, open, failed, cause }: Found): boolean {
  return was !== "active" && was !== "succeeded" && open === 0 && failed === 0 && cause !== "input";
}
