import { leaseText, type At, type Beat, type Lease, type WorkerBeat, type WorkerRecord, type Workers } from "../../contract/index.js";
import { ints, texts } from "./connect/values.js";
import { takeHeld } from "./lend/chores.js";
import { enterLine } from "./links.js";
import { CLOCK, type Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** Who is alive. */
export function workers(store: Store): Workers {
  return {
    async beat({ id, leaseMs, info }: WorkerBeat, held: readonly Lease[], options?: At): Promise<Beat> {
      const rows = await store.rows(
        `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now),
           seen AS (UPDATE stem.workers SET lease_until = clock.now + $3::bigint, seen_at = clock.now, info = $4::text, emptied = false FROM clock
             WHERE id = $2::text RETURNING no),
           made AS (INSERT INTO stem.workers (id, lease_until, started_at, seen_at, info)
             SELECT $2::text, clock.now + $3::bigint, clock.now, clock.now, $4::text FROM clock WHERE NOT EXISTS (SELECT FROM seen)
             ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, seen_at = excluded.seen_at, info = excluded.info, emptied = false RETURNING no)
         SELECT clock.now, coalesce((SELECT no FROM seen), (SELECT no FROM made)) FROM clock`,
        [options?.now ?? null, id, leaseMs, JSON.stringify(info)],
      );
      const [now, no] = rows[0]! as [number, number];
      return { lost: held.length === 0 ? [] : await lostOf(store, held, no), now };
    },

    async leave(id: string, options?: At): Promise<void> {
      await store.transact(options, async (tx) => {
        // Held for update, which keeps its own claims off.
        const [row] = await tx.rows("SELECT no FROM stem.workers WHERE id = $1::text FOR UPDATE", [id]);
        if (row === undefined) return;
        const held = await takeHeld(tx, ints([row[0] as number]), 0);
        for (const [, job] of held) store.loans.delete(job as string);
        await enterLine(
          tx,
          held.map((job) => ({ seq: job[0] as number, lane: job[6] as number, dueAt: job[10] as number })),
        );
        await tx.rows("DELETE FROM stem.workers WHERE no = $1::int", [row[0] as number]);
      });
    },

    async list(options?: At): Promise<readonly WorkerRecord[]> {
      const rows = (await store.rows(
        `SELECT id, info, started_at, seen_at, lease_until, (SELECT count(*) FROM stem.active a WHERE a.worker = w.no)
         FROM stem.workers w WHERE lease_until > ${CLOCK} - ${HOUR_MS} ORDER BY no`,
        [options?.now ?? null],
      )) as [string, string, number, number, number, number][];
      return rows.map(([id, info, startedAt, seenAt, leaseUntil, active]) => ({
        id,
        info: JSON.parse(info) as Record<string, string>,
        startedAt,
        seenAt,
        leaseUntil,
        active,
      }));
    },
  };
}

/**
 * Which of these leases are not this worker's. A look of its own: whoever took them away has committed before
 * the beat could pass.
 */
async function lostOf(store: Store, held: readonly Lease[], worker: number): Promise<string[]> {
  const rows = await store.rows(
    `SELECT j.seq, j.id, j.fence + 1 FROM stem.active a JOIN stem.jobs j ON j.seq = a.seq WHERE a.worker = $1::int AND j.id = ANY($2::text[])`,
    [worker, texts(held.map(({ jobId }) => jobId))],
  );
  const good = new Set((rows as [number, string, number][]).map(([job, jobId, fence]) => leaseText({ jobId, fence, job })));
  return held.filter((lease) => !good.has(leaseText(lease))).map(({ jobId }) => jobId);
}
