import { JOB_DEFAULTS, type Input, type NewJob } from "../../contract/index.js";
import { ENDED, FINAL, GIVES } from "../relational/codes.js";
import { arriveAt, endOfInput, looseOf, type Arrivals, type DeadEnd, type Loose } from "../relational/ends.js";
import { inputOf } from "../relational/records.js";
import { enterLine } from "./line.js";
import type { Store } from "./store.js";

/**
 * Records the end of a job that did not succeed; `loose` collects it if others wait for it.
 * The caller has taken it from its place.
 */
export function end(store: Store, job: DeadEnd, now: number, loose: Loose[]): void {
  store
    .sql(
      "INSERT INTO ended (seq, state, ended_at, forget_at, started_at, attempts, fence, cause, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      job.seq,
      ENDED[job.state],
      now,
      now + (job.keepFailed ?? JOB_DEFAULTS.keepFailedMs),
      job.startedAt,
      job.attempts,
      job.fence,
      job.cause,
      JSON.stringify(job.error),
    );
  if (job.links & GIVES) loose.push(job);
  if (job.own === undefined) store.ended.push(job);
  store.hintDone(job.id);
}

/**
 * Follows the links of jobs that have ended.
 * It frees jobs that have all their inputs, ends those that lost one, and so on down the line. Counts once
 * per target and batch, so that a fan-in of thousands stays linear.
 */
export function arrive(store: Store, ended: readonly Loose[], now: number): void {
  for (let batch = ended; batch.length > 0;) {
    const targets = countTargets(store, batch);
    const next: Loose[] = [];
    for (const [seq, target] of targets) arriveAtJob(store, seq, target, now, next);
    batch = next;
  }
}

function countTargets(store: Store, batch: readonly Loose[]): Map<number, Arrivals> {
  const open = store.rows("SELECT to_seq, goes_on FROM links WHERE from_seq = ? AND state = 0");
  const close = store.sql("UPDATE links SET state = CASE WHEN ? OR goes_on THEN 1 ELSE 2 END WHERE from_seq = ? AND state = 0");
  const targets = new Map<number, Arrivals>();
  for (const job of batch) {
    for (const [to, goesOn] of open.all(job.seq) as [number, number][]) arriveAt(targets, to, job, goesOn === 1);
    close.run(job.state === "succeeded" ? 1 : 0, job.seq);
  }
  return targets;
}

function arriveAtJob(store: Store, seq: number, { arrived, failed, by }: Arrivals, now: number, next: Loose[]): void {
  const row = store
    .rows(
      `UPDATE jobs SET open = open - ?, failed = failed + ? WHERE seq = ?
       RETURNING open, failed, lane, coalesce(due_at, enqueued_at), id, links, attempts, fence, started_at, keep_failed`,
    )
    .get(arrived, failed, seq) as
    [number, number, number, number, string, number, number, number, number | null, number | null] | undefined;
  if (row === undefined || store.value("SELECT 1 FROM ended WHERE seq = ?").get(seq) !== undefined) return;
  const [open, lost, lane, dueAt, id, links, attempts, fence, startedAt, keepFailed] = row;
  if (by !== undefined) end(store, { seq, id, links, attempts, fence, startedAt, keepFailed, ...endOfInput(by) }, now, next);
  else if (open === 0 && lost === 0) enterLine(store, seq, lane, dueAt);
}

/**
 * Opens the failed links of jobs that will run again.
 * Jobs that had failed because of them, and for no other reason, are blocked again, and so on down the line.
 */
export function revive(store: Store, from: readonly number[]): void {
  for (let batch = from; batch.length > 0;) {
    const next: number[] = [];
    for (const seq of batch) {
      const targets = store.value("SELECT to_seq FROM links WHERE from_seq = ? AND state = 2").all(seq) as number[];
      if (targets.length === 0) continue;
      store.sql("UPDATE links SET state = 0 WHERE from_seq = ? AND state = 2").run(seq);
      for (const to of targets) {
        const failed = store.value("UPDATE jobs SET open = open + 1, failed = failed - 1 WHERE seq = ? RETURNING failed").get(to);
        if (failed === 0 && reopen(store, to, "input")) next.push(to);
      }
    }
    batch = next;
  }
}

/**
 * Takes a job back out of `ended`, attempts and lapses at 0, the fence kept.
 * False if it has not ended, or not of this cause.
 */
export function reopen(store: Store, seq: number, cause?: "input"): boolean {
  const row = store
    .rows(`DELETE FROM ended WHERE seq = ? ${cause === undefined ? "" : "AND cause = 'input'"} RETURNING fence, error, started_at`)
    .get(seq) as [number, string, number | null] | undefined;
  if (row === undefined) return false;
  // The error stays as the last failure: a job that was handed it as an input may still ask for it.
  store
    .sql("UPDATE jobs SET attempts = 0, lapses = 0, fence = ?, error = ?, started_at = ifnull(?, started_at) WHERE seq = ?")
    .run(...row, seq);
  return true;
}

/**
 * Stores the arrows into new jobs. An arrow from a job that was stored already counts as well, at once if
 * that job has ended: a new job never waits for something that nobody will tell it. Returns the sources that
 * have ended.
 *
 * @param fresh numbers of the jobs that were stored by this call; undefined: all of them
 */
export function link(store: Store, jobs: readonly NewJob[], first: number, fresh: ReadonlySet<number> | undefined): Loose[] {
  const isFresh = (i: number): boolean => fresh === undefined || fresh.has(first + i);
  const targets = new Map<string, number>();
  for (const [i, job] of jobs.entries()) if (job.waitsFor !== undefined && isFresh(i)) targets.set(job.id, first + i);
  const loose = new Map<number, Loose>();
  const arrow = store.sql("INSERT INTO links (to_seq, position, from_seq, goes_on) VALUES (?, ?, ?, ?)");
  for (const [i, job] of jobs.entries()) {
    let from = first + i;
    for (const { to, position, onFailure } of job.links ?? []) {
      const target = targets.get(to);
      if (target === undefined) continue;
      if (!isFresh(i)) from = markSource(store, job.id, loose);
      arrow.run(target, position, from, onFailure === "continue" ? 1 : 0);
    }
  }
  return [...loose.values()];
}

/** Makes a stored job one that others wait for; returns its number. */
function markSource(store: Store, id: string, loose: Map<number, Loose>): number {
  const seq = store.value("UPDATE jobs SET links = links | 1 WHERE id = ? RETURNING seq").get(id) as number;
  store.sql("UPDATE active SET links = links | 1 WHERE seq = ?").run(seq);
  const end = store.rows("SELECT state, error FROM ended WHERE seq = ?").get(seq) as [number, string | null] | undefined;
  if (end !== undefined) loose.set(seq, looseOf(seq, id, FINAL[end[0]]!, end[1]));
  return seq;
}

/** What the jobs that a job waited for have left it, in order of position. */
export function inputsOf(store: Store, seq: number): readonly Input[] {
  const rows = store
    .rows(
      // An input that has been retried since has not ended now: what it had left is its last failure.
      `SELECT j.id, ifnull(e.state, 2), e.result, ifnull(e.error, j.error)
       FROM links l CROSS JOIN jobs j ON j.seq = l.from_seq LEFT JOIN ended e ON e.seq = l.from_seq WHERE l.to_seq = ? ORDER BY l.position`,
    )
    .all(seq) as [string, number, string | null, string | null][];
  return Array.from(rows, (row) => inputOf(...row));
}
