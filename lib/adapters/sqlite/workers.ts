import { limitOf, numberFrom, pageOf } from "../../contract/index.js";
import type { At, Lease, Order, Page, PageFilter, Renewal, Renewed, WorkerRecord, Workers } from "../../contract/index.js";
import { workerOf, type WorkerColumns } from "../relational/records.js";
import { holds } from "./lease.js";
import { enterLine } from "./line.js";
import type { Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** Orders of one renewal, at most. */
const ORDERS = 100;

/** Number of the worker that has the job on loan under this lease. */
function heldBy(store: Store, lease: Lease): number | undefined {
  const seq = holds(store, lease);
  return seq === undefined ? undefined : (store.value("SELECT worker FROM active WHERE seq = ?").get(seq) as number | undefined);
}

/** The live workers. */
export function workers(store: Store): Workers {
  return {
    async renew({ id, leaseMs, info, heard = 0 }: Renewal, held: readonly Lease[], options?: At): Promise<Renewed> {
      const now = store.clock(options);
      return store.write(() => {
        const no = store
          .value(
            `INSERT INTO workers (id, lease_until, started_at, seen_at, info) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, seen_at = excluded.seen_at, info = excluded.info, emptied = 0
             RETURNING no`,
          )
          .get(id, now + leaseMs, now, now, JSON.stringify(info)) as number;
        if (heard > 0) store.sql("DELETE FROM stem_orders WHERE worker = ? AND no <= ?").run(no, heard);
        const orders = store.rows(`SELECT no, text FROM stem_orders WHERE worker = ? ORDER BY no LIMIT ${ORDERS}`).all(no) as [
          number,
          string,
        ][];
        const lost = held.filter((lease) => heldBy(store, lease) !== no).map(({ jobId }) => jobId);
        return { lost, orders: Array.from(orders, ([number, text]): Order => ({ no: number, text })), now };
      });
    },

    async leave(id: string): Promise<void> {
      store.write(() => {
        // Its orders go with it, by a trigger.
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

    async list(filter?: PageFilter, options?: At): Promise<Page<WorkerRecord>> {
      const [after, limit] = [numberFrom(filter), limitOf(filter)];
      const since = store.clock(options) - HOUR_MS;
      return store.read(() => {
        const rows = store
          .rows(
            `SELECT no, id, info, started_at, seen_at, lease_until, (SELECT count(*) FROM active WHERE worker = workers.no)
             FROM workers WHERE lease_until > ? AND no > ? ORDER BY no LIMIT ?`,
          )
          .all(since, after, limit + 1) as WorkerColumns[];
        const { items, next } = pageOf(rows, limit, ([no]) => String(no));
        return { items: Array.from(items, workerOf), ...(next !== undefined && { next }) };
      });
    },

    async order(ids: readonly string[] | "all", text: string, options?: At): Promise<number> {
      const now = store.clock(options);
      return store.write(() => {
        const which = ids === "all" ? "" : "AND id IN (SELECT value FROM json_each(?))";
        const values = ids === "all" ? [now] : [now, JSON.stringify(ids)];
        const live = store.value(`SELECT no FROM workers WHERE lease_until > ? ${which}`).all(...values) as number[];
        if (live.length === 0) return 0;
        const no = store.value("UPDATE meta SET value = value + 1 WHERE name = 'order_no' RETURNING value").get() as number;
        for (const worker of live) store.sql("INSERT INTO stem_orders (worker, no, text) VALUES (?, ?, ?)").run(worker, no, text);
        return live.length;
      });
    },
  };
}
