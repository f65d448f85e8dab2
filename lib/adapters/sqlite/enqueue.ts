import { expiryOf, hasExpiry, hasFacts, hasLinks, IdTakenError, metKnown, type Met, type NewJob } from "../../contract/index.js";
import { GIVES, KEYED, laneOf, TAKES } from "../relational/codes.js";
import { keyText } from "../relational/keys.js";
import { meet, take } from "./keys.js";
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
const INSERT_KEYED = insertion(`${FULL}, key`, 1);

/**
 * Stores jobs inside the caller's transaction and returns those that were not stored, in the order given.
 *
 * @param refuses whether an id of another task's job is an error, and not only a job that is not stored
 * @throws {IdTakenError} the transaction is to be rolled back
 */
export function enqueue(store: Store, jobs: readonly NewJob[], now: number, refuses = false): readonly Met[] {
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
  const insert = (at: number, end: number, plain: boolean, key?: string): number => {
    const values: unknown[] = [];
    for (let i = at; i < end; i++) {
      const job = jobs[i]!;
      values.push(first + i, job.id, laneFor(job), job.task, now, dueAt(job, now), job.payload);
      if (plain) continue;
      const open = job.waitsFor ?? 0;
      const gives = job.links !== undefined && job.links.length > 0;
      linked ||= gives;
      values.push(expiryOf(job, now) ?? null, job.maxLapses ?? null, job.keepResultMs ?? null, job.keepFailedMs ?? null, job.group ?? null);
      values.push(
        job.headers === undefined ? null : JSON.stringify(job.headers),
        (gives ? GIVES : 0) | (open > 0 ? TAKES : 0) | (key === undefined ? 0 : KEYED),
        open,
      );
    }
    if (key !== undefined) return store.sql(INSERT_KEYED).run([...values, key]).changes;
    const sql = plain ? (end - at === 1 ? INSERT_PLAIN : INSERT_PLAINS) : end - at === 1 ? INSERT_FULL : INSERT_FULLS;
    return store.sql(sql).run(values).changes;
  };
  if (jobs.some(({ unique }) => unique !== undefined))
    return enqueueInOrder(store, jobs, { first, now, refuses, laneFor, insert: (i, key) => insert(i, i + 1, isPlain(jobs[i]!), key) });
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
  if (stored === 0 && !linked) return metKnown(jobs.map(({ id }) => id));
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
  return fresh === undefined ? [] : metKnown(jobs.filter((_, i) => !fresh.has(first + i)).map(({ id }) => id));
}

interface Batch {
  /** Number of the first job. */
  readonly first: number;
  readonly now: number;
  readonly refuses: boolean;
  laneFor(job: NewJob): number;
  /** Stores the job of that index, with what `jobs.key` is to hold if it has a key. */
  insert(index: number, key: string | undefined): void;
}

/** As `enqueue`, one after the other, for a call with unique keys: a job may meet one of the same call. */
function enqueueInOrder(store: Store, jobs: readonly NewJob[], { first, now, refuses, laneFor, insert }: Batch): readonly Met[] {
  const met: Met[] = [];
  const fresh = new Set<number>();
  for (const [i, job] of jobs.entries()) {
    const { id, unique } = job;
    const known = knownBy(store, id, now);
    if (known !== undefined && !givesWay(known, job, refuses)) {
      met.push({ id, as: "known", existing: id });
      continue;
    }
    const held = unique && meet(store, job, unique, now);
    if (held !== undefined) {
      met.push(held);
      continue;
    }
    if (known !== undefined) forget(store, [known[0]]);
    insert(i, unique && keyText(unique));
    if (unique !== undefined) take(store, first + i, job, unique, now);
    if ((job.waitsFor ?? 0) === 0) enterLine(store, first + i, laneFor(job), dueAt(job, now) ?? now);
    fresh.add(first + i);
  }
  if (jobs.some(hasLinks)) arrive(store, link(store, jobs, first, fresh), now);
  return met;
}

type Known = [seq: number, task: string, ended: number | null, isGone: number, isNeeded: number];

/** The stored job of an id. */
function knownBy(store: Store, id: string, now: number): Known | undefined {
  return store
    .rows(
      `SELECT j.seq, j.task, e.state, e.seq IS NOT NULL AND NOT ${present("e")}, e.seq IS NOT NULL AND ${neededBy("e")}
       FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.id = ?`,
    )
    .get({ now }, id) as Known | undefined;
}

/**
 * Whether the stored job of an id has to give way to a new one.
 * @throws {IdTakenError}
 */
function givesWay([, holder, ended, isGone, isNeeded]: Known, { id, task, known }: NewJob, refuses: boolean): boolean {
  if (isGone !== 0) return true;
  if (refuses && holder !== task) throw new IdTakenError(id, task, holder);
  return known === "again" && holder === task && ended !== null && isNeeded === 0;
}

/**
 * Forgets the stored job of an id if it has to give way to a new one; says whether.
 * @throws {IdTakenError}
 */
function makePlace(store: Store, job: NewJob, now: number, refuses: boolean): boolean {
  const known = knownBy(store, job.id, now)!;
  if (!givesWay(known, job, refuses)) return false;
  forget(store, [known[0]]);
  return true;
}

/** When the job is due, if it says so. */
function dueAt(job: NewJob, now: number): number | null {
  return job.delayMs === undefined ? (job.dueAt ?? null) : now + job.delayMs;
}

/** Says nothing, or nothing but the defaults, of what is seldom said: a third of the columns to write. */
function isPlain(job: NewJob): boolean {
  return !hasFacts(job) && !hasExpiry(job) && !hasLinks(job) && job.unique === undefined;
}

function insertion(columns: string, rows: number): string {
  const row = `(${columns.replaceAll(/\w+/g, "?")})`;
  return `INSERT INTO jobs (${columns}) VALUES ${Array<string>(rows).fill(row).join(", ")} ON CONFLICT (id) DO NOTHING`;
}
