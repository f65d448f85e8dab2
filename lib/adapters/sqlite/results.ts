import type { At, DeathCause, Failure, JobFilter, JobRecord, JobState, Results } from "../../contract/index.js";
import { FINAL } from "./links.js";
import { clock, LEVELS, type Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** Where a job stands, as a number: 1–4 ended, 5 active, 6 parked, 7 blocked, 8 ready. */
export const STANDS = `CASE WHEN e.seq IS NOT NULL THEN e.state WHEN a.seq IS NOT NULL THEN 5 WHEN p.seq IS NOT NULL THEN 6 WHEN j.open > 0 THEN 7 ELSE 8 END`;

export const STATES: Readonly<Record<number, JobState>> = { ...FINAL, 5: "active", 6: "parked", 7: "blocked", 8: "ready" };

export const FROM = `FROM jobs j LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN active a ON a.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;

const RECORD = `SELECT j.id, j.task, j.lane, ${STANDS}, j.payload, j.headers, j.grp, coalesce(e.attempts, j.attempts + (a.seq IS NOT NULL)), j.lapses,
  j.enqueued_at, coalesce(j.due_at, j.enqueued_at), coalesce(e.started_at, a.started_at, j.started_at), e.ended_at, e.result, coalesce(e.error, j.error),
  e.cause, (SELECT w.id FROM workers w WHERE w.no = a.worker) ${FROM}`;

type RecordRow = [
  string,
  string,
  number,
  number,
  string,
  string | null,
  string | null,
  number,
  number,
  number,
  number,
  number | null,
  number | null,
  string | null,
  string | null,
  DeathCause | null,
  string | null,
];

/** The result backend. */
export function results(store: Store): Results {
  return {
    async get(ids: readonly string[]): Promise<readonly (JobRecord | undefined)[]> {
      return store.read(() =>
        ids.map((id) => {
          const row = store.rows(`${RECORD} WHERE j.id = ?`).get(id) as RecordRow | undefined;
          return row === undefined ? undefined : toRecord(store, row);
        }),
      );
    },

    async list(filter: JobFilter = {}): Promise<readonly JobRecord[]> {
      const { where, values } = conditions(filter);
      if (filter.cursor !== undefined) {
        where.push("j.seq < (SELECT seq FROM jobs WHERE id = ?)");
        values.push(filter.cursor);
      }
      const limit = Math.min(filter.limit ?? 100, 1_000);
      return store.read(() => {
        const rows = store.rows(`${RECORD} WHERE ${where.join(" AND ")} ORDER BY j.seq DESC LIMIT ?`).all(...values, limit) as RecordRow[];
        return Array.from(rows, (row) => toRecord(store, row));
      });
    },

    async count(filter: Omit<JobFilter, "limit" | "cursor" | "state"> = {}): Promise<Readonly<Record<JobState, number>>> {
      const { where, values } = conditions(filter);
      const rows = store.read(
        () => store.rows(`SELECT ${STANDS}, count(*) ${FROM} WHERE ${where.join(" AND ")} GROUP BY 1`).all(...values) as [number, number][],
      );
      const counts: Record<JobState, number> = {
        blocked: 0,
        ready: 0,
        active: 0,
        parked: 0,
        succeeded: 0,
        failed: 0,
        cancelled: 0,
        expired: 0,
      };
      for (const [state, count] of rows) counts[STATES[state]!] = count;
      return counts;
    },

    async prune(limit = 1_000, options?: At): Promise<number> {
      const now = clock(options);
      return store.write(() => prune(store, limit, now));
    },
  };
}

function conditions(filter: Omit<JobFilter, "limit" | "cursor">): { where: string[]; values: unknown[] } {
  const where = ["1"];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    where.push(condition);
    values.push(value);
  };
  if (filter.state !== undefined) {
    const [state] = Object.entries(STATES).find(([, name]) => name === filter.state)!;
    where.push(NARROW[filter.state]);
    add(`${STANDS} = ?`, Number(state));
  }
  if (filter.group !== undefined) add("j.grp = ?", filter.group);
  if (filter.task !== undefined) add("j.task = ?", filter.task);
  // A lane tells the queue: lanes of one queue are neighbours.
  if (filter.queue !== undefined) add(`j.lane / ${LEVELS} = (SELECT no FROM queues WHERE name = ?)`, filter.queue);
  return { where, values };
}

/** Conditions that say nothing new but let a small table or index lead. */
const NARROW: Readonly<Record<JobState, string>> = {
  succeeded: "e.seq IS NOT NULL",
  failed: "e.state = 2 AND e.state > 1",
  cancelled: "e.state = 3 AND e.state > 1",
  expired: "e.state = 4 AND e.state > 1",
  active: "a.seq IS NOT NULL",
  parked: "p.seq IS NOT NULL",
  blocked: "j.open > 0",
  ready: "1",
};

function toRecord(store: Store, row: RecordRow): JobRecord {
  const [
    id,
    task,
    lane,
    state,
    payload,
    headers,
    group,
    attempts,
    lapses,
    enqueuedAt,
    dueAt,
    startedAt,
    endedAt,
    result,
    error,
    cause,
    worker,
  ] = row;
  return {
    id,
    task,
    queue: store.queueOf(lane),
    state: STATES[state]!,
    payload,
    ...(headers !== null && { headers: JSON.parse(headers) as Record<string, string> }),
    priority: LEVELS - 1 - (lane % LEVELS),
    ...(group !== null && { group }),
    attempts,
    lapses,
    enqueuedAt,
    dueAt,
    ...(startedAt !== null && { startedAt }),
    ...(endedAt !== null && { endedAt }),
    ...(result !== null && { result }),
    ...(error !== null && { error: JSON.parse(error) as Failure }),
    ...(cause !== null && { cause }),
    ...(worker !== null && { worker }),
  };
}

/** True while a stored job that has not succeeded waits, or may wait again, for the result of job `ended.seq`. */
export const NEEDED = `EXISTS (SELECT 1 FROM links l JOIN jobs t ON t.seq = l.to_seq LEFT JOIN ended x ON x.seq = l.to_seq
  WHERE l.from_seq = ended.seq AND (x.seq IS NULL OR x.state <> 1))`;

function prune(store: Store, limit: number, now: number): number {
  const jobs = store
    .value(`SELECT seq FROM ended WHERE forget_at <= ? AND NOT ${NEEDED} ORDER BY forget_at LIMIT ?`)
    .all(now, limit) as number[];
  forget(store, jobs);
  store.sql("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)").run(now, limit);
  store.sql("DELETE FROM workers WHERE lease_until <= ? AND no NOT IN (SELECT worker FROM active)").run(now - HOUR_MS);
  return jobs.length;
}

/** Forgets jobs, wherever their record is, with their journals and links. Their numbers are never given to another job. */
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
