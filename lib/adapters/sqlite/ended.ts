import { ENDED_PAYLOAD, type Ended } from "../../contract/index.js";
import type { Store } from "./store.js";

/** The ends of the transaction under way, for its caller. Called at the end of the transaction. */
export function takeEnded(store: Store): readonly Ended[] {
  if (store.ended.length === 0) return NONE;
  const ended = store.ended;
  store.ended = [];
  const job = store.rows(
    "SELECT task, lane, iif(length(payload) <= ?, payload, NULL), iif(length(payload) <= ?, headers, NULL) FROM jobs WHERE seq = ?",
  );
  return Array.from(ended, ({ seq, id, state, cause, error, attempts }): Ended => {
    const [task, lane, payload, headers] = job.get(ENDED_PAYLOAD, ENDED_PAYLOAD, seq) as [string, number, string | null, string | null];
    return {
      id,
      task,
      queue: store.queueOf(lane),
      state,
      ...(cause !== null && { cause }),
      error,
      attempts,
      ...(payload !== null && { payload }),
      ...(headers !== null && { headers: JSON.parse(headers) as Record<string, string> }),
    };
  });
}

const NONE: readonly Ended[] = [];
