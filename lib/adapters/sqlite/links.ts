import { JOB_DEFAULTS } from "../../contract/index.js";
import { ENDED, GIVES } from "../relational/codes.js";
import { arriveAt, type DeadEnd, endOfInput, type Loose, type Arrivals } from "../relational/ends.js";
import type { Store } from "./store.js";

/** Puts a job into its line. */
export function enterLine(store: Store, seq: number, lane: number, dueAt: number): void {
  store.sql("INSERT INTO line (lane, due_at, seq) VALUES (?, ?, ?)").run(lane, dueAt, seq);
  store.hintWork(store.queueOf(lane));
}

/**
 * Records the end of a job that did not succeed; `loose` collects it if others wait for it.
 * The caller has taken it from its place.
 */
export function endBadly(store: Store, job: DeadEnd, now: number, loose: Loose[]): void {
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
export function followLinks(store: Store, ended: readonly Loose[], now: number): void {
  for (let batch = ended; batch.length > 0;) {
    const targets = countTargets(store, batch);
    const next: Loose[] = [];
    for (const [seq, target] of targets) arrive(store, seq, target, now, next);
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

function arrive(store: Store, seq: number, { arrived, failed, by }: Arrivals, now: number, next: Loose[]): void {
  const row = store
    .rows(
      `UPDATE jobs SET open = open - ?, failed = failed + ? WHERE seq = ?
       RETURNING open, failed, lane, coalesce(due_at, enqueued_at), id, links, attempts, fence, started_at, keep_failed`,
    )
    .get(arrived, failed, seq) as
    [number, number, number, number, string, number, number, number, number | null, number | null] | undefined;
  if (row === undefined || store.value("SELECT 1 FROM ended WHERE seq = ?").get(seq) !== undefined) return;
  const [open, lost, lane, dueAt, id, links, attempts, fence, startedAt, keepFailed] = row;
  if (by !== undefined) endBadly(store, { seq, id, links, attempts, fence, startedAt, keepFailed, ...endOfInput(by) }, now, next);
  else if (open === 0 && lost === 0) enterLine(store, seq, lane, dueAt);
}

/**
 * Opens the failed links of jobs that will run again.
 * Jobs that had failed because of them, and for no other reason, are blocked again, and so on down the line.
 */
export function reopenLinks(store: Store, from: readonly number[]): void {
  for (let batch = from; batch.length > 0;) {
    const next: number[] = [];
    for (const seq of batch) {
      const targets = store.value("SELECT to_seq FROM links WHERE from_seq = ? AND state = 2").all(seq) as number[];
      if (targets.length === 0) continue;
      store.sql("UPDATE links SET state = 0 WHERE from_seq = ? AND state = 2").run(seq);
      for (const to of targets) {
        const failed = store.value("UPDATE jobs SET open = open + 1, failed = failed - 1 WHERE seq = ? RETURNING failed").get(to);
        if (failed === 0 && revive(store, to, "input")) next.push(to);
      }
    }
    batch = next;
  }
}

/**
 * Takes a job back out of `ended`, attempts and lapses at 0, the fence kept.
 * False if it has not ended, or not of this cause.
 */
export function revive(store: Store, seq: number, cause?: "input"): boolean {
  const row = store
    .rows(`DELETE FROM ended WHERE seq = ? ${cause === undefined ? "" : "AND cause = 'input'"} RETURNING fence, error`)
    .get(seq) as [number, string] | undefined;
  if (row === undefined) return false;
  // The error stays as the last failure: a job that was handed it as an input may still ask for it.
  store.sql("UPDATE jobs SET attempts = 0, lapses = 0, fence = ?, error = ? WHERE seq = ?").run(row[0], row[1], seq);
  return true;
}
