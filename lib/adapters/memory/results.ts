import { delayedOf, JOB_STATES, noCounts, PageOfRecords } from "../../contract/index.js";
import type { JobFilter, JobRecord, Results, StateCounts } from "../../contract/index.js";
import { pruneEvents } from "./events.js";
import { pruneLocks } from "./locks.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";
import { pruneWorkers } from "./workers.js";

export function results(store: Store): Results {
  return {
    get: async (ids, options) =>
      store.step(options, (now) =>
        ids.map((id) => {
          const row = store.find(id, now);
          return row && recordOf(row, now);
        }),
      ),
    list: async (filter = {}, options) =>
      store.step(options, (now) => {
        const page = new PageOfRecords(Math.min(filter.limit ?? 100, 1_000));
        for (const row of newestFirst(store, filter))
          if (fits(row, filter, now) && !store.isGone(row, now) && !page.add(recordOf(row, now))) break;
        return page.records;
      }),
    count: async (filter = {}, options) =>
      store.step(options, (now) => {
        sweep(store, now);
        return count(store, filter, now);
      }),
    prune: async (limit = 1_000, options) =>
      store.step(options, (now) => {
        pruneEvents(store, now);
        pruneWorkers(store, now);
        pruneLocks(store, now);
        return pruneJobs(store, limit, now);
      }),
  };
}

/** Jobs that may fit, from the cursor on. An unknown cursor gives none. */
function* newestFirst(store: Store, { group, cursor }: JobFilter): Iterable<Row> {
  const from = cursor === undefined ? undefined : store.rows.get(cursor);
  if (cursor !== undefined && from === undefined) return;
  if (group === undefined) {
    for (let row = from === undefined ? store.newest : from.older; row !== undefined; row = row.older) yield row;
    return;
  }
  for (const row of [...(store.groups.get(group) ?? [])].toReversed()) if (from === undefined || row.order < from.order) yield row;
}

function fits(row: Row, { state, delayed, task, queue, group }: JobFilter, now: number): boolean {
  return (
    (state === undefined || row.state === state) &&
    (delayed === undefined || delayed === isDelayed(row, now)) &&
    (task === undefined || row.task === task) &&
    (queue === undefined || row.queue.name === queue) &&
    (group === undefined || row.group === group)
  );
}

function isDelayed({ state, dueAt }: Row, now: number): boolean {
  return state === "ready" && dueAt > now;
}

function count(store: Store, filter: JobFilter, now: number): StateCounts {
  const total = noCounts();
  if (filter.task !== undefined || filter.group !== undefined) {
    for (const row of newestFirst(store, filter)) {
      if (!fits(row, filter, now)) continue;
      total[row.state]++;
      if (isDelayed(row, now)) total.delayed++;
    }
    return total;
  }
  for (const queue of store.queues.values()) {
    if (filter.queue !== undefined && filter.queue !== queue.name) continue;
    for (const state of JOB_STATES) total[state] += queue.counts[state];
    store.promote(queue, now);
    total.delayed += queue.delayedCount;
  }
  return total;
}

/** Forgets what has had its time before it is counted. Cheap while there is nothing of the kind. */
export function sweep(store: Store, now: number): void {
  pruneJobs(store, Infinity, now);
}

/**
 * Looks at ended jobs in the order they ended; what is needed as an input is set aside and looked at again
 * every time.
 */
function pruneJobs(store: Store, limit: number, now: number): number {
  let pruned = 0;
  for (const [keepMs, line] of store.kept) {
    for (let row = line.peek(); row !== undefined && row.endedAt! + keepMs <= now && pruned < limit; row = line.peek()) {
      line.drop();
      row.place = "nowhere";
      if (store.isNeeded(row)) {
        store.needed.add(row);
        continue;
      }
      store.forget(row);
      pruned++;
    }
    if (line.peek() === undefined) store.kept.delete(keepMs);
  }
  for (const row of store.needed) {
    if (pruned >= limit) break;
    if (store.isNeeded(row)) continue;
    store.forget(row);
    pruned++;
  }
  return pruned;
}

function recordOf(row: Row, now: number): JobRecord {
  const { id, task, queue, state, payload, headers, priority, group, attempts, lapses, enqueuedAt, dueAt } = row;
  const { startedAt, endedAt, result, error, cause, worker } = row;
  return {
    id,
    task,
    queue: queue.name,
    state,
    ...delayedOf(state, dueAt, now),
    payload,
    priority,
    attempts,
    lapses,
    enqueuedAt,
    dueAt,
    ...(headers !== undefined && { headers }),
    ...(group !== undefined && { group }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(result !== undefined && { result }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
    ...(worker !== undefined && { worker: worker.id }),
  };
}
