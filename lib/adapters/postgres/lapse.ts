import { expired, JOB_DEFAULTS, lapsed } from "../../contract/index.js";
import { BOUND } from "../relational/bound.js";
import { LEVELS } from "../relational/codes.js";
import type { DeadEnd } from "../relational/ends.js";
import { ints, texts } from "./connect/values.js";
import { releaseHeld } from "./lease.js";
import { enterLine, type LinePlace } from "./line.js";
import { arrive, end } from "./links.js";
import type { Tx } from "./store.js";

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
export async function takeBack(tx: Tx): Promise<void> {
  // Held for update, which blocks their own claims; a renewal that comes first makes them live again.
  const vanished = await tx.rows(
    "SELECT no FROM stem.workers WHERE NOT emptied AND lease_until <= $1::bigint ORDER BY no FOR UPDATE SKIP LOCKED",
    [tx.now],
  );
  if (vanished.length === 0) return;
  const workers = ints(vanished.map(([no]) => no as number));
  const held = (await releaseHeld(tx, workers, 1)) as HeldRow[];
  const places: LinePlace[] = [];
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
  await arrive(tx, await end(tx, dead));
}

type LateRow = [number, string, number, number, number, number, number | null];

/** Ends jobs of these queues that had not started by their expiry. */
export async function expire(tx: Tx, queues: readonly string[]): Promise<number> {
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
  await arrive(tx, await end(tx, ended));
  return rows.length;
}
