import type { EventWait, Wake } from "../../contract/index.js";
import { enterLine } from "./line.js";
import { eventWake, placeAfter, topic } from "./order/topics.js";
import type { EventRow, Queue, Row } from "./rows.js";
import type { Store } from "./store.js";

/** Parks a job, or makes it ready if one of its events has come already. */
export function park(store: Store, row: Row, waits: readonly EventWait[], deadline: number | undefined, now: number): void {
  const earliest = firstStored(store, waits);
  if (earliest !== undefined) {
    row.wake = eventWake(earliest);
    row.dueAt = now;
    return enterLine(store, row, now);
  }
  store.move(row, "parked");
  row.waits = waits;
  for (const { name, key } of waits) {
    const about = topic(name, key);
    const waiting = store.waiters.get(about);
    if (waiting === undefined) store.waiters.set(about, new Set([row]));
    else waiting.add(row);
  }
  if (deadline === undefined) return;
  row.queue.deadlines.push(row, deadline, row.order);
  row.place = "deadlines";
}

/** Makes a parked job ready, with the reason. */
export function wake(store: Store, row: Row, why: Wake, dueAt: number, now: number): void {
  stopWaiting(store, row);
  store.unfile(row);
  row.wake = why;
  row.dueAt = dueAt;
  enterLine(store, row, now);
}

/** Takes a job out of the lists of those that wait. */
export function stopWaiting(store: Store, row: Row): void {
  for (const { name, key } of row.waits ?? []) {
    const about = topic(name, key);
    const waiting = store.waiters.get(about);
    if (waiting?.delete(row) && waiting.size === 0) store.waiters.delete(about);
  }
  row.waits = undefined;
}

/** Wakes the jobs of a queue whose deadline has passed, earliest first. */
export function wakeOverdue(store: Store, queue: Queue, now: number): void {
  for (let at = queue.deadlines.earliest(); at !== undefined && at <= now; at = queue.deadlines.earliest())
    wake(store, queue.deadlines.peek()!, { by: "deadline" }, at, now);
}

function firstStored(store: Store, waits: readonly EventWait[]): EventRow | undefined {
  let earliest: EventRow | undefined;
  for (const { name, key, after } of waits) {
    const events = store.eventsByKey.get(topic(name, key)) ?? [];
    const found = events[placeAfter(events, after)];
    if (found !== undefined && (earliest === undefined || found.seq < earliest.seq)) earliest = found;
  }
  return earliest;
}
