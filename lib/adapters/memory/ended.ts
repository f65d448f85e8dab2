import type { Ended } from "../../contract/index.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** The ends of the verb under way, for its caller. Called at the end of the verb. */
export function takeEnded(store: Store): readonly Ended[] {
  if (store.ended.length === 0) return NONE;
  const ended = store.ended.map(endedOf);
  store.ended = [];
  return ended;
}

const NONE: readonly Ended[] = [];

function endedOf(row: Row): Ended {
  const { id, task, queue, payload, headers, attempts, cause } = row;
  const state = row.state as Ended["state"];
  return {
    id,
    task,
    queue: queue.name,
    state,
    ...(cause !== undefined && { cause }),
    error: row.error ?? { name: "Error", message: `Job ${id} ${state}.` },
    attempts,
    payload,
    ...(headers !== undefined && { headers }),
  };
}
