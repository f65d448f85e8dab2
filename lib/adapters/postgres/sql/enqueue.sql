-- Stores jobs, and puts those that wait for nothing into their line.
--
-- A job's row stays in `jobs` until the job is forgotten, whatever its state; so equal ids that two processes
-- store at once meet in the unique index.
--
-- Parts: plain, for jobs of which nothing is said in the list of `full`, or full; with that keyed, for jobs
-- with unique keys · inside a transaction, or alone, in a statement that commits by itself.
--
-- Parameters:
--   :now                                 the moment of a test; null: the store's clock
--   :ids :lanes :tasks :payloads         lists with an item for each job
--   :count                               how many jobs
--   :queues :names                       numbers and names of queues that are to be looked at again
-- #part full
--   :due_at :delay :expires_at :expires_in :max_lapses :keep_result :keep_failed
--   :groups :headers :links :open        lists with an item for each job; null: not said
-- #end
-- #part keyed
--   :keys                                with full: for each job what `jobs.key` is to hold, or null
-- #end
--
-- Row: one, `ids`:
--   null          all were stored
--   a JSON list   ids of the jobs that were stored; those of the others are known
--   'renumbered'  nothing was stored: the queues have other numbers in this store
--   '?'           alone: nothing was stored, since there is more to say of an id that was met
-- Alone, and with several jobs, the latter is not a row but the error 22P02, which undoes what was stored.
--
-- Locks: the ids in the unique index of `jobs`, in the order given: a second statement with one of them waits
-- until the first has committed.
--
-- Plan: `queues` by its key; `jobs` by id and `ended` by its key, only where ids were met.
WITH
  -- #include common/clock
  -- A store that was emptied, restored or replaced may have numbered its queues anew.
  numbered AS MATERIALIZED (
    SELECT count(*) = cardinality(:queues::int[]) AS well
    FROM unnest(:queues::int[], :names::text[]) u(no, name)
      JOIN stem.queues q ON q.no = u.no AND q.name = u.name),
  stored AS (
    INSERT INTO stem.jobs (
      id, lane, task, payload, enqueued_at, due_at
      -- #part full
      , expires_at, max_lapses, keep_result, keep_failed, grp, headers, links, open
      -- #end
      -- #part keyed
      , key
      -- #end
    )
    SELECT u.id, u.lane, u.task, u.payload, clock.now,
      -- #part plain
      clock.now
      -- #end
      -- #part full
      coalesce(u.due_at, clock.now + u.delay, clock.now), coalesce(u.expires_at, clock.now + u.expires_in),
      u.max_lapses, u.keep_result, u.keep_failed, u.grp, u.headers, u.links, u.open
      -- #end
      -- #part keyed
      , u.key
      -- #end
    FROM clock, numbered, unnest(
      :ids::text[], :lanes::int[], :tasks::text[], :payloads::text[]
      -- #part full
      , :due_at::bigint[], :delay::bigint[], :expires_at::bigint[], :expires_in::bigint[], :max_lapses::bigint[],
      :keep_result::bigint[], :keep_failed::bigint[], :groups::text[], :headers::text[], :links::int[], :open::int[]
      -- #end
      -- #part keyed
      , :keys::text[]
      -- #end
    ) u(
      id, lane, task, payload
      -- #part full
      , due_at, delay, expires_at, expires_in, max_lapses, keep_result, keep_failed, grp, headers, links, open
      -- #end
      -- #part keyed
      , key
      -- #end
    )
    WHERE numbered.well
    ON CONFLICT (id) DO NOTHING
    RETURNING seq, id, lane, due_at, open, expires_at),
  lined AS (
    INSERT INTO stem.line (lane, due_at, seq, expires_at)
    SELECT lane, due_at, seq, expires_at FROM stored WHERE open = 0)
SELECT CASE
  WHEN NOT (SELECT well FROM numbered) THEN 'renumbered'
  WHEN count(*) < :count::int THEN
    -- #part inside
    coalesce(array_to_json(array_agg(id))::text, '[]')
    -- #end
    -- #part alone
    CASE
      -- Of those that were met there is nothing to say but that they are known: jobs of the same tasks which
      -- have not had their time.
      WHEN count(*) + (
        SELECT count(*)
        FROM unnest(:ids::text[], :tasks::text[]) m(id, task)
          JOIN stem.jobs j ON j.id = m.id AND j.task = m.task
          LEFT JOIN stem.ended e ON e.seq = j.seq
        WHERE e.forget_at IS NULL OR e.forget_at > (SELECT now FROM clock)) >= :count::int
      THEN coalesce(array_to_json(array_agg(id))::text, '[]')
      WHEN :count::int = 1 THEN '?'
      -- A text that is not a number: the statement fails, and nothing stays stored.
      ELSE ('stem: met ' || count(*))::int::text
    END
    -- #end
END AS ids
FROM stored
