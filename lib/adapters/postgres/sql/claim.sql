-- Lends jobs to a worker.
--
-- It lends nothing while there are chores (jobs of lapsed workers, deadlines, expired jobs), because what
-- those make ready may have to go first: the caller does the chores and claims again. Whether there are any
-- costs three probes of indexes that are empty as a rule.
--
-- Parts: alone, or included by settle.sql (claiming) · alone, durably or loosely: a claim that is lost in a
-- crash only runs again, so its commit need not wait for the disk · downward or upward: of each queue the
-- highest priority first, or the lowest.
--
-- Parameters:
--   :now       the moment of a test; null: the store's clock
--   :worker    its id
--   :queues    their names, in the order in which they are served
--   :shares    how many jobs of each queue at most
--   :limit     how many in all
--   :floors    earliest due times to look at, by queue and level (see `floors.ts`); empty: all
--
-- Rows: first a header, then the deliveries, in the order in which the loan names them.
--
--   column       of the header                  of a delivery
--   seq          now                            number of the job
--   lane         flags (see below)              its lane, with the place of its queue in :queues, from 1
--   due_at       the earliest moment, after     its due time
--                now, at which these queues
--                may have something new
--   id           null                           its id
--   task         what settle.sql says           its task
--   enqueued_at  number of the loan             when it was stored
--   and payload, fence, attempts, links, keep_result as stored before this delivery; extra: null, or JSON
--   [lapses, group, headers, wake]
--
-- Flags: 1 the worker is live · 2 workers have lapsed · 4 deadlines have passed · 8 jobs have expired ·
-- 16 a listener, in any process, wants to learn of ends.
--
-- Locks, in this order: rows of `line`, skipping those that others hold · the worker's row for key share, or
-- nothing is lent. The latter holds off the take-back of what a lapsed worker has.
--
-- Plan: nested loops over the index of `line`, one stretch for each queue and level, without a sort. A list
-- of levels instead of a series, which the planner would take for a thousand rows.
-- #part alone
WITH
  -- #include common/clock
-- #end
  w AS MATERIALIZED (SELECT v.no FROM stem.workers v, clock WHERE v.id = :worker::text AND v.lease_until > clock.now),
  q AS MATERIALIZED (
    SELECT s.no, u.share, u.turn
    FROM unnest(:queues::text[], :shares::int[]) WITH ORDINALITY u(name, share, turn)
      CROSS JOIN LATERAL (SELECT no FROM stem.queues s WHERE s.name = u.name AND NOT s.paused) s),
  chores AS MATERIALIZED (
    SELECT (SELECT count(*) FROM w)::int * 1
      + EXISTS (SELECT FROM stem.workers v WHERE NOT v.emptied AND v.lease_until <= clock.now)::int * 2
      + EXISTS (SELECT FROM stem.parked p WHERE p.deadline IS NOT NULL AND p.deadline <= clock.now)::int * 4
      + EXISTS (
          SELECT FROM q, stem.line l
          WHERE l.lane / 10 = q.no AND l.expires_at IS NOT NULL AND l.expires_at <= clock.now)::int * 8
      + EXISTS (SELECT FROM stem.listeners)::int * 16 AS flags
    FROM clock),
  picked AS MATERIALIZED (
    SELECT p.tid, p.seq, (q.turn * 10 + p.lane % 10)::int AS lane, p.due_at
    FROM chores CROSS JOIN q CROSS JOIN clock CROSS JOIN LATERAL (
      SELECT x.tid, x.seq, x.lane, x.due_at
      -- #part downward
      FROM unnest('{0,1,2,3,4,5,6,7,8,9}'::int[]) AS g(level) CROSS JOIN LATERAL (
      -- #end
      -- #part upward
      FROM unnest('{9,8,7,6,5,4,3,2,1,0}'::int[]) AS g(level) CROSS JOIN LATERAL (
      -- #end
        SELECT l.ctid AS tid, l.seq, l.lane, l.due_at
        FROM stem.line l
        WHERE l.lane = q.no * 10 + g.level AND l.due_at <= clock.now
          AND l.due_at >= coalesce((:floors::bigint[])[(q.turn - 1) * 10 + g.level + 1], 0)
          AND (l.expires_at IS NULL OR l.expires_at > clock.now)
        ORDER BY l.lane, l.due_at, l.seq
        LIMIT q.share
        FOR UPDATE SKIP LOCKED) x
      LIMIT q.share) p
    -- Live, and no chores.
    WHERE (chores.flags & 15) = 1
    LIMIT :limit::int),
  -- A take-back that comes at this moment finds nothing that was lent meanwhile.
  holder AS MATERIALIZED (
    SELECT v.no
    FROM stem.workers v, w
    WHERE v.no = w.no AND NOT v.emptied AND EXISTS (SELECT FROM picked)
    FOR KEY SHARE OF v SKIP LOCKED),
  taken AS (DELETE FROM stem.line l USING picked p, holder WHERE l.ctid = p.tid),
  lent AS MATERIALIZED (
    SELECT j.seq, p.lane, p.due_at, j.id, j.task, j.enqueued_at, j.payload, j.fence, j.attempts, j.links, j.keep_result,
      CASE WHEN j.lapses > 0 OR j.grp IS NOT NULL OR j.headers IS NOT NULL OR j.wake IS NOT NULL
        THEN json_build_array(j.lapses, j.grp, j.headers, j.wake)::text END AS extra
    FROM holder, picked p CROSS JOIN LATERAL (SELECT * FROM stem.jobs j WHERE j.seq = p.seq) j),
  loan AS (
    INSERT INTO stem.loans (worker, started_at, back, seqs)
    SELECT holder.no, clock.now, repeat('0', count(*)::int)::bit varying, array_agg(lent.seq)
    FROM lent, holder, clock
    GROUP BY holder.no, clock.now
    RETURNING no)
-- Both branches read the same rows from first to last, so the rows are in the order of the loan's list.
SELECT clock.now AS seq, (SELECT flags FROM chores) AS lane,
  (SELECT min(t) FROM (
    SELECT (
      SELECT l.due_at
      FROM stem.line l
      WHERE l.lane = q.no * 10 + g.level AND l.due_at > clock.now
      ORDER BY l.lane, l.due_at
      LIMIT 1) AS t
    FROM q, unnest('{0,1,2,3,4,5,6,7,8,9}'::int[]) AS g(level)
    UNION ALL
    SELECT (
      SELECT p.deadline
      FROM stem.parked p
      WHERE p.queue = q.no AND p.deadline IS NOT NULL
      ORDER BY p.deadline
      LIMIT 1)
    FROM q
    UNION ALL (
      SELECT v.lease_until
      FROM stem.workers v
      WHERE NOT v.emptied AND v.lease_until > clock.now AND v.id <> :worker::text AND EXISTS (SELECT FROM q)
        AND EXISTS (SELECT FROM stem.loans l WHERE l.worker = v.no ORDER BY l.worker DESC, l.no DESC LIMIT 1)
      ORDER BY v.lease_until
      LIMIT 1)) moments) AS due_at,
  NULL::text AS id,
  -- #part durably
  NULL::text
  -- #end
  -- #part loosely
  -- It holds for this transaction alone.
  set_config('synchronous_commit', 'off', true)
  -- #end
  -- #part claiming
  -- #include common/unsettled
  -- #end
  AS task, (SELECT no FROM loan) AS enqueued_at,
  NULL::text AS payload, NULL::int AS fence, NULL::int AS attempts, NULL::smallint AS links, NULL::bigint AS keep_result,
  NULL::text AS extra
FROM clock
UNION ALL
SELECT seq, lane, due_at, id, task, enqueued_at, payload, fence, attempts, links, keep_result, extra FROM lent
