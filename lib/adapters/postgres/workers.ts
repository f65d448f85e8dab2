import { leaseText, limitOf, numberFrom, pageOf } from "../../contract/index.js";
import type { At, Lease, Order, Page, PageFilter, Renewal, Renewed, WorkerRecord, Workers } from "../../contract/index.js";
import { workerOf, type WorkerColumns } from "../relational/records.js";
import { statementOf } from "./connect/statements.js";
import { ints, texts } from "./connect/values.js";
import { releaseHeld } from "./lease.js";
import { enterLine } from "./line.js";
import { CLOCK, type Store } from "./store.js";

const HOUR_MS = 3_600_000;

const RENEW = statementOf("renew");
const RENEW_HEARD = statementOf("renew", "heard");

/** Who is alive. */
export function workers(store: Store): Workers {
  return {
    async renew({ id, leaseMs, info, heard = 0 }: Renewal, held: readonly Lease[], options?: At): Promise<Renewed> {
      const values = [options?.now ?? null, id, leaseMs, JSON.stringify(info)];
      const rows = await (heard > 0 ? store.rows(RENEW_HEARD, [...values, heard]) : store.rows(RENEW, values));
      const [now, no, orders] = rows[0]! as [number, number, string | null];
      return { lost: held.length === 0 ? [] : await lostOf(store, held, no), orders: ordersOf(orders), now };
    },

    async leave(id: string, options?: At): Promise<void> {
      await store.transact(options, async (tx) => {
        // Held for update, which blocks its own claims.
        const [row] = await tx.rows("SELECT no FROM stem.workers WHERE id = $1::text FOR UPDATE", [id]);
        if (row === undefined) return;
        const held = await releaseHeld(tx, ints([row[0] as number]), 0);
        for (const [, job] of held) store.loans.delete(job as string);
        await enterLine(
          tx,
          held.map((job) => ({ seq: job[0] as number, lane: job[6] as number, dueAt: job[10] as number })),
        );
        await tx.rows("WITH o AS (DELETE FROM stem.orders WHERE worker = $1::int) DELETE FROM stem.workers WHERE no = $1::int", [
          row[0] as number,
        ]);
      });
    },

    async list(filter?: PageFilter, options?: At): Promise<Page<WorkerRecord>> {
      const limit = limitOf(filter);
      const rows = (await store.rows(
        `SELECT no, id, info, started_at, seen_at, lease_until, (SELECT count(*) FROM stem.active a WHERE a.worker = w.no)
         FROM stem.workers w WHERE lease_until > ${CLOCK} - ${HOUR_MS} AND no > $2::bigint ORDER BY no LIMIT $3::int`,
        [options?.now ?? null, numberFrom(filter), limit + 1],
      )) as WorkerColumns[];
      const { items, next } = pageOf(rows, limit, ([no]) => String(no));
      return { items: items.map(workerOf), ...(next !== undefined && { next }) };
    },

    async order(ids: readonly string[] | "all", text: string, options?: At): Promise<number> {
      return store.transact(options, async (tx) => {
        await tx.rows("SELECT pg_advisory_xact_lock(hashtextextended('stem.orders', 1))::text");
        const which = ids === "all" ? "" : "AND id = ANY($2::text[])";
        // One that is about to leave is as good as gone. Held, it does not leave before its order is there.
        const live = await tx.rows(
          `SELECT no FROM stem.workers WHERE lease_until > $1::bigint ${which} FOR KEY SHARE SKIP LOCKED`,
          ids === "all" ? [tx.now] : [tx.now, texts(ids)],
        );
        if (live.length > 0)
          await tx.rows(
            "INSERT INTO stem.orders (worker, no, text) SELECT w.no, o.no, $2::text FROM nextval('stem.order_no') o(no), unnest($1::int[]) w(no)",
            [ints(live.map(([no]) => no as number)), text],
          );
        return live.length;
      });
    },
  };
}

function ordersOf(text: string | null): readonly Order[] {
  return text === null ? [] : (JSON.parse(text) as [number, string][]).map(([no, order]) => ({ no, text: order }));
}

/**
 * Those of these leases that are not this worker's.
 * A separate look: a transaction that took them away has committed before the renewal could pass.
 */
async function lostOf(store: Store, held: readonly Lease[], worker: number): Promise<string[]> {
  const rows = await store.rows(
    `SELECT j.seq, j.id, j.fence + 1 FROM stem.active a JOIN stem.jobs j ON j.seq = a.seq WHERE a.worker = $1::int AND j.id = ANY($2::text[])`,
    [worker, texts(held.map(({ jobId }) => jobId))],
  );
  const good = new Set((rows as [number, string, number][]).map(([job, jobId, fence]) => leaseText({ jobId, fence, job })));
  return held.filter((lease) => !good.has(leaseText(lease))).map(({ jobId }) => jobId);
}
