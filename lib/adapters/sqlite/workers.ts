import type { At, Beat, Lease, WorkerBeat, WorkerRecord, Workers } from "../../contract/index.js";
import { holds } from "./journal.js";
import { enterLine } from "./links.js";
import { type Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** Number of the worker that has the job on loan under this lease. */
function heldBy(store: Store, lease: Lease): number | undefined {
  const seq = holds(store, lease);
  return seq === undefined ? undefined : (store.value("SELECT worker FROM active WHERE seq = ?").get(seq) as number | undefined);
}

/** Who is alive. */
export function workers(store: Store): Workers {
  return {
    async beat({ id, leaseMs, info }: WorkerBeat, held: readonly Lease[], options?: At): Promise<Beat> {
      const now = store.clock(options);
      return store.write(() => {
        const no = store
          .value(
            `INSERT INTO workers (id, lease_until, started_at, seen_at, info) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, seen_at = excluded.seen_at, info = excluded.info, emptied = 0
             RETURNING no`,
          )
          .get(id, now + leaseMs, now, now, JSON.stringify(info)) as number;
        const lost = held.filter((lease) => heldBy(store, lease) !== no).map(({ jobId }) => jobId);
        return { lost, now };
      });
    },

    async leave(id: string): Promise<void> {
      store.write(() => {
        const no = store.value("DELETE FROM workers WHERE id = ? RETURNING no").get(id) as number | undefined;
        if (no === undefined) return;
        const held = store
          .rows(
            `SELECT a.seq, a.fence, a.started_at, j.lane, coalesce(j.due_at, j.enqueued_at), j.id FROM active a JOIN jobs j ON j.seq = a.seq
             WHERE a.worker = ? ORDER BY a.seq`,
          )
          .all(no) as [number, number, number, number, number, string][];
        for (const [seq, fence, startedAt, lane, dueAt, job] of held) {
          store.sql("UPDATE jobs SET fence = ?, started_at = ? WHERE seq = ?").run(fence, startedAt, seq);
          enterLine(store, seq, lane, dueAt);
          store.loans.delete(job);
        }
        store.sql("DELETE FROM active WHERE worker = ?").run(no);
      });
    },

    async list(options?: At): Promise<readonly WorkerRecord[]> {
      const since = store.clock(options) - HOUR_MS;
      return store.read(() => {
        const rows = store
          .rows(
            `SELECT id, info, started_at, seen_at, lease_until, (SELECT count(*) FROM active WHERE worker = workers.no)
             FROM workers WHERE lease_until > ? ORDER BY no`,
          )
          .all(since) as [string, string, number, number, number, number][];
        return Array.from(rows, ([id, info, startedAt, seenAt, leaseUntil, active]) => ({
          id,
          info: JSON.parse(info) as Record<string, string>,
          startedAt,
          seenAt,
          leaseUntil,
          active,
        }));
      });
    },
  };
}
