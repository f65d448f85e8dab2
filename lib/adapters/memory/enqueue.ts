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
    if (store.rows.has(job.id)) {
      duplicates.push(job.id);
      continue;
    }
    const row = new Row(job, store.queue(job.queue), ++store.order, now);
    store.add(row);
    if (row.state === "ready") store.file(row, now);
  }
  if (linked) connectAll(store, jobs, last, now);
  return duplicates;
}

/**
 * Adds the links of a batch; `last` is the order of the last job stored before it. A job that was stored before is left as it is, so a link to it is dropped; a link *from* it to a new job is kept, or that job would
 * wait for ever, and if it has ended by now it counts at once.
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
