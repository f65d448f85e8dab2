import type { Lease } from "../../contract/index.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** The job that is on loan under this lease; undefined if the lease has gone. */
export function loanOf(store: Store, { jobId, fence, job }: Lease): Row | undefined {
  const row = store.rows.get(jobId);
  return row !== undefined && row.order === job && row.fence === fence && row.state === "active" ? row : undefined;
}

/** Takes an active job from its worker. */
export function release(row: Row, begun = true): void {
  row.worker?.held.delete(row);
  row.worker = undefined;
  if (begun) row.expiresAt = undefined;
}
