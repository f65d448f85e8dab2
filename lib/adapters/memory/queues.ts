import { queuesPerPage } from "../../contract/index.js";
import type { Page, QueueFilter, QueueInfo, Queues } from "../../contract/index.js";
import { sweep } from "./prune.js";
import type { Queue } from "./rows.js";
import type { Store } from "./store.js";

export function queues(store: Store): Queues {
  return {
    list: async (filter = {}, options) => store.step(options, (now) => list(store, filter, now)),
    change: async (names, { paused }, options) =>
      store.step(options, () => {
        for (const name of names)
          if (paused) store.queue(name).paused = true;
          else resume(store, name);
      }),
  };
}

function resume(store: Store, name: string): void {
  const queue = store.queues.get(name);
  if (queue === undefined) return;
  queue.paused = false;
  if (queue.total === 0) store.queues.delete(name);
  store.pending.work(name);
}

function list(store: Store, filter: QueueFilter, now: number): Page<QueueInfo> {
  sweep(store, now);
  const { from } = filter;
  const asked = filter.names === undefined ? [...store.queues.keys()] : [...new Set(filter.names)];
  const names = asked.filter((name) => store.queues.has(name) && (from === undefined || name > from)).sort();
  const page = names.slice(0, queuesPerPage(filter));
  return {
    items: page.map((name) => infoOf(store, store.queues.get(name)!, now)),
    ...(page.length < names.length && { next: page.at(-1)! }),
  };
}

function infoOf(store: Store, queue: Queue, now: number): QueueInfo {
  store.promote(queue, now);
  const { ready, active, blocked, parked } = queue.counts;
  const { name, paused, delayedCount: delayed, dead } = queue;
  const oldestAt = oldest(queue);
  return {
    queue: name,
    paused,
    ready: ready - delayed,
    delayed,
    active,
    blocked,
    parked,
    dead,
    ...(oldestAt !== undefined && { oldestAt }),
  };
}

function oldest({ lines }: Queue): number | undefined {
  const heads = lines.flatMap((line) => line?.peek()?.dueAt ?? []);
  return heads.length === 0 ? undefined : Math.min(...heads);
}
