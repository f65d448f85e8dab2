import { expiryOf, hasExpiry, hasFacts, hasLinks, IdTakenError, type NewJob } from "../../contract/index.js";
import { GIVES, laneOf, TAKES } from "../relational/codes.js";
import { enterLine } from "./line.js";
import { arrive, link } from "./links.js";
import { forget } from "./prune.js";
import { neededBy, present } from "./rows.js";
import type { Store } from "./store.js";

/** Rows per statement: fewer, longer statements; beyond this there is no gain. */
const ROWS = 20;

const PLAIN = "seq, id, lane, task, enqueued_at, due_at, payload";
const FULL = `${PLAIN}, expires_at, max_lapses, keep_result, keep_failed, grp, headers, links, open`;

const [INSERT_PLAIN, INSERT_PLAINS] = [insertion(PLAIN, 1), insertion(PLAIN, ROWS)];
const [INSERT_FULL, INSERT_FULLS] = [insertion(FULL, 1), insertion(FULL, ROWS)];

/**
 * Stores jobs inside the caller's transaction and returns the ids that were stored already, in the order
 * given.
 *
 * @param refuses whether an id of another task's job is an error, and not only a job that is not stored
 * @throws {IdTakenError} the transaction is to be rolled back
 */
export function enqueue(store: Store, jobs: readonly NewJob[], now: number, refuses = false): readonly string[] {
  const first =
    (store.value("SELECT max((SELECT value FROM meta WHERE name = 'seq_floor'), ifnull((SELECT max(seq) FROM jobs), 0))").get() as number) +
    1;
  const lanes = new Map<string, number>();
  const laneFor = (job: NewJob): number => {
    let base = lanes.get(job.queue);
    if (base === undefined) lanes.set(job.queue, (base = laneOf(store.queueNumber(job.queue), 0)));
    return base - (job.priority ?? 0);
  };
  const last = first + jobs.length - 1;
  let linked = false;
  const insert = (at: number, end: number, plain: boolean): number => {
    const values: unknown[] = [];
    for (let i = at; i < end; i++) {
      const job = jobs[i]!;
      values.push(first + i, job.id, laneFor(job), job.task, now, dueAt(job, now), job.payload);
      if (plain) continue;
      const open = job.waitsFor ?? 0;
      const gives = job.links !== undefined && job.links.length > 0;
      linked ||= gives;
      values.push(expiryOf(job, now) ?? null, job.maxLapses ?? null, job.keepResultMs ?? null, job.keepFailedMs ?? null, job.group ?? null);
      values.push(job.headers === undefined ? null : JSON.stringify(job.headers), (gives ? GIVES : 0) | (open > 0 ? TAKES : 0), open);
    }
    const sql = plain ? (end - at === 1 ? INSERT_PLAIN : INSERT_PLAINS) : end - at === 1 ? INSERT_FULL : INSERT_FULLS;
    return store.sql(sql).run(values).changes;
  };
  let stored = 0;
  for (let at = 0; at < jobs.length;) {
    const plain = isPlain(jobs[at]!);
    let end = at + 1;
    while (end < jobs.length && end < at + ROWS && isPlain(jobs[end]!) === plain) end++;
    // Two lengths of statement only, so that few are prepared.
    if (end - at < ROWS) end = at + 1;
    stored += insert(at, end, plain);
    at = end;
  }
  let fresh: Set<number> | undefined;
  if (stored < jobs.length) {
    fresh = new Set(store.value("SELECT seq FROM jobs WHERE seq BETWEEN ? AND ?").all(first, last) as number[]);
    for (let i = 0; i < jobs.length; i++) {
      if (fresh.has(first + i) || !makePlace(store, jobs[i]!, now, refuses)) continue;
      stored += insert(i, i + 1, isPlain(jobs[i]!));
      fresh.add(first + i);
    }
  }
  if (stored === 0 && !linked) return jobs.map(({ id }) => id);
  if (stored === jobs.length) fresh = undefined;
  const loose = linked ? link(store, jobs, first, fresh) : [];
  if (stored === 1 && jobs.length === 1) enterLine(store, first, laneFor(jobs[0]!), dueAt(jobs[0]!, now) ?? now);
  else {
    store
      .sql(
        "INSERT INTO line (lane, due_at, seq) SELECT lane, coalesce(due_at, enqueued_at), seq FROM jobs WHERE seq BETWEEN ? AND ? AND open = 0",
      )
      .run(first, last);
    for (const queue of lanes.keys()) store.hintWork(queue);
  }
  if (loose.length > 0) arrive(store, loose, now);
  return fresh === undefined ? [] : jobs.filter((_, i) => !fresh.has(first + i)).map(({ id }) => id);
}

type Met = [seq: number, task: string, ended: number | null, isGone: number, isNeeded: number];

/**
 * Forgets the stored job of an id if it has to give way to a new one; says whether.
 * @throws {IdTakenError}
 */
function makePlace(store: Store, { id, task, known }: NewJob, now: number, refuses: boolean): boolean {
  const [seq, holder, ended, isGone, isNeeded] = store
    .rows(
      `SELECT j.seq, j.task, e.state, e.seq IS NOT NULL AND NOT ${present("e")}, e.seq IS NOT NULL AND ${neededBy("e")}
       FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.id = ?`,
    )
    .get({ now }, id) as Met;
  if (isGone === 0) {
    if (refuses && holder !== task) throw new IdTakenError(id, task, holder);
    if (known !== "again" || holder !== task || ended === null || isNeeded === 1) return false;
  }
  forget(store, [seq]);
  return true;
}

/** When the job is due, if it says so. */
function dueAt(job: NewJob, now: number): number | null {
  return job.delayMs === undefined ? (job.dueAt ?? null) : now + job.delayMs;
}

/** Says nothing, or nothing but the defaults, of what is seldom said: a third of the columns to write. */
function isPlain(job: NewJob): boolean {
  return !hasFacts(job) && !hasExpiry(job) && !hasLinks(job);
}

function insertion(columns: string, rows: number): string {
  const row = `(${columns.replaceAll(/\w+/g, "?")})`;
  return `INSERT INTO jobs (${columns}) VALUES ${Array<string>(rows).fill(row).join(", ")} ON CONFLICT (id) DO NOTHING`;
}
