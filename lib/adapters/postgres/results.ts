import { CALL_BYTES, noCounts, Portion } from "../../contract/index.js";
import type { At, CountFilter, JobFilter, JobRecord, JobState, Results, StateCounts } from "../../contract/index.js";
import { bigs, texts, type Value } from "./connect/values.js";
import { DELAYED, FROM, RECORD, STANDS, STATES, toRecord } from "./rows.js";
import { CLOCK, LEVELS, type Sql, type Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** Records read by one statement, at most. */
const PAGE = 1_000;

/** The result backend. */
export function results(store: Store): Results {
  // Of many records, so many in one answer.
  const portion = new Portion();
  return {
    async get(ids: readonly string[], options?: At): Promise<readonly (JobRecord | undefined)[]> {
      const records = new Map<string, JobRecord>();
      for (let from = 0; from < ids.length;) {
        const part = ids.slice(from, from + portion.of(PAGE));
        from += part.length;
        const rows = await store.rows(`${RECORD} ${FROM} WHERE j.id = ANY($2::text[]) AND ${PRESENT}`, [options?.now ?? null, texts(part)]);
        const found = rows.map(toRecord);
        portion.came(
          part.length,
          found.reduce((bytes, { payload, result = "" }) => bytes + payload.length + result.length, 0),
        );
        for (const record of found) records.set(record.id, record);
      }
      return ids.map((id) => records.get(id));
    },

    async list(filter: JobFilter = {}, options?: At): Promise<readonly JobRecord[]> {
      const { where, values } = conditions(filter, options);
      if (filter.cursor !== undefined) where.push(`j.seq < (SELECT seq FROM stem.jobs WHERE id = $${values.push(filter.cursor)}::text)`);
      const limit = values.push(Math.min(filter.limit ?? 100, 1_000));
      const rows = await store.rows(
        // Sizes are known without the texts; of those that are too large for one answer nothing is read.
        `WITH sized AS MATERIALIZED (
           SELECT j.seq, octet_length(j.payload)::bigint + coalesce(octet_length(e.result), 0) AS bytes ${FROM} ${all(where)}
           ORDER BY j.seq DESC LIMIT $${limit}::int),
         page AS MATERIALIZED (SELECT seq, bytes, sum(bytes) OVER (ORDER BY seq DESC) AS through FROM sized)
         ${RECORD} ${FROM} WHERE j.seq = ANY (ARRAY(SELECT seq FROM page WHERE through <= ${CALL_BYTES} OR through = bytes)) ORDER BY j.seq DESC`,
        values,
      );
      return rows.map(toRecord);
    },

    async count(filter: CountFilter = {}, options?: At): Promise<StateCounts> {
      const { where, values } = conditions(filter, options);
      const rows = (await (Object.values(filter).every((value) => value === undefined)
        ? store.report(COUNT_ALL, values)
        : store.report(
            `SELECT ${STANDS}::int, count(*), count(*) FILTER (WHERE ${DELAYED}) ${FROM} ${all(where)} GROUP BY 1`,
            values,
          ))) as [number, number, number][];
      const counts = noCounts();
      for (const [state, count, later] of rows) {
        counts[STATES[state]!] += count;
        counts.delayed += later;
      }
      return counts;
    },

    async prune(limit = 1_000, options?: At): Promise<number> {
      return store.transact(options, (tx) => prune(tx, limit, tx.now));
    },
  };
}

function conditions(filter: Omit<JobFilter, "limit" | "cursor">, at: At | undefined): { where: string[]; values: Value[] } {
  const where: string[] = [PRESENT];
  const values: Value[] = [at?.now ?? null];
  if (filter.state !== undefined) {
    const [state] = Object.entries(STATES).find(([, name]) => name === filter.state)!;
    const narrow = NARROW[filter.state];
    where.push(...(narrow === undefined ? [] : [narrow]), `${STANDS} = ${state}`);
  }
  if (filter.delayed !== undefined) where.push(filter.delayed ? DELAYED : `NOT ${DELAYED}`);
  if (filter.group !== undefined) where.push(`j.grp = $${values.push(filter.group)}::text`);
  if (filter.task !== undefined) where.push(`j.task = $${values.push(filter.task)}::text`);
  // A lane tells the queue: lanes of one queue are neighbours.
  if (filter.queue !== undefined)
    where.push(`j.lane / ${LEVELS} = (SELECT no FROM stem.queues WHERE name = $${values.push(filter.queue)}::text)`);
  return { where, values };
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}

/** Conditions that say nothing new but let an index lead. */
const NARROW: Readonly<Partial<Record<JobState, string>>> = {
  succeeded: "e.seq IS NOT NULL",
  failed: "e.state = 2 AND e.state > 1",
  cancelled: "e.state = 3 AND e.state > 1",
  expired: "e.state = 4 AND e.state > 1",
  blocked: "j.open > 0 AND e.seq IS NULL",
  active: "j.seq = ANY (ARRAY(SELECT seq FROM stem.active))",
  parked: "j.seq IN (SELECT seq FROM stem.parked)",
  ready: "e.seq IS NULL AND a.seq IS NULL AND p.seq IS NULL",
};

/** True while a stored job that has not succeeded waits, or may wait again, for the result of job `e.seq`. */
const neededBy = (
  but: string,
): string => `EXISTS (SELECT FROM stem.links l JOIN stem.jobs t ON t.seq = l.to_seq LEFT JOIN stem.ended x ON x.seq = l.to_seq
  WHERE l.from_seq = e.seq AND (x.seq IS NULL OR x.state <> 1${but}))`;

export const NEEDED = neededBy("");

/**
 * True unless the job has ended, has had its time by $1 (null: the store's clock), and nobody needs it who
 * has not: then it is as good as forgotten. Of a job that has not ended all of `e` is null.
 */
export const PRESENT = `(e.forget_at IS NULL OR e.forget_at > (SELECT ${CLOCK}) OR ${neededBy(` AND x.forget_at > (SELECT ${CLOCK})`)})`;

/**
 * All jobs by where they stand, each from a small table or an index; the successes are what is left of the
 * ended.
 */
const COUNT_ALL = `
  SELECT 1, (SELECT count(*) FROM stem.ended) - (SELECT count(*) FROM stem.ended WHERE state > 1), 0
  UNION ALL SELECT state::int, count(*), 0 FROM stem.ended WHERE state > 1 GROUP BY state
  UNION ALL SELECT 5, count(*), 0 FROM stem.active
  UNION ALL SELECT 6, count(*), 0 FROM stem.parked
  UNION ALL SELECT 7, count(*), 0 FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL
  UNION ALL SELECT 8, count(*), count(*) FILTER (WHERE due_at > (SELECT ${CLOCK})) FROM stem.line
  UNION ALL SELECT state::int, -count(*), 0 FROM stem.ended e WHERE forget_at <= (SELECT ${CLOCK}) AND NOT ${PRESENT} GROUP BY state`;

async function prune(sql: Sql, limit: number, now: number): Promise<number> {
  const jobs = await sql.rows(
    `SELECT e.seq FROM stem.ended e WHERE e.forget_at <= $1::bigint AND NOT ${NEEDED} ORDER BY e.forget_at LIMIT $2::int FOR UPDATE OF e SKIP LOCKED`,
    [now, limit],
  );
  await forget(
    sql,
    jobs.map(([seq]) => seq as number),
  );
  await sql.rows(
    `DELETE FROM stem.events WHERE seq IN (SELECT seq FROM stem.events WHERE forget_at <= $1::bigint ORDER BY forget_at LIMIT $2::int FOR UPDATE SKIP LOCKED)`,
    [now, limit],
  );
  await sql.rows(
    "DELETE FROM stem.workers w WHERE lease_until <= $1::bigint AND NOT EXISTS (SELECT FROM stem.loans l WHERE l.worker = w.no)",
    [now - HOUR_MS],
  );
  // Those of workers that an older version has forgotten, or signed off.
  await sql.rows("DELETE FROM stem.orders o WHERE NOT EXISTS (SELECT FROM stem.workers w WHERE w.no = o.worker)");
  await sql.rows("DELETE FROM stem.listeners WHERE until <= $1::bigint", [now]);
  return jobs.length;
}

/** Forgets jobs, wherever their record is, with their journals and links. */
export async function forget(sql: Sql, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await sql.rows(
    `WITH gone AS (DELETE FROM stem.jobs WHERE seq = ANY($1::bigint[]) RETURNING seq, links),
       e AS (DELETE FROM stem.ended WHERE seq = ANY($1::bigint[])),
       n AS (DELETE FROM stem.journal t USING gone WHERE t.job = gone.seq AND (gone.links & 4) <> 0),
       f AS (DELETE FROM stem.links t USING gone WHERE t.from_seq = gone.seq AND (gone.links & 1) <> 0)
     DELETE FROM stem.links t USING gone WHERE t.to_seq = gone.seq AND (gone.links & 2) <> 0`,
    [bigs(seqs)],
  );
}
