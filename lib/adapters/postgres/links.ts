import { JOB_DEFAULTS, type Input, type NewJob } from "../../contract/index.js";
import { ENDED, FINAL, GIVES } from "../relational/codes.js";
import { arriveAt, endOfInput, looseOf, type Arrivals, type DeadEnd, type Loose } from "../relational/ends.js";
import { inputOf } from "../relational/records.js";
import type { Sql } from "./connect/sql.js";
import { bigs, ints, texts } from "./connect/values.js";
import { enterLine, type LinePlace } from "./line.js";
import { lockJobs, lockPlaces } from "./locking/places.js";
import type { Tx } from "./store.js";

/**
 * Records the ends of jobs that did not succeed; returns those that others wait for.
 * The caller has taken them from their places.
 */
export async function end(tx: Tx, jobs: readonly DeadEnd[]): Promise<Loose[]> {
  if (jobs.length === 0) return [];
  await tx.rows(
    `INSERT INTO stem.ended (seq, state, ended_at, forget_at, started_at, attempts, fence, cause, error)
     SELECT u.seq, u.state, $1::bigint, $1::bigint + u.keep, u.started_at, u.attempts, u.fence, u.cause, u.error
     FROM unnest($2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::int[], $7::int[], $8::text[], $9::text[])
       u(seq, state, keep, started_at, attempts, fence, cause, error)`,
    [
      tx.now,
      bigs(jobs.map(({ seq }) => seq)),
      ints(jobs.map(({ state }) => ENDED[state])),
      bigs(jobs.map(({ keepFailed }) => keepFailed ?? JOB_DEFAULTS.keepFailedMs)),
      bigs(jobs.map(({ startedAt }) => startedAt)),
      ints(jobs.map(({ attempts }) => attempts)),
      ints(jobs.map(({ fence }) => fence)),
      texts(jobs.map(({ cause }) => cause)),
      texts(jobs.map(({ error }) => JSON.stringify(error))),
    ],
  );
  for (const job of jobs) {
    tx.announcement.done.push(job.id);
    if (job.own === undefined) tx.announcement.ended.push(job);
  }
  return jobs.filter(({ links }) => (links & GIVES) !== 0);
}

/**
 * Follows the links of jobs that have ended.
 * It frees jobs that have all their inputs, ends those that lost one, and so on down the line. Counts once
 * per target and batch, so that a fan-in of thousands stays linear; two batches that arrive at one target
 * meet in the lock of its row.
 */
export async function arrive(tx: Tx, ended: readonly Loose[]): Promise<void> {
  for (let batch = ended; batch.length > 0;) {
    const targets = await countTargets(tx, batch);
    batch = targets.size === 0 ? [] : await arriveAtJobs(tx, targets);
  }
}

async function countTargets(tx: Tx, batch: readonly Loose[]): Promise<Map<number, Arrivals>> {
  const sources = new Map(batch.map((job) => [job.seq, job]));
  const rows = (await tx.rows(
    `UPDATE stem.links l SET state = CASE WHEN u.good = 1 OR l.goes_on THEN 1 ELSE 2 END
     FROM unnest($1::bigint[], $2::int[]) u(seq, good) WHERE l.from_seq = u.seq AND l.state = 0 RETURNING l.to_seq, l.from_seq, l.goes_on`,
    [bigs(batch.map(({ seq }) => seq)), ints(batch.map(({ state }) => (state === "succeeded" ? 1 : 0)))],
  )) as [number, number, boolean][];
  const targets = new Map<number, Arrivals>();
  for (const [to, from, goesOn] of rows) arriveAt(targets, to, sources.get(from)!, goesOn);
  return targets;
}

type TargetRow = [
  seq: number,
  open: number,
  failed: number,
  lane: number,
  dueAt: number,
  id: string,
  links: number,
  attempts: number,
  fence: number,
  startedAt: number | null,
  keepFailed: number | null,
  expiresAt: number | null,
];

async function arriveAtJobs(tx: Tx, targets: ReadonlyMap<number, Arrivals>): Promise<Loose[]> {
  const seqs = await lockJobs(tx, [...targets.keys()]);
  const of = (count: (target: Arrivals) => number): number[] => seqs.map((seq) => count(targets.get(seq)!));
  const rows = (await tx.rows(
    `UPDATE stem.jobs j SET open = j.open - u.arrived, failed = j.failed + u.failed FROM unnest($1::bigint[], $2::int[], $3::int[]) u(seq, arrived, failed)
     WHERE j.seq = u.seq
     RETURNING j.seq, j.open, j.failed, j.lane, j.due_at, j.id, j.links, j.attempts, j.fence, j.started_at, j.keep_failed, j.expires_at`,
    [bigs(seqs), ints(of(({ arrived }) => arrived)), ints(of(({ failed }) => failed))],
  )) as TargetRow[];
  // Read after the rows are held: a transaction that ended one of them meanwhile has committed by now.
  const gone = new Set(
    (await tx.rows("SELECT seq FROM stem.ended WHERE seq = ANY($1::bigint[])", [bigs(seqs)])).map(([seq]) => seq as number),
  );
  const free: LinePlace[] = [];
  const lost: DeadEnd[] = [];
  for (const [seq, open, failed, lane, dueAt, id, links, attempts, fence, startedAt, keepFailed, expiresAt] of rows) {
    if (gone.has(seq)) continue;
    const { by } = targets.get(seq)!;
    if (by !== undefined) lost.push({ seq, id, links, attempts, fence, startedAt, keepFailed, ...endOfInput(by) });
    else if (open === 0 && failed === 0) free.push({ seq, lane, dueAt, expiresAt: fence === 0 ? expiresAt : null });
  }
  await enterLine(tx, free);
  return end(tx, lost);
}

/**
 * Opens the failed links of jobs that will run again.
 * Jobs that had failed because of them, and for no other reason, are blocked again, and so on down the line.
 */
export async function revive(tx: Tx, from: readonly number[]): Promise<void> {
  for (let batch = from; batch.length > 0;) {
    const rows = await tx.rows("UPDATE stem.links SET state = 0 WHERE from_seq = ANY($1::bigint[]) AND state = 2 RETURNING to_seq", [
      bigs(batch),
    ]);
    if (rows.length === 0) return;
    const counts = new Map<number, number>();
    for (const [to] of rows as [number][]) counts.set(to, (counts.get(to) ?? 0) + 1);
    const seqs = await lockJobs(tx, [...counts.keys()]);
    const whole = await tx.rows(
      `UPDATE stem.jobs j SET open = j.open + u.n, failed = j.failed - u.n FROM unnest($1::bigint[], $2::int[]) u(seq, n) WHERE j.seq = u.seq
       RETURNING j.seq, j.failed`,
      [bigs(seqs), ints(seqs.map((seq) => counts.get(seq)!))],
    );
    batch = await reopen(
      tx,
      whole.filter(([, failed]) => failed === 0).map(([seq]) => seq as number),
      "input",
    );
  }
}

/**
 * Takes jobs back out of `ended`, attempts and lapses at 0, the fence kept.
 * Returns those that had ended, and of this cause.
 */
export async function reopen(tx: Tx, seqs: readonly number[], cause?: "input"): Promise<number[]> {
  if (seqs.length === 0) return [];
  // The error stays as the last failure: a job that was handed it as an input may still ask for it.
  const rows = await tx.rows(
    `WITH back AS (DELETE FROM stem.ended WHERE seq = ANY($1::bigint[]) ${cause === undefined ? "" : "AND cause = 'input'"} RETURNING seq, fence, error, started_at)
     UPDATE stem.jobs j SET attempts = 0, lapses = 0, fence = back.fence, error = back.error,
       started_at = coalesce(back.started_at, j.started_at) FROM back WHERE j.seq = back.seq RETURNING j.seq`,
    [bigs(seqs)],
  );
  return rows.map(([seq]) => seq as number);
}

/**
 * Stores the arrows into new jobs. An arrow from a job that was stored already counts as well, at once if
 * that job has ended: a new job never waits for something that nobody will tell it.
 */
export async function link(tx: Tx, jobs: readonly NewJob[], duplicates: readonly string[]): Promise<void> {
  const known = new Set(duplicates);
  const targets = new Set(jobs.filter(({ id, waitsFor }) => waitsFor !== undefined && !known.has(id)).map(({ id }) => id));
  const arrows = jobs.flatMap(({ id, links = [] }) =>
    links
      .filter(({ to }) => targets.has(to))
      .map(({ to, position, onFailure }) => ({ from: id, to, position, goesOn: onFailure === "continue" })),
  );
  if (arrows.length === 0) return;
  const old = [...new Set(arrows.map(({ from }) => from).filter((id) => known.has(id)))];
  const loose = old.length === 0 ? [] : await markSources(tx, old);
  await tx.rows(
    `INSERT INTO stem.links (to_seq, position, from_seq, goes_on)
     SELECT t.seq, u.position, f.seq, u.goes_on = 1
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::int[]) u(target, position, source, goes_on)
       JOIN stem.jobs t ON t.id = u.target JOIN stem.jobs f ON f.id = u.source`,
    [
      texts(arrows.map(({ to }) => to)),
      bigs(arrows.map(({ position }) => position)),
      texts(arrows.map(({ from }) => from)),
      ints(arrows.map(({ goesOn }) => (goesOn ? 1 : 0))),
    ],
  );
  await arrive(tx, loose);
}

/**
 * Makes stored jobs such that others wait for them; returns those that have ended. Each is held in its place
 * while that is done, so that nobody lends or ends it meanwhile who does not see that others wait.
 */
async function markSources(tx: Tx, ids: readonly string[]): Promise<Loose[]> {
  const places = await lockPlaces(tx, ids);
  const seqs = bigs(places.map(({ seq }) => seq));
  await tx.rows("UPDATE stem.jobs SET links = links | 1 WHERE seq = ANY($1::bigint[])", [seqs]);
  // Put into their line anew: a claim that began before this commits does not see that others wait, so it
  // must not find them there.
  await tx.rows(
    `WITH gone AS (
       DELETE FROM stem.line l USING stem.jobs j WHERE j.seq = ANY($1::bigint[]) AND l.lane = j.lane AND l.due_at = j.due_at AND l.seq = j.seq RETURNING l.*)
     INSERT INTO stem.line SELECT * FROM gone`,
    [seqs],
  );
  await tx.rows("UPDATE stem.loans SET touched = true WHERE seqs && $1::bigint[]", [seqs]);
  const ended = places.filter(({ stands }) => stands <= 4);
  if (ended.length === 0) return [];
  const errors = new Map(
    (await tx.rows("SELECT seq, error FROM stem.ended WHERE seq = ANY($1::bigint[])", [bigs(ended.map(({ seq }) => seq))])) as [
      number,
      string | null,
    ][],
  );
  return ended.map(({ seq, id, stands }) => looseOf(seq, id, FINAL[stands]!, errors.get(seq) ?? null));
}

/** What the jobs that these waited for have left them, by the job's number, in order of position. */
export async function inputsOf(sql: Sql, seqs: readonly number[]): Promise<ReadonlyMap<number, readonly Input[]>> {
  const rows = (await sql.rows(
    // An input that has been retried since has not ended now: what it had left is its last failure.
    `SELECT l.to_seq, j.id, coalesce(e.state, 2)::int, e.result, coalesce(e.error, j.error)
     FROM stem.links l JOIN stem.jobs j ON j.seq = l.from_seq LEFT JOIN stem.ended e ON e.seq = l.from_seq
     WHERE l.to_seq = ANY($1::bigint[]) ORDER BY l.to_seq, l.position`,
    [bigs(seqs)],
  )) as [number, string, number, string | null, string | null][];
  const inputs = new Map<number, Input[]>();
  for (const [to, jobId, ended, result, error] of rows) {
    let list = inputs.get(to);
    if (list === undefined) inputs.set(to, (list = []));
    list.push(inputOf(jobId, ended, result, error));
  }
  return inputs;
}
