import { withEnded, type At, type Claim, type Claimed, type Delivery } from "../../contract/index.js";
import { takeEnded } from "./ended.js";
import { expire, takeBack } from "./lapse.js";
import { inputsOf } from "./links.js";
import { wakeOverdue } from "./park.js";
import type { Queue, Row, WorkerRow } from "./rows.js";
import type { Store } from "./store.js";

/** Claims in a step of its own. */
export function claim(store: Store, request: Claim, options: At | undefined): Claimed {
  return store.step(options, (now) => withEnded(lend(store, request, now), takeEnded(store)));
}

/** Takes back, wakes, expires, lends; each queue in the order asked. */
export function lend(store: Store, { worker: id, from, limit, upward }: Claim, now: number): Claimed {
  takeBack(store, now);
  const deliveries: Delivery[] = [];
  const worker = store.workers.get(id);
  const lapsed = worker === undefined || worker.leaseUntil <= now;
  let next = Infinity;
  for (const share of from) {
    const queue = store.queues.get(share.queue);
    if (queue === undefined || queue.paused) continue;
    wakeOverdue(store, queue, now);
    store.promote(queue, now);
    if (!lapsed)
      lendFrom(store, queue, worker, Math.min(share.limit ?? limit, limit - deliveries.length), upward === true, deliveries, now);
    next = Math.min(next, queue.delayed.earliest() ?? Infinity, queue.deadlines.earliest() ?? Infinity);
  }
  for (const other of store.workers.values()) if (other !== worker && other.held.size > 0) next = Math.min(next, other.leaseUntil);
  return { deliveries, nextDueAt: next === Infinity ? undefined : next, now, lapsed };
}

function lendFrom(
  store: Store,
  queue: Queue,
  worker: WorkerRow,
  limit: number,
  upward: boolean,
  deliveries: Delivery[],
  now: number,
): void {
  let left = limit;
  for (let level = 0; level <= 9; level++) {
    const line = queue.lines[upward ? level : 9 - level];
    if (line === undefined) continue;
    for (let row = line.peek(); row !== undefined; row = line.peek()) {
      if (left <= 0) return;
      line.drop(row);
      row.place = "nowhere";
      if (row.expiresAt !== undefined && row.expiresAt <= now) expire(store, row, now);
      else {
        deliveries.push(start(store, row, worker, now));
        left--;
      }
    }
  }
  store.pending.noWork(queue.name);
}

function start(store: Store, row: Row, worker: WorkerRow, now: number): Delivery {
  store.move(row, "active");
  row.worker = worker;
  worker.held.add(row);
  row.attempts++;
  row.fence++;
  row.startedAt = now;
  const { id, task, queue, payload, priority, enqueuedAt, dueAt, headers, group } = row;
  const plain = { id, task, queue: queue.name, payload, priority, enqueuedAt, dueAt };
  const job =
    headers === undefined && group === undefined
      ? plain
      : { ...plain, ...(headers !== undefined && { headers }), ...(group !== undefined && { group }) };
  const delivery = {
    job,
    lease: { jobId: id, fence: row.fence, job: row.order },
    attempt: row.attempts,
    lapses: row.lapses,
    inputs: inputsOf(row),
    journaled: row.journal !== undefined,
  };
  return row.wake === undefined ? delivery : { ...delivery, wake: row.wake };
}
