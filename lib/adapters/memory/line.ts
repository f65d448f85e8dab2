import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Makes a job ready and puts it in line, or with the delayed if its time has not come. */
export function enterLine(store: Store, row: Row, now: number): void {
  const { queue } = row;
  store.move(row, "ready");
  if (row.dueAt > now) {
    queue.delayed.push(row, row.dueAt, row.order);
    queue.delayedCount++;
    row.place = "delayed";
  } else {
    queue.line(row.priority).push(row);
    row.place = "line";
  }
  store.pending.work(queue.name);
}
