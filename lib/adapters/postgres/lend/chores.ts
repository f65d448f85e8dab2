import { expired, JOB_DEFAULTS, lapsed, type Wake } from "../../../contract/index.js";
import { LEVELS } from "../../relational/codes.js";
import type { DeadEnd } from "../../relational/ends.js";
import { bigs, ints, texts } from "../connect/values.js";
import { endBadly, enterLine, followLinks, type Place } from "../links.js";
import type { Tx } from "../store.js";
import { EXPIRED, LAPSED_WORKERS, OVERDUE } from "./statement.js";

/**
 * Most parked jobs that one claim wakes, and most expired jobs it ends.
 * A backlog of them takes several claims.
 */
export const BOUND = 1_000;

/** Does the chores that a claim found. Returns how many jobs had expired. */
export async function doChores(tx: Tx, flags: number, queues: readonly string[]): Promise<number> {
  if (flags & LAPSED_WORKERS) await takeBack(tx);
  if (flags & OVERDUE) await wakeOverdue(tx);
  return flags & EXPIRED ? expire(tx, queues) : 0;
}

type HeldRow = [
  seq: number,
  id: string,
  fence: number,
  startedAt: number,
  lapses: number,
  attempts: number,
  lane: number,
  links: number,
  maxLapses: number | null,
  keepFailed: number | null,
  dueAt: number,
];

/**
 * Takes back the jobs of lapsed workers.
 * The attempt is given back, the lapse counted, and the last lapse allowed ends the job.
 */
async function takeBack(tx: Tx): Promise<void> {
  // Held for update, which blocks their own claims; a renewal that comes first makes them live again.
  const vanished = await tx.rows(
    "SELECT no FROM stem.workers WHERE NOT emptied AND lease_until <= $1::bigint ORDER BY no FOR UPDATE SKIP LOCKED",
    [tx.now],
  );
  if (vanished.length === 0) return;
  const workers = ints(vanished.map(([no]) => no as number));
  const held = (await takeHeld(tx, workers, 1)) as HeldRow[];
  const places: Place[] = [];
  const dead: DeadEnd[] = [];
  for (const [seq, id, fence, startedAt, lapses, attempts, lane, links, maxLapses, keepFailed, dueAt] of held) {
    if (lapses < (maxLapses ?? JOB_DEFAULTS.maxLapses)) places.push({ seq, lane, dueAt });
    else {
      const error = lapsed(lapses);
      dead.push({ seq, id, links, attempts, fence, startedAt, keepFailed, state: "failed", cause: "lapsed", error });
    }
  }
  await tx.rows("UPDATE stem.workers SET emptied = true WHERE no = ANY($1::int[])", [workers]);
  await enterLine(tx, places);
  await followLinks(tx, await endBadly(tx, dead));
}

/** Ends the loans of workers; returns their jobs, with `lapses` more lapses. */
export async function takeHeld(tx: Tx, workers: ReturnType<typeof ints>, lapses: 0 | 1): Promise<(readonly unknown[])[]> {
  const loans = await tx.rows("SELECT no FROM stem.loans WHERE worker = ANY($1::int[]) ORDER BY no FOR UPDATE", [workers]);
  if (loans.length === 0) return [];
  const nos = bigs(loans.map(([no]) => no as number));
  const rows = await tx.rows(
    `WITH held AS MATERIALIZED (SELECT a.seq, a.started_at FROM stem.active a WHERE a.no = ANY($1::bigint[]))
     UPDATE stem.jobs j SET lapses = j.lapses + $2::int, fence = j.fence + 1, started_at = held.started_at FROM held WHERE j.seq = held.seq
     RETURNING j.seq, j.id, j.fence, j.started_at, j.lapses, j.attempts, j.lane, j.links, j.max_lapses, j.keep_failed, j.due_at`,
    [nos, lapses],
  );
  await tx.rows("DELETE FROM stem.loans WHERE no = ANY($1::bigint[])", [nos]);
  return rows;
}

/** Makes parked jobs ready whose deadline has passed, earliest first. */
async function wakeOverdue(tx: Tx): Promise<void> {
  const rows = (await tx.rows(
    `SELECT seq, deadline FROM stem.parked WHERE deadline IS NOT NULL AND deadline <= $1::bigint ORDER BY deadline LIMIT ${BOUND} FOR UPDATE SKIP LOCKED`,
    [tx.now],
  )) as [number, number][];
  await wakeAll(
    tx,
    rows.map(([seq, deadline]) => ({ seq, why: { by: "deadline" }, dueAt: deadline })),
  );
}

/** Makes parked jobs, which are held, ready. */
export async function wakeAll(
  tx: Tx,
  sleepers: readonly { readonly seq: number; readonly why: Wake; readonly dueAt: number }[],
): Promise<void> {
  if (sleepers.length === 0) return;
  const seqs = bigs(sleepers.map(({ seq }) => seq));
  const rows = (await tx.rows(
    `WITH p AS (DELETE FROM stem.parked WHERE seq = ANY($1::bigint[])), w AS (DELETE FROM stem.waits WHERE seq = ANY($1::bigint[]))
     UPDATE stem.jobs j SET wake = u.wake, due_at = u.due_at FROM unnest($1::bigint[], $2::text[], $3::bigint[]) u(seq, wake, due_at) WHERE j.seq = u.seq
     RETURNING j.seq, j.lane, j.due_at`,
    [seqs, texts(sleepers.map(({ why }) => JSON.stringify(why))), bigs(sleepers.map(({ dueAt }) => dueAt))],
  )) as [number, number, number][];
  await enterLine(
    tx,
    rows.map(([seq, lane, dueAt]) => ({ seq, lane, dueAt })),
  );
}

type LateRow = [number, string, number, number, number, number, number | null];

/** Ends jobs of these queues that had not started by their expiry. */
async function expire(tx: Tx, queues: readonly string[]): Promise<number> {
  const rows = (await tx.rows(
    `WITH late AS MATERIALIZED (
       SELECT l.ctid AS tid, l.seq FROM stem.queues q CROSS JOIN LATERAL (
         SELECT l.ctid, l.seq FROM stem.line l WHERE l.lane / ${LEVELS} = q.no AND l.expires_at IS NOT NULL AND l.expires_at <= $2::bigint
         ORDER BY l.expires_at LIMIT ${BOUND} FOR UPDATE SKIP LOCKED) l
       WHERE q.name = ANY($1::text[]) AND NOT q.paused LIMIT ${BOUND}),
     gone AS (DELETE FROM stem.line l USING late WHERE l.ctid = late.tid)
     SELECT j.seq, j.id, j.expires_at, j.attempts, j.fence, j.links, j.keep_failed FROM late JOIN stem.jobs j ON j.seq = late.seq`,
    [texts(queues), tx.now],
  )) as LateRow[];
  const ended = rows.map(([seq, id, expiresAt, attempts, fence, links, keepFailed]): DeadEnd => {
    const error = expired(expiresAt);
    return { seq, id, links, attempts, fence, startedAt: null, keepFailed, state: "expired", cause: null, error };
  });
  await followLinks(tx, await endBadly(tx, ended));
  return rows.length;
}
