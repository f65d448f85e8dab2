import { cancelled, isFinal } from "../../contract/index.js";
import type { Answer } from "../../contract/index.js";
import { stopWaiting } from "./events.js";
import { close, spreadAll } from "./links.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Ends unfinished jobs, in any state, and with them the jobs that wait for them. Answers in the order asked. */
export function cancelAll(store: Store, ids: readonly string[], reason: string, now: number): Answer[] {
  const loose: Row[] = [];
  const answers = ids.map((id) => cancelOne(store, id, reason, loose, now));
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  spreadAll(store, loose, now);
  return answers;
}

/** Ends one job if it is unfinished; its links are left to the caller, in `loose`. */
export function cancelOne(store: Store, id: string, reason: string, loose: Row[], now: number): Answer {
  const row = store.find(id, now);
  if (row === undefined) return { id, as: "unknown" };
  const was = row.state;
  if (isFinal(was)) return { id, as: "ended", was };
  stopWaiting(store, row);
  close(store, row, { state: "cancelled", error: cancelled(reason) }, now);
  loose.push(row);
  return { id, as: "changed", was };
}
