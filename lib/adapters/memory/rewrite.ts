import { isFinal } from "../../contract/index.js";
import type { Rewrite } from "../../contract/index.js";
import { append } from "./entries.js";
import { holdsKey, isKeyFree, retake } from "./keys.js";
import { enterLine } from "./line.js";
import { reopen, revive } from "./links.js";
import { stopWaiting } from "./park.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Writes the end of a run's journal anew and makes the run ready; false: it is not in a state for that. */
export function rewrite(store: Store, runId: string, { keepTo, entries = [] }: Rewrite, now: number): boolean {
  const row = store.find(runId, now);
  if (row === undefined || !isOpenTo(row)) return false;
  const had = isFinal(row.state);
  if (had && !isKeyFree(store, row, now)) return false;
  const takesKey = had || holdsKey(store, row, now);
  if (had) reopen(store, row);
  else store.unfile(row);
  stopWaiting(store, row);
  row.attempts = row.lapses = 0;
  row.fence++;
  row.wake = row.expiresAt = undefined;
  row.journal = row.journal?.filter(({ seq }) => seq <= keepTo);
  append(row, entries, now);
  row.dueAt = now;
  enterLine(store, row, now);
  if (takesKey) retake(store, row, now);
  if (had) revive(store, row);
  return true;
}

/** Whether no worker has it, it has not succeeded, and all that it waited for has come. */
function isOpenTo({ state, openLinks, failedLinks }: Row): boolean {
  return state !== "active" && state !== "succeeded" && openLinks === 0 && failedLinks === 0;
}
