import { answer, CLAIM_CTES, CLOCK_CTE, LISTENED } from "./statement.js";

/**
 * The parts of a settle.
 * Each part that is left out is one less for the server to prepare, which for a small batch costs as much as
 * the work.
 */
export interface Needs {
  /** Loans that come back whole, or in part. */
  readonly whole: boolean;
  readonly part: boolean;
  /** Jobs that leave a record, or none. */
  readonly kept: boolean;
  readonly forgotten: boolean;
  /** Entries for journals. */
  readonly writing: boolean;
  readonly claiming: boolean;
}

const GOOD =
  "l.no = r.no AND l.started_at = r.started_at AND NOT l.touched AND (l.back & r.bits) = (l.back # l.back) AND (l.back | r.bits)";

const WHOLE = `
  whole AS (DELETE FROM stem.loans l USING r WHERE ${GOOD} = ~(l.back # l.back) RETURNING l.no, l.started_at),`;

const PART = `
  part AS (UPDATE stem.loans l SET back = l.back | r.bits FROM r WHERE ${GOOD} <> ~(l.back # l.back) RETURNING l.no, l.started_at),`;

const KEPT = `,
  kept AS (
    INSERT INTO stem.ended (seq, state, ended_at, forget_at, started_at, attempts, fence, result)
    SELECT e.seq, 1, clock.now, clock.now + e.keep, given.started_at, e.attempts, e.fence, e.result FROM clock, e JOIN given ON given.no = e.no WHERE e.keep > 0)`;

const FORGOTTEN = `,
  forgotten AS (DELETE FROM stem.jobs j USING e JOIN given ON given.no = e.no WHERE j.seq = e.seq AND e.keep = 0 RETURNING j.seq, j.links),
  unwritten AS (DELETE FROM stem.journal t USING forgotten f WHERE t.job = f.seq AND (f.links & 4) <> 0),
  unlinked AS (DELETE FROM stem.links t USING forgotten f WHERE t.to_seq = f.seq AND (f.links & 2) <> 0)`;

/**
 * Ends remembered deliveries, all of them successes that no other job waits for.
 * A loan of which one has come back already, or is waited for since, is left as it is, and nothing is written
 * for its jobs. `first` is the number of the first parameter: loans · their bits that come back · and of each
 * job its loan, number, attempts, fence, how long it is kept, result · of each loan when it was lent.
 */
const endings = (first: number, { whole, part, kept, forgotten }: Needs): string => `
  r AS MATERIALIZED (SELECT u.no, u.bits::bit varying AS bits, u.started_at FROM unnest($${first}::bigint[], $${first + 1}::text[], $${first + 8}::bigint[]) u(no, bits, started_at)),
  e AS MATERIALIZED (
    SELECT * FROM unnest($${first + 2}::bigint[], $${first + 3}::bigint[], $${first + 4}::int[], $${first + 5}::int[], $${first + 6}::bigint[], $${first + 7}::text[])
      u(no, seq, attempts, fence, keep, result)),${whole ? WHOLE : ""}${part ? PART : ""}
  given AS MATERIALIZED (${[whole ? "SELECT * FROM whole" : "", part ? "SELECT * FROM part" : ""].filter((text) => text !== "").join(" UNION ALL ")})${
    kept ? KEPT : ""
  }${forgotten ? FORGOTTEN : ""}`;

/** Null if all were ended, else the loans that were as remembered. */
const note = (first: number): string =>
  `(SELECT CASE WHEN count(*) < cardinality($${first}::bigint[]) THEN coalesce(json_agg(no)::text, '[]') END FROM given)`;

/** Their runs have a journal from now on; progress makes them no poison, so their lapses are forgotten. */
const MARKED = `marked AS (
    UPDATE stem.jobs j SET links = j.links | 4, lapses = 0 FROM (SELECT DISTINCT job FROM t) x
    WHERE j.seq = x.job AND ((j.links & 4) = 0 OR j.lapses > 0))`;

/**
 * Entries that travel with the endings of jobs that are kept.
 * Six lists: job · number · key · kind · state · value.
 */
const entries = (first: number): string => `,
  t AS MATERIALIZED (
    SELECT r.*, clock.now FROM clock, unnest($${first}::bigint[], $${first + 1}::int[], $${first + 2}::text[], $${first + 3}::text[], $${first + 4}::text[], $${first + 5}::text[])
      r(job, seq, key, kind, state, value)
    WHERE EXISTS (SELECT FROM e JOIN given ON given.no = e.no WHERE e.seq = r.job AND e.keep > 0)),
  written AS (INSERT INTO stem.journal (job, seq, key, kind, state, value, at) SELECT * FROM t ON CONFLICT DO NOTHING),
  ${MARKED}`;

const texts = new Map<number, string>();

/**
 * The statement of a settle. Parameters: now (or those of a claim) · those of `endings` · those of `entries`.
 */
export function settleText(needs: Needs): string {
  const { whole, part, kept, forgotten, writing, claiming } = needs;
  const key = [whole, part, kept, forgotten, writing, claiming].reduce((sum, flag) => sum * 2 + (flag ? 1 : 0), 0);
  let text = texts.get(key);
  if (text === undefined) {
    const first = claiming ? 7 : 2;
    const ctes = `${CLOCK_CTE}, ${endings(first, needs)}${writing ? entries(first + 9) : ""}`;
    text = claiming
      ? `WITH ${ctes}, ${CLAIM_CTES} ${answer(note(first))}`
      : `WITH ${ctes} SELECT now, EXISTS (SELECT FROM stem.listeners)::int * ${LISTENED}, NULL, NULL, ${note(first)} FROM clock`;
    texts.set(key, text);
  }
  return text;
}

/**
 * Adds entries to the journals of remembered runs; answers with those that are still on loan.
 * $2 loans · $3–5 of each run its loan, place, number · then the entries · $12 of each run when it was lent.
 */
export const APPEND = `
  WITH ${CLOCK_CTE},
  h AS MATERIALIZED (SELECT l.no, l.started_at, l.back FROM stem.loans l WHERE l.no = ANY ($2::bigint[]) ORDER BY l.no FOR SHARE),
  good AS MATERIALIZED (SELECT u.seq FROM unnest($3::bigint[], $4::int[], $5::bigint[], $12::bigint[]) u(no, place, seq, started_at)
    JOIN h ON h.no = u.no AND h.started_at = u.started_at WHERE get_bit(h.back, u.place) = 0),
  t AS MATERIALIZED (
    SELECT r.*, clock.now FROM clock, unnest($6::bigint[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[]) r(job, seq, key, kind, state, value)
    WHERE r.job = ANY (ARRAY(SELECT seq FROM good))),
  written AS (INSERT INTO stem.journal (job, seq, key, kind, state, value, at) SELECT * FROM t ON CONFLICT DO NOTHING),
  ${MARKED}
  SELECT seq FROM good`;
