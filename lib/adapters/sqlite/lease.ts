import type { Lease } from "../../contract/index.js";
import type { Loan, Store } from "./store.js";

/**
 * Ends the loan of a good lease and returns it; undefined if the lease has gone. What is remembered is tried
 * first, then the store is asked.
 */
export function release(store: Store, lease: Lease): Loan | undefined {
  const end = store.sql("DELETE FROM active WHERE seq = ? AND fence = ? AND links = ?");
  const remembered = store.loans.recall(lease);
  if (remembered !== undefined) {
    store.loans.delete(lease.jobId);
    if (end.run(remembered.seq, remembered.fence, remembered.links).changes === 1) return remembered;
  }
  const loan = loanOf(store, lease);
  if (loan === undefined) return undefined;
  end.run(loan.seq, loan.fence, loan.links);
  return loan;
}

/** The loan of a lease as the store has it; undefined if the lease has gone. */
export function loanOf(store: Store, { jobId, fence, job }: Lease): Loan | undefined {
  const row = store
    .rows(
      `SELECT a.seq, a.fence, j.attempts + 1, a.started_at, a.links, j.lane, j.keep_result, j.keep_failed
       FROM jobs j JOIN active a ON a.seq = j.seq WHERE j.id = ? AND j.seq = ? AND a.fence = ?`,
    )
    .get(jobId, job, fence) as [number, number, number, number, number, number, number | null, number | null] | undefined;
  if (row === undefined) return undefined;
  const [seq, , attempt, startedAt, links, lane, keepResult, keepFailed] = row;
  return { seq, fence, attempt, startedAt, links, lane, keepResult, keepFailed };
}

/** Number of the job that is on loan under this lease. */
export function holds(store: Store, lease: Lease): number | undefined {
  const { jobId, fence, job } = lease;
  const known = store.loans.recall(lease) !== undefined;
  const found = known
    ? store.value("SELECT seq FROM active WHERE seq = ? AND fence = ?").get(job, fence)
    : store
        .value("SELECT j.seq FROM jobs j JOIN active a ON a.seq = j.seq WHERE j.id = ? AND j.seq = ? AND a.fence = ?")
        .get(jobId, job, fence);
  return found as number | undefined;
}
