import type { Appended, At, Entry, Journal, JournalWrite, NewEntry } from "../../contract/index.js";
import { JOURNALED } from "./rows.js";
import { type Loan, type Store } from "./store.js";

/** Adds entries to a run's journal inside the caller's transaction; the caller has checked the lease. */
export function appendEntries(store: Store, { seq: job }: Pick<Loan, "seq">, entries: readonly NewEntry[], now: number): void {
  const insert = store.sql(
    "INSERT INTO journal (job, seq, key, kind, state, at, value) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const { seq, key, kind, state, value } of entries) insert.run(job, seq, key, kind, state, now, value ?? null);
  store.sql("UPDATE jobs SET links = links | ? WHERE seq = ? AND links & ? = 0").run(JOURNALED, job, JOURNALED);
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
          const seq = holds(store, lease.jobId, lease.fence);
          if (seq === undefined) lost.push(lease.jobId);
          else if (entries.length > 0) appendEntries(store, { seq }, entries, now);
        }
        return { lost };
      });
    },
  };
}

/** Number of a job that is on loan under this fence. */
export function holds(store: Store, id: string, fence: number): number | undefined {
  const seq = store.recall({ jobId: id, fence })?.seq;
  if (seq !== undefined && store.value("SELECT 1 FROM active WHERE seq = ? AND fence = ?").get(seq, fence) !== undefined) return seq;
  return store.value("SELECT j.seq FROM jobs j JOIN active a ON a.seq = j.seq WHERE j.id = ? AND a.fence = ?").get(id, fence) as
    number | undefined;
}
