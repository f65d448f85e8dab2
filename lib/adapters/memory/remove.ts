import { cancelled, isFinal } from "../../contract/index.js";
import type { Removed } from "../../contract/index.js";
import { stopWaiting } from "./events.js";
import { finish } from "./links.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Forgets jobs that have ended or wait. Answers in the order asked. */
export function remove(store: Store, ids: readonly string[], now: number): Removed[] {
  const answers = new Map<string, Removed>();
  // Dependants were stored after what they wait for, or beside it: from the last to the first, and again
  // while that makes others free.
  let left = [...new Set(ids)].map((id) => ({ id, row: store.find(id, now) })).sort((a, b) => (b.row?.order ?? 0) - (a.row?.order ?? 0));
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    left = left.filter(({ id, row }) => {
      const answer = removeOne(store, id, row, now);
      answers.set(id, answer);
      return answer.as === "needed";
    });
  }
  return ids.map((id) => answers.get(id)!);
}

function removeOne(store: Store, id: string, row: Row | undefined, now: number): Removed {
  if (row === undefined) return { id, as: "unknown" };
  const was = row.state;
  if (was === "active") return { id, as: "running", was };
  if (row.outs?.some(({ to }) => to.stored && !isFinal(to.state))) return { id, as: "needed", was };
  if (!isFinal(was)) {
    stopWaiting(store, row);
    finish(store, row, { state: "cancelled", error: cancelled("removed") }, now);
  }
  store.forget(row);
  return { id, as: "removed", was };
}
