import { ENDED_PAYLOAD, type Ended } from "../../contract/index.js";
import { endedOf } from "../relational/records.js";
import type { Store } from "./store.js";

/** The ends of the transaction under way, for its caller. Called at the end of the transaction. */
export function takeEnded(store: Store): readonly Ended[] {
  if (store.ended.length === 0) return NONE;
  const ended = store.ended;
  store.ended = [];
  const job = store.rows(
    "SELECT task, lane, iif(length(payload) <= ?, payload, NULL), iif(length(payload) <= ?, headers, NULL) FROM jobs WHERE seq = ?",
  );
  return Array.from(ended, (end): Ended => {
    const [task, lane, payload, headers] = job.get(ENDED_PAYLOAD, ENDED_PAYLOAD, end.seq) as [string, number, string | null, string | null];
    return endedOf(end, [task, store.queueOf(lane), payload, headers]);
  });
}

const NONE: readonly Ended[] = [];
