import { IdTakenError, isFinal, type Met, type NewJob } from "../../contract/index.js";
import { meet, take } from "./keys.js";
import { enterLine } from "./line.js";
import { link } from "./links.js";
import { forget } from "./prune.js";
import { Row } from "./rows.js";
import type { Store } from "./store.js";

/**
 * Stores a batch that has been checked. Returns those that were not stored.
 *
 * @param refuses whether an id of another task's job is an error, and not only a job that is not stored
 * @throws {IdTakenError}
 */
export function enqueue(store: Store, jobs: readonly NewJob[], now: number, refuses = false): Met[] {
  if (refuses) refuseTaken(store, jobs, now);
  const met: Met[] = [];
  const last = store.order;
  let linked = false;
  for (const job of jobs) {
    if (job.links !== undefined) linked = true;
    const known = store.rows.get(job.id);
    if (known !== undefined && !givesWay(store, known, job, now)) {
      met.push({ id: job.id, as: "known", existing: job.id });
      continue;
    }
    const held = job.unique && meet(store, job, job.unique, now);
    if (held !== undefined) {
      met.push(held);
      continue;
    }
    if (known !== undefined) forget(store, known);
    const row = new Row(job, store.queue(job.queue), ++store.order, now);
    store.add(row);
    take(store, row, now);
    if (row.state === "ready") enterLine(store, row, now);
  }
  if (linked) link(store, jobs, last, now);
  return met;
}

function refuseTaken(store: Store, jobs: readonly NewJob[], now: number): void {
  for (const { id, task } of jobs) {
    const known = store.rows.get(id);
    if (known !== undefined && known.task !== task && !store.isGone(known, now)) throw new IdTakenError(id, task, known.task);
  }
}

/** Whether a stored job is replaced by a new one of its id. */
function givesWay(store: Store, known: Row, { task, known: wish }: NewJob, now: number): boolean {
  if (store.isGone(known, now)) return true;
  return wish === "again" && known.task === task && isFinal(known.state) && !store.isNeeded(known);
}
