import { noCounts, PageOfRecords } from "../../contract/index.js";
import type { At, CountFilter, JobFilter, JobRecord, JobState, Results, StateCounts } from "../../contract/index.js";
import { DUE_AT, FROM, RECORD, STANDS, STATES, toRecord, type RecordRow } from "./rows.js";
import { LEVELS, type Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** The result backend. */
export function results(store: Store): Results {
  return {
    async get(ids: readonly string[], options?: At): Promise<readonly (JobRecord | undefined)[]> {
      const now = store.clock(options);
      return store.read(() =>
        ids.map((id) => {
          const row = store.rows(`${RECORD} ${FROM} WHERE j.id = ? AND ${present("e")}`).get({ now }, id) as RecordRow | undefined;
          return row === undefined ? undefined : toRecord(store, row, now);
        }),
      );
    },

    async list(filter: JobFilter = {}, options?: At): Promise<readonly JobRecord[]> {
      const now = store.clock(options);
      const { where, values } = conditions(filter, now);
      if (filter.cursor !== undefined) {
        where.push("j.seq < (SELECT seq FROM jobs WHERE id = ?)");
        values.push(filter.cursor);
      }
      const limit = Math.min(filter.limit ?? 100, 1_000);
      const from = filter.state === "active" ? FROM_ACTIVE : filter.state === "parked" ? FROM_PARKED : FROM;
      return store.read(() => {
        const page = new PageOfRecords(limit);
        const rows = store.rows(`${RECORD} ${from} ${all(where)} ORDER BY j.seq DESC LIMIT ?`).iterate(...values, limit);
        for (const row of rows) if (!page.add(toRecord(store, row as RecordRow, now))) break;
        return page.records;
      });
    },

    async count(filter: CountFilter = {}, options?: At): Promise<StateCounts> {
      const now = store.clock(options);
      const { where, values } = conditions(filter, now);
      const everything = Object.values(filter).every((value) => value === undefined);
      const rows = store.read(
        () =>
          (everything
            ? store.rows(COUNT_ALL).all({ now })
            : store.rows(`SELECT ${STANDS}, count(*), total(${DELAYED}) ${FROM} ${all(where)} GROUP BY 1`).all(...values)) as Counted[],
      );
      const counts = noCounts();
      for (const [state, count, later] of rows) {
        counts[STATES[state]!] += count;
        counts.delayed += later;
      }
      return counts;
    },

    async prune(limit = 1_000, options?: At): Promise<number> {
      const now = store.clock(options);
      return store.write(() => prune(store, limit, now));
    },
  };
}

/** State, jobs in it, and how many of them are delayed. */
type Counted = [number, number, number];

/** True of a job that is ready, but due after `@now`. */
const DELAYED = `(${STANDS} = 8 AND ${DUE_AT} > @now)`;

function conditions(filter: Omit<JobFilter, "limit" | "cursor">, now: number): { where: string[]; values: unknown[] } {
  const where: string[] = [present("e")];
  const values: unknown[] = [{ now }];
  const add = (condition: string, value: unknown): void => {
    where.push(condition);
    values.push(value);
  };
  if (filter.state !== undefined) {
    const [state] = Object.entries(STATES).find(([, name]) => name === filter.state)!;
    const narrow = NARROW[filter.state];
    if (narrow !== undefined) where.push(narrow);
    add(`${STANDS} = ?`, Number(state));
  }
  if (filter.delayed !== undefined) where.push(filter.delayed ? DELAYED : `NOT ${DELAYED}`);
  if (filter.group !== undefined) add("j.grp = ?", filter.group);
  if (filter.task !== undefined) add("j.task = ?", filter.task);
  // A lane tells the queue: lanes of one queue are neighbours.
  if (filter.queue !== undefined) add(`j.lane / ${LEVELS} = (SELECT no FROM queues WHERE name = ?)`, filter.queue);
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
  blocked: "j.open > 0",
};

/** Small tables lead: without this all jobs would be gone through to find the few that are running. */
const FROM_ACTIVE = `FROM active a CROSS JOIN jobs j ON j.seq = a.seq LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;
const FROM_PARKED = `FROM parked p CROSS JOIN jobs j ON j.seq = p.seq LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN active a ON a.seq = j.seq`;

/**
 * True while a stored job that has not succeeded waits, or may wait again, for the result of the ended job
 * `e`.
 */
export const neededBy = (e: string, but = ""): string =>
  `EXISTS (SELECT 1 FROM links l JOIN jobs t ON t.seq = l.to_seq LEFT JOIN ended x ON x.seq = l.to_seq
  WHERE l.from_seq = ${e}.seq AND (x.seq IS NULL OR x.state <> 1${but}))`;

/**
 * True unless the job has ended, has had its time by `@now`, and nobody needs it who has not: then it is as
 * good as forgotten. Of a job that has not ended all of `e` is null.
 */
export const present = (e: string): string =>
  `(${e}.forget_at IS NULL OR ${e}.forget_at > @now OR ${neededBy(e, " AND x.forget_at > @now")})`;

/**
 * All jobs by where they stand, each from a small table or an index; the successes are what is left of the
 * ended.
 */
const COUNT_ALL = `
  SELECT 1, (SELECT count(*) FROM ended) - (SELECT count(*) FROM ended WHERE state > 1), 0
  UNION ALL SELECT state, count(*), 0 FROM ended WHERE state > 1 GROUP BY state
  UNION ALL SELECT 5, count(*), 0 FROM active
  UNION ALL SELECT 6, count(*), 0 FROM parked
  UNION ALL SELECT 7, count(*), 0 FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL
  UNION ALL SELECT 8, count(*), total(due_at > @now) FROM line
  UNION ALL SELECT state, -count(*), 0 FROM ended WHERE forget_at <= @now AND NOT ${present("ended")} GROUP BY state`;

function prune(store: Store, limit: number, now: number): number {
  const jobs = store
    .value(`SELECT seq FROM ended WHERE forget_at <= ? AND NOT ${neededBy("ended")} ORDER BY forget_at LIMIT ?`)
    .all(now, limit) as number[];
  forget(store, jobs);
  store.sql("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)").run(now, limit);
  store.sql("DELETE FROM workers WHERE lease_until <= ? AND no NOT IN (SELECT worker FROM active)").run(now - HOUR_MS);
  return jobs.length;
}

/**
 * Forgets jobs, wherever their record is, with their journals and links. Their numbers are never given to
 * another job.
 */
export function forget(store: Store, seqs: readonly number[]): void {
  if (seqs.length === 0) return;
  const top = seqs.reduce((a, b) => Math.max(a, b));
  store.sql("UPDATE meta SET value = ? WHERE name = 'seq_floor' AND value < ? AND ? = (SELECT max(seq) FROM jobs)").run(top, top, top);
  for (const seq of seqs) {
    const links = store.value("DELETE FROM jobs WHERE seq = ? RETURNING links").get(seq) as number | undefined;
    store.sql("DELETE FROM ended WHERE seq = ?").run(seq);
    if (links === undefined || links === 0) continue;
    store.sql("DELETE FROM journal WHERE job = ?").run(seq);
    store.sql("DELETE FROM links WHERE from_seq = ?").run(seq);
    store.sql("DELETE FROM links WHERE to_seq = ?").run(seq);
  }
}
