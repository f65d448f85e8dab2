import { IdTakenError, isFinal } from "../../contract/index.js";
import type { NewJob } from "../../contract/index.js";
import { connect, deliver, spread } from "./links.js";
import { Row } from "./rows.js";
import type { Arrow } from "./rows.js";
import type { Store } from "./store.js";

/** Stores a batch that has been checked. Returns the ids that were stored already. */
export function enqueue(store: Store, jobs: readonly NewJob[], now: number): string[] {
  const duplicates: string[] = [];
  const last = store.order;
  let linked = false;
  for (const job of jobs) {
    if (job.links !== undefined) linked = true;
    const known = store.rows.get(job.id);
    if (known !== undefined) {
      if (!givesWay(store, known, job, now)) {
        duplicates.push(job.id);
        continue;
      }
      store.forget(known);
    }
    const row = new Row(job, store.queue(job.queue), ++store.order, now);
    store.add(row);
    if (row.state === "ready") store.file(row, now);
  }
  if (linked) connectAll(store, jobs, last, now);
  return duplicates;
}

/** @throws {IdTakenError} the id of a job is that of another task's */
export function refuseTaken(store: Store, jobs: readonly NewJob[], now: number): void {
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

/**
 * Adds the links of a batch; `last` is the order of the last job stored before it.
 * A job that was stored before is left as it is, so a link to it is dropped; a link *from* it to a new job is
 * kept, or that job would wait for ever, and if it has ended by now it counts at once.
 */
function connectAll(store: Store, jobs: readonly NewJob[], last: number, now: number): void {
  const early: Arrow[] = [];
  const targets = new Set<Row>();
  for (const job of jobs) {
    for (const link of job.links ?? []) {
      const from = store.rows.get(job.id)!;
      const to = store.rows.get(link.to)!;
      if (to.order <= last) continue;
      const arrow = connect(from, to, link);
      targets.add(to);
      if (from.order <= last) early.push(arrow);
    }
  }
  for (const to of targets) to.ins!.sort((a, b) => a.position - b.position);
  for (const arrow of early) {
    const fallen = deliver(store, arrow, now);
    if (fallen !== undefined) spread(store, fallen, now);
  }
}
