import { CLOCK, LEVELS } from "../store.js";

/** Bits of the header's `flags`. */
export const LIVE = 1;
export const LAPSED_WORKERS = 2;
export const OVERDUE = 4;
export const EXPIRED = 8;
/** A listener, in any process, wants to learn of ends. */
export const LISTENED = 16;

/** The lanes of a queue, as a list whose length the planner sees: a series counts as a thousand rows. */
const LANES = `unnest('{${Array.from({ length: LEVELS }, (_, level) => level).join()}}'::int[]) AS g(level)`;
const LANE = `q.no * ${LEVELS} + g.level`;

/*
 * The parts of a claim. Parameters: $1 now · $2 worker's id · $3 queues · $4 share of each · $5 limit in all
 * · $6 earliest due times to look at, by queue and level (see `floors.ts`).
 *
 * A claim lends nothing while there are chores (jobs of lapsed workers, deadlines, expired jobs), because
 * what those make ready may have to go first: the caller does the chores and claims again. Whether there are
 * any costs three probes of indexes that are empty as a rule.
 */
export const CLOCK_CTE = `clock AS MATERIALIZED (SELECT ${CLOCK} AS now)`;

export const CLAIM_CTES = `
  w AS MATERIALIZED (SELECT v.no FROM stem.workers v, clock WHERE v.id = $2::text AND v.lease_until > clock.now),
  q AS MATERIALIZED (
    SELECT s.no, u.share, u.turn FROM unnest($3::text[], $4::int[]) WITH ORDINALITY u(name, share, turn) CROSS JOIN LATERAL (SELECT no FROM stem.queues s WHERE s.name = u.name AND NOT s.paused) s),
  chores AS MATERIALIZED (
    SELECT (SELECT count(*) FROM w)::int * ${LIVE}
      + EXISTS (SELECT FROM stem.workers v WHERE NOT v.emptied AND v.lease_until <= clock.now)::int * ${LAPSED_WORKERS}
      + EXISTS (SELECT FROM stem.parked p WHERE p.deadline IS NOT NULL AND p.deadline <= clock.now)::int * ${OVERDUE}
      + EXISTS (SELECT FROM q, stem.line l WHERE l.lane / ${LEVELS} = q.no AND l.expires_at IS NOT NULL AND l.expires_at <= clock.now)::int * ${EXPIRED}
      + EXISTS (SELECT FROM stem.listeners)::int * ${LISTENED} AS flags
    FROM clock),
  picked AS MATERIALIZED (
    SELECT p.tid, p.seq, (q.turn * ${LEVELS} + p.lane % ${LEVELS})::int AS lane, p.due_at
    FROM chores CROSS JOIN q CROSS JOIN clock CROSS JOIN LATERAL (
      SELECT x.tid, x.seq, x.lane, x.due_at FROM ${LANES} CROSS JOIN LATERAL (
        SELECT l.ctid AS tid, l.seq, l.lane, l.due_at FROM stem.line l
        WHERE l.lane = ${LANE} AND l.due_at <= clock.now
          AND l.due_at >= coalesce(($6::bigint[])[(q.turn - 1) * ${LEVELS} + g.level + 1], 0) AND (l.expires_at IS NULL OR l.expires_at > clock.now)
        ORDER BY l.lane, l.due_at, l.seq LIMIT q.share FOR UPDATE SKIP LOCKED) x
      LIMIT q.share) p
    WHERE (chores.flags & ${LIVE | LAPSED_WORKERS | OVERDUE | EXPIRED}) = ${LIVE}
    LIMIT $5::int),
  -- Held against the take-back of what a lapsed worker has; whoever takes back at this moment finds nothing lent meanwhile.
  holder AS MATERIALIZED (
    SELECT v.no FROM stem.workers v, w WHERE v.no = w.no AND NOT v.emptied AND EXISTS (SELECT FROM picked) FOR KEY SHARE OF v SKIP LOCKED),
  taken AS (DELETE FROM stem.line l USING picked p, holder WHERE l.ctid = p.tid),
  lent AS MATERIALIZED (
    SELECT j.seq, p.lane, p.due_at, j.id, j.task, j.enqueued_at, j.payload, j.fence, j.attempts, j.links, j.keep_result,
      CASE WHEN j.lapses > 0 OR j.grp IS NOT NULL OR j.headers IS NOT NULL OR j.wake IS NOT NULL
        THEN json_build_array(j.lapses, j.grp, j.headers, j.wake)::text END AS extra
    FROM holder, picked p CROSS JOIN LATERAL (SELECT * FROM stem.jobs j WHERE j.seq = p.seq) j),
  loan AS (
    INSERT INTO stem.loans (worker, started_at, back, seqs)
    SELECT holder.no, clock.now, repeat('0', count(*)::int)::bit varying, array_agg(lent.seq) FROM lent, holder, clock GROUP BY holder.no, clock.now RETURNING no)`;

/** The earliest moment, after now, at which these queues may have something new. */
const HORIZON = `(
    SELECT min(t) FROM (
      SELECT (SELECT l.due_at FROM stem.line l WHERE l.lane = ${LANE} AND l.due_at > clock.now ORDER BY l.lane, l.due_at LIMIT 1) AS t FROM q, ${LANES}
      UNION ALL SELECT (SELECT p.deadline FROM stem.parked p WHERE p.queue = q.no AND p.deadline IS NOT NULL ORDER BY p.deadline LIMIT 1) FROM q
      UNION ALL (SELECT v.lease_until FROM stem.workers v
        WHERE NOT v.emptied AND v.lease_until > clock.now AND v.id <> $2::text AND EXISTS (SELECT FROM q)
          AND EXISTS (SELECT FROM stem.loans l WHERE l.worker = v.no ORDER BY l.worker DESC, l.no DESC LIMIT 1) ORDER BY v.lease_until LIMIT 1)) moments)`;

/**
 * The answer: a header, then the deliveries in the order in which the loan names them.
 * The header has now, flags, horizon, number of the loan, and `note`. Both read the same rows from first to
 * last.
 */
export const answer = (note: string): string => `
  SELECT clock.now AS seq, (SELECT flags FROM chores) AS lane, ${HORIZON} AS due_at, NULL::text AS id, ${note} AS task, (SELECT no FROM loan) AS enqueued_at,
    NULL::text AS payload, NULL::int AS fence, NULL::int AS attempts, NULL::smallint AS links, NULL::bigint AS keep_result, NULL::text AS extra
  FROM clock
  UNION ALL
  SELECT seq, lane, due_at, id, task, enqueued_at, payload, fence, attempts, links, keep_result, extra FROM lent`;

export const CLAIM = `WITH ${CLOCK_CTE}, ${CLAIM_CTES} ${answer("NULL::text")}`;

/**
 * A claim that is lost in a crash only runs again, so its commit need not wait for the disk.
 * The setting holds for this transaction alone.
 */
export const CLAIM_LOOSELY = `WITH ${CLOCK_CTE}, ${CLAIM_CTES} ${answer("set_config('synchronous_commit', 'off', true)")}`;
