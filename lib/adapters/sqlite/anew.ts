import type { NewLife } from "../../contract/index.js";
import { JOURNALED, NOTED } from "../relational/codes.js";
import { enterLine } from "./line.js";
import { forgetNotes } from "./notes.js";
import type { Loan, Store } from "./store.js";

/** Has a job, whose loan has come back, begin anew. */
export function beginAnew(store: Store, { seq, fence, lane }: Loan, { payload, headers }: NewLife, now: number): void {
  store
    .sql(
      `UPDATE jobs SET payload = ?, headers = ?, fence = ?, due_at = ?, attempts = 0, lapses = 0, links = links & ~${JOURNALED | NOTED},
         started_at = NULL, expires_at = NULL, error = NULL, wake = NULL WHERE seq = ?`,
    )
    .run(payload, headers === undefined ? null : JSON.stringify(headers), fence + 1, now, seq);
  store.sql("DELETE FROM journal WHERE job = ?").run(seq);
  forgetNotes(store, seq);
  enterLine(store, seq, lane, now);
}
