-- What a page of queues holds.
--
-- Parameters:
--   :now       the moment; null: the store's clock
--   :after     where to go on: names behind this one; null: from the first
--   :names     only these; null: all
--   :limit     how many queues
--   :most      how far to count
--   :looked    how many dead letters and parked jobs to look at for one queue, of which no index knows the
--              queues
--
-- Rows: one for each queue, by name: name · paused · due time of the oldest job that is due, or null · jobs
-- in line that are due · that are not yet due · active · that wait for inputs, the ended ones among them ·
-- without these · parked · dead letters · whether one of the last two was not counted to its end.
--
-- Locks: none.
--
-- Plan: jobs in line are counted in the index of `line`, :most at most, of which a queue with more is told as
-- capped.
WITH
  -- #include common/clock
  q AS MATERIALIZED (
    SELECT s.no, s.name, s.paused
    FROM stem.queues s
    WHERE (:after::text IS NULL OR s.name > :after::text) AND (:names::text[] IS NULL OR s.name = ANY (:names::text[]))
    ORDER BY s.name
    LIMIT :limit::int),
  bound AS MATERIALIZED (SELECT least(:looked::bigint, count(*) * :most::bigint) AS most FROM q),
  lent AS MATERIALIZED (
    SELECT j.lane / 10 AS no, count(*) AS n FROM stem.active a JOIN stem.jobs j ON j.seq = a.seq GROUP BY 1),
  asleep AS MATERIALIZED (
    SELECT p.queue AS no, count(*) AS n
    FROM (SELECT queue FROM stem.parked LIMIT (SELECT most + 1 FROM bound)) p
    GROUP BY 1),
  died AS MATERIALIZED (
    SELECT e.seq,
      -- #include common/present
      AS there
    FROM stem.ended e
    WHERE e.state = 2 AND e.cause <> 'input'
    ORDER BY e.ended_at DESC, e.seq DESC
    LIMIT (SELECT most + 1 FROM bound)),
  dead AS MATERIALIZED (
    SELECT j.lane / 10 AS no, count(*) AS n FROM died d JOIN stem.jobs j ON j.seq = d.seq WHERE d.there GROUP BY 1),
  cut AS MATERIALIZED (
    SELECT (SELECT count(*) FROM died) > most OR (SELECT sum(n) FROM asleep) > most AS yes FROM bound)
SELECT q.name, q.paused,
  (SELECT min(d.due_at)
    FROM unnest('{0,1,2,3,4,5,6,7,8,9}'::int[]) AS g(level) CROSS JOIN LATERAL (
      SELECT l.due_at FROM stem.line l WHERE l.lane = q.no * 10 + g.level ORDER BY l.lane, l.due_at LIMIT 1) d
    WHERE d.due_at <= clock.now),
  (SELECT count(*) FROM (
    SELECT FROM unnest('{0,1,2,3,4,5,6,7,8,9}'::int[]) AS g(level) CROSS JOIN LATERAL (
      SELECT FROM stem.line l WHERE l.lane = q.no * 10 + g.level AND l.due_at <= clock.now LIMIT :most::int) x
    LIMIT :most::int) y),
  (SELECT count(*) FROM (
    SELECT FROM unnest('{0,1,2,3,4,5,6,7,8,9}'::int[]) AS g(level) CROSS JOIN LATERAL (
      SELECT FROM stem.line l WHERE l.lane = q.no * 10 + g.level AND l.due_at > clock.now LIMIT :most::int) x
    LIMIT :most::int) y),
  coalesce(lent.n, 0), held.n, held.blocked, coalesce(asleep.n, 0), coalesce(dead.n, 0), coalesce(cut.yes, false)
FROM clock CROSS JOIN cut CROSS JOIN q CROSS JOIN LATERAL (
    SELECT count(*) AS n, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM stem.ended e WHERE e.seq = x.seq)) AS blocked
    FROM (
      SELECT j.seq FROM stem.jobs j
      WHERE j.open > 0 AND j.lane >= q.no * 10 AND j.lane < (q.no + 1) * 10
      LIMIT :most::int) x) held
  LEFT JOIN lent ON lent.no = q.no
  LEFT JOIN asleep ON asleep.no = q.no
  LEFT JOIN dead ON dead.no = q.no
ORDER BY q.name
