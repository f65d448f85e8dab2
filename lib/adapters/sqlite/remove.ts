import { isFinal, type Removed } from "../../contract/index.js";
import { cancelAll } from "./cancel.js";
import { forget, present } from "./results.js";
import { FROM, STANDS, STATES } from "./rows.js";
import type { Store } from "./store.js";

/** Forgets jobs that have ended or wait, inside the caller's transaction. Answers in the order asked. */
export function removeAll(store: Store, ids: readonly string[], now: number): readonly Removed[] {
  const answers = new Map<string, Removed>();
  // Dependants were mostly stored after what they wait for: from the last to the first, and again while that
  // makes others free.
  let left = [...new Set(ids)].toReversed();
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    left = left.filter((id) => {
      const answer = removeOne(store, id, now);
      answers.set(id, answer);
      return answer.as === "needed";
    });
  }
  return ids.map((id) => answers.get(id)!);
}

function removeOne(store: Store, id: string, now: number): Removed {
  const row = store
    .rows(
      `SELECT j.seq, ${STANDS}, EXISTS (SELECT 1 FROM links l JOIN jobs t ON t.seq = l.to_seq LEFT JOIN ended x ON x.seq = l.to_seq WHERE l.from_seq = j.seq AND x.seq IS NULL)
       ${FROM} WHERE j.id = ? AND ${present("e")}`,
    )
    .get({ now }, id) as [seq: number, stands: number, isNeeded: number] | undefined;
  if (row === undefined) return { id, as: "unknown" };
  const [seq, stands, isNeeded] = row;
  const was = STATES[stands]!;
  if (was === "active") return { id, as: "running", was };
  if (isNeeded === 1) return { id, as: "needed", was };
  if (!isFinal(was)) cancelAll(store, [id], "removed", now);
  forget(store, [seq]);
  return { id, as: "removed", was };
}
