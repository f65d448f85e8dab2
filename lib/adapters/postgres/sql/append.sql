-- Adds entries to the journals of runs that this process remembers.
--
-- Parameters:
--   :now                       the moment of a test; null: the store's clock
--   :loans                     the loans of the runs, by number
--   :nos :bits :seqs           lists with an item for each run: loan · its bit in there · number
--   :jobs :places :keys :kinds :states :entries
--                              lists with an item for each entry: number of the job · number · key · kind ·
--                              state · value
--   :lent_at                   for each run, when its loan was lent
--
-- Rows: the number of each run that is still on loan; nothing was written for the others.
--
-- Locks, in this order: the rows of `loans`, by number, for share, so that no other worker takes a run
-- between the look and the write · those of `jobs`, only of runs that had no journal, or had lapses.
--
-- Plan: `loans` and `jobs` by their keys.
WITH
  -- #include common/clock
  h AS MATERIALIZED (
    SELECT l.no, l.started_at, l.back
    FROM stem.loans l
    WHERE l.no = ANY (:loans::bigint[])
    ORDER BY l.no
    FOR SHARE),
  good AS MATERIALIZED (
    SELECT u.seq
    FROM unnest(:nos::bigint[], :bits::int[], :seqs::bigint[], :lent_at::bigint[]) u(no, place, seq, started_at)
      JOIN h ON h.no = u.no AND h.started_at = u.started_at
    WHERE get_bit(h.back, u.place) = 0),
  t AS MATERIALIZED (
    SELECT r.*, clock.now
    FROM clock, unnest(:jobs::bigint[], :places::int[], :keys::text[], :kinds::text[], :states::text[], :entries::text[])
      r(job, seq, key, kind, state, value)
    WHERE r.job = ANY (ARRAY(SELECT seq FROM good))),
  written AS (
    INSERT INTO stem.journal (job, seq, key, kind, state, value, at)
    SELECT * FROM t
    ON CONFLICT DO NOTHING),
  -- #include common/marked
SELECT seq FROM good
