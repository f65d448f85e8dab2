import type { Ended } from "../../contract/index.js";
import type { Row } from "./rows.js";

/** The answer about a job that has just ended. */
export function endedOf(row: Row, state: Ended["state"]): Ended {
  const { id, task, queue, payload, headers, attempts, cause } = row;
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
