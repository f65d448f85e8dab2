import { answer, CLAIM_CTES, CLOCK_CTE, LISTENED } from "./statement.js";

/**
 * Ends loans that were remembered well, all of them successes that nobody waits for. Of those whose lease has gone, or for whom somebody waits since, nothing is
 * written. `first` is the number of the first of its parameters: numbers · fences · links · how long each is kept · results · how many.
 */
const endings = (first: number): string => `
  e AS MATERIALIZED (
    SELECT * FROM unnest($${first}::bigint[], $${first + 1}::int[], $${first + 2}::int[], $${first + 3}::bigint[], $${first + 4}::text[]) u(seq, fence, links, keep, result)),
  gone AS (
    DELETE FROM stem.active a USING e WHERE a.seq = e.seq AND a.fence = e.fence AND a.links = e.links
    RETURNING a.seq, a.started_at, a.attempt, a.fence, e.keep, e.result),
  kept AS (
    INSERT INTO stem.ended (seq, state, ended_at, forget_at, started_at, attempts, fence, result)
    SELECT g.seq, 1, clock.now, clock.now + g.keep, g.started_at, g.attempt, g.fence, g.result FROM gone g, clock WHERE g.keep > 0),
  forgotten AS (DELETE FROM stem.jobs j USING gone g WHERE j.seq = g.seq AND g.keep = 0 RETURNING j.seq, j.links),
  unwritten AS (DELETE FROM stem.journal t USING forgotten f WHERE t.job = f.seq AND (f.links & 4) <> 0),
  unlinked AS (DELETE FROM stem.links t USING forgotten f WHERE t.to_seq = f.seq AND (f.links & 2) <> 0)`;

/** Null if all were ended, else the numbers that were. */
const note = (first: number): string =>
  `(SELECT CASE WHEN count(*) < $${first + 5}::int THEN coalesce(json_agg(seq)::text, '[]') END FROM gone)`;

export const SETTLE = `
  WITH ${CLOCK_CTE}, ${endings(2)}
  SELECT now, EXISTS (SELECT FROM stem.listeners)::int * ${LISTENED}, NULL, NULL, ${note(2)} FROM clock`;

export const SETTLE_AND_CLAIM = `WITH ${CLOCK_CTE}, ${endings(6)}, ${CLAIM_CTES} ${answer(note(6))}`;
