-- Ends deliveries that this process remembers, all of them successes that no other job waits for; and, on the
-- way out, claims.
--
-- A loan of which one of these jobs has come back already, or is waited for since, is left as it is, and
-- nothing is written for its jobs: the caller settles them in a transaction.
--
-- Parts: each that is left out is one less for the server to prepare, which for a small batch costs as much
-- as the work.
--   whole      loans come back with all of their jobs
--   partly     loans come back with some of them
--   kept       jobs leave a record
--   forgotten  jobs leave none
--   writing    entries for journals travel along
--   claiming   claims on the way out; or ending: it does not
--
-- Parameters:
--   :now                       the moment of a test; null: the store's clock
-- #part claiming
--   :worker :queues :shares :limit :floors   as in claim.sql
-- #end
--   :loans :bits               loans by number, and for each a text of bits: 1 for the jobs that come back
--   :nos :seqs :attempts :fences :keeps :results
--                              lists with an item for each job: loan · number · attempts · fence · for how
--                              long its record is kept, 0: none · result
--   :lent_at                   when each loan was lent, which a loan of the same number in a store that was
--                              replaced was not
-- #part writing
--   :jobs :places :keys :kinds :states :entries
--                              lists with an item for each entry of a journal: number of the job · number ·
--                              key · kind · state · value
-- #end
--
-- Rows: claiming: those of claim.sql. Ending: one, the first columns of that header. In both, the fifth
-- column: null if all was ended, else, as a JSON list, the loans that were as remembered.
--
-- Locks, in this order: the rows of `loans`, by number, as :loans is in that order · those of `jobs`, only of
-- jobs that leave no record or have entries · those of a claim.
--
-- Plan: `loans` by its key; nothing is read for a job that leaves a record.
WITH
  -- #include common/clock
  r AS MATERIALIZED (
    SELECT u.no, u.bits::bit varying AS bits, u.started_at
    FROM unnest(:loans::bigint[], :bits::text[], :lent_at::bigint[]) u(no, bits, started_at)),
  e AS MATERIALIZED (
    SELECT *
    FROM unnest(:nos::bigint[], :seqs::bigint[], :attempts::int[], :fences::int[], :keeps::bigint[], :results::text[])
      u(no, seq, attempts, fence, keep, result)),
  -- `back # back` is a row of noughts, as long as the loan: none of the bits is set yet, and with them all
  -- are, or not all.
  -- #part whole
  whole AS (
    DELETE FROM stem.loans l USING r
    WHERE l.no = r.no AND l.started_at = r.started_at AND NOT l.touched
      AND (l.back & r.bits) = (l.back # l.back) AND (l.back | r.bits) = ~(l.back # l.back)
    RETURNING l.no, l.started_at),
  -- #end
  -- #part partly
  part AS (
    UPDATE stem.loans l SET back = l.back | r.bits FROM r
    WHERE l.no = r.no AND l.started_at = r.started_at AND NOT l.touched
      AND (l.back & r.bits) = (l.back # l.back) AND (l.back | r.bits) <> ~(l.back # l.back)
    RETURNING l.no, l.started_at),
  -- #end
  given AS MATERIALIZED (
    -- #part whole
    SELECT * FROM whole
    -- #end
    -- #part whole partly
    UNION ALL
    -- #end
    -- #part partly
    SELECT * FROM part
    -- #end
  )
  -- #part kept
  , kept AS (
    INSERT INTO stem.ended (seq, state, ended_at, forget_at, started_at, attempts, fence, result)
    SELECT e.seq, 1, clock.now, clock.now + e.keep, given.started_at, e.attempts, e.fence, e.result
    FROM clock, e JOIN given ON given.no = e.no
    WHERE e.keep > 0)
  -- #end
  -- #part forgotten
  , forgotten AS (
    DELETE FROM stem.jobs j USING e JOIN given ON given.no = e.no
    WHERE j.seq = e.seq AND e.keep = 0
    RETURNING j.seq, j.links),
  unwritten AS (DELETE FROM stem.journal t USING forgotten f WHERE t.job = f.seq AND (f.links & 4) <> 0),
  unlinked AS (DELETE FROM stem.links t USING forgotten f WHERE t.to_seq = f.seq AND (f.links & 2) <> 0)
  -- #end
  -- #part writing
  , t AS MATERIALIZED (
    SELECT r.*, clock.now
    FROM clock, unnest(:jobs::bigint[], :places::int[], :keys::text[], :kinds::text[], :states::text[], :entries::text[])
      r(job, seq, key, kind, state, value)
    WHERE EXISTS (SELECT FROM e JOIN given ON given.no = e.no WHERE e.seq = r.job AND e.keep > 0)),
  written AS (
    INSERT INTO stem.journal (job, seq, key, kind, state, value, at)
    SELECT * FROM t
    ON CONFLICT DO NOTHING),
  -- #include common/marked
  -- #end
  -- #part claiming
  ,
-- #include claim
  -- #end
-- #part ending
SELECT now, EXISTS (SELECT FROM stem.listeners)::int * 16, NULL, NULL,
  -- #include common/unsettled
FROM clock
-- #end
