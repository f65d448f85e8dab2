import type { Appended, At, Entry, Journal, JournalWrite, Lease, NewEntry } from "../../contract/index.js";
import { JOURNALED } from "./rows.js";
import { type Loan, type Store } from "./store.js";

/** Adds entries to a run's journal inside the caller's transaction; the caller has checked the lease. */
export function appendEntries(store: Store, { seq: job }: Pick<Loan, "seq">, entries: readonly NewEntry[], now: number): void {
  const insert = store.sql(
    "INSERT INTO journal (job, seq, key, kind, state, at, value) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const { seq, key, kind, state, value } of entries) insert.run(job, seq, key, kind, state, now, value ?? null);
  // A run that gets on is no poison: its lapses are forgotten.
  store.sql(`UPDATE jobs SET links = links | ${JOURNALED}, lapses = 0 WHERE seq = ? AND (links & ${JOURNALED} = 0 OR lapses > 0)`).run(job);
}

/** The workflow store. */
export function journal(store: Store): Journal {
  return {
    async read(runIds: readonly string[]): Promise<readonly (readonly Entry[])[]> {
      const entries = (id: string): readonly Entry[] => {
        const rows = store
          .rows(
            `SELECT e.seq, e.key, e.kind, e.state, e.at, e.value FROM jobs j CROSS JOIN journal e ON e.job = j.seq WHERE j.id = ? ORDER BY e.seq`,
          )
          .all(id) as [number, string, string, Entry["state"], number, string | null][];
        return Array.from(rows, ([seq, key, kind, state, at, value]) => ({ seq, key, kind, state, ...(value !== null && { value }), at }));
      };
      return store.read(() => runIds.map(entries));
    },

    async append(writes: readonly JournalWrite[], options?: At): Promise<Appended> {
      const now = store.clock(options);
      return store.write(() => {
        const lost: string[] = [];
        for (const { lease, entries } of writes) {
          const seq = holds(store, lease);
          if (seq === undefined) lost.push(lease.jobId);
          else if (entries.length > 0) appendEntries(store, { seq }, entries, now);
        }
        return { lost };
      });
    },
  };
}

/** Number of the job that is on loan under this lease. */
export function holds(store: Store, lease: Lease): number | undefined {
  const { jobId, fence, job } = lease;
  const known = store.recall(lease) !== undefined;
  const found = known
    ? store.value("SELECT seq FROM active WHERE seq = ? AND fence = ?").get(job, fence)
    : store
        .value("SELECT j.seq FROM jobs j JOIN active a ON a.seq = j.seq WHERE j.id = ? AND j.seq = ? AND a.fence = ?")
        .get(jobId, job, fence);
  return found as number | undefined;
}
