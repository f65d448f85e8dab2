import type { NewLife } from "../../contract/index.js";
import { release } from "./lease.js";
import { enterLine } from "./line.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Has a job, which is on loan, begin anew. */
export function beginAnew(store: Store, row: Row, { payload, headers }: NewLife, now: number): void {
  release(row);
  row.payload = payload;
  row.headers = headers && Object.freeze({ ...headers });
  row.journal = row.note = row.error = row.wake = row.startedAt = undefined;
  row.attempts = row.lapses = 0;
  row.fence++;
  row.dueAt = now;
  enterLine(store, row, now);
}
