import { JOURNALED, NOTED } from "../relational/codes.js";
import { bigs, ints, texts } from "./connect/values.js";
import type { Given } from "./lease.js";
import { enterLine } from "./line.js";
import type { Tx } from "./store.js";

/** Has the jobs that begin anew do so; their loans have come back. */
export async function beginAnew(tx: Tx, given: readonly Given[]): Promise<void> {
  const lives = given.flatMap(({ settlement, loan }) => (settlement.as === "anew" ? [{ settlement, loan }] : []));
  if (lives.length === 0) return;
  const seqs = bigs(lives.map(({ loan }) => loan.seq));
  await tx.rows(
    `UPDATE stem.jobs j SET payload = u.payload, headers = u.headers, fence = u.fence, due_at = $1::bigint, attempts = 0, lapses = 0,
       links = j.links & ~${JOURNALED | NOTED}, started_at = NULL, expires_at = NULL, error = NULL, wake = NULL
     FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[]) u(seq, fence, payload, headers) WHERE j.seq = u.seq`,
    [
      tx.now,
      seqs,
      ints(lives.map(({ loan }) => loan.fence + 1)),
      texts(lives.map(({ settlement }) => settlement.payload)),
      texts(lives.map(({ settlement: { headers } }) => (headers === undefined ? null : JSON.stringify(headers)))),
    ],
  );
  await tx.rows(
    `WITH n AS (DELETE FROM stem.notes WHERE job = ANY($1::bigint[])), l AS (DELETE FROM stem.logs WHERE job = ANY($1::bigint[]))
     DELETE FROM stem.journal WHERE job = ANY($1::bigint[])`,
    [seqs],
  );
  await enterLine(
    tx,
    lives.map(({ loan }) => ({ seq: loan.seq, lane: loan.lane, dueAt: tx.now })),
  );
}
