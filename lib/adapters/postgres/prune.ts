import type { Sql } from "./connect/sql.js";
import { bigs } from "./connect/values.js";
import { NEEDED } from "./rows.js";

const HOUR_MS = 3_600_000;

/** Forgets up to `limit` jobs past their time, and what else has had its time; returns how many jobs. */
export async function prune(sql: Sql, limit: number, now: number): Promise<number> {
  const jobs = await sql.rows(
    `SELECT e.seq FROM stem.ended e WHERE e.forget_at <= $1::bigint AND NOT ${NEEDED} ORDER BY e.forget_at LIMIT $2::int FOR UPDATE OF e SKIP LOCKED`,
    [now, limit],
  );
  await forget(
    sql,
    jobs.map(([seq]) => seq as number),
  );
  await sql.rows(
    `DELETE FROM stem.events WHERE seq IN (SELECT seq FROM stem.events WHERE forget_at <= $1::bigint ORDER BY forget_at LIMIT $2::int FOR UPDATE SKIP LOCKED)`,
    [now, limit],
  );
  await sql.rows(
    "DELETE FROM stem.workers w WHERE lease_until <= $1::bigint AND NOT EXISTS (SELECT FROM stem.loans l WHERE l.worker = w.no)",
    [now - HOUR_MS],
  );
  // Those of workers that an older version has forgotten, or signed off.
  await sql.rows("DELETE FROM stem.orders o WHERE NOT EXISTS (SELECT FROM stem.workers w WHERE w.no = o.worker)");
  await sql.rows(
    `DELETE FROM stem.keys WHERE (queue, key) IN (SELECT queue, key FROM stem.keys WHERE until > 0 AND until <= $1::bigint ORDER BY until LIMIT $2::int FOR UPDATE SKIP LOCKED)`,
    [now, limit],
  );
  await sql.rows("DELETE FROM stem.keys WHERE seq = 0");
  await sql.rows("DELETE FROM stem.listeners WHERE until <= $1::bigint", [now]);
  return jobs.length;
}

/** Forgets jobs, wherever their record is, with their journals, notes and links. */
export async function forget(sql: Sql, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await sql.rows(
    `WITH gone AS (DELETE FROM stem.jobs WHERE seq = ANY($1::bigint[]) RETURNING seq, links),
       e AS (DELETE FROM stem.ended WHERE seq = ANY($1::bigint[])),
       n AS (DELETE FROM stem.journal t USING gone WHERE t.job = gone.seq AND (gone.links & 4) <> 0),
       o AS (DELETE FROM stem.notes t USING gone WHERE t.job = gone.seq AND (gone.links & 16) <> 0),
       l AS (DELETE FROM stem.logs t USING gone WHERE t.job = gone.seq AND (gone.links & 16) <> 0),
       k AS (DELETE FROM stem.keys t USING gone WHERE t.seq = gone.seq AND (gone.links & 64) <> 0 AND coalesce(t.until, 0) = 0),
       f AS (DELETE FROM stem.links t USING gone WHERE t.from_seq = gone.seq AND (gone.links & 1) <> 0)
     DELETE FROM stem.links t USING gone WHERE t.to_seq = gone.seq AND (gone.links & 2) <> 0`,
    [bigs(seqs)],
  );
}
