import { pruneEvents } from "./events.js";
import { pruneKeys } from "./keys.js";
import { pruneLocks } from "./locks.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";
import { pruneWorkers } from "./workers.js";

/** Forgets up to `limit` jobs past their time, and what else has had its time; returns how many jobs. */
export function prune(store: Store, limit: number, now: number): number {
  pruneEvents(store, now);
  pruneWorkers(store, now);
  pruneLocks(store, now);
  pruneKeys(store, now);
  return pruneJobs(store, limit, now);
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
      forget(store, row);
      pruned++;
    }
    if (line.peek() === undefined) store.kept.delete(keepMs);
  }
  for (const row of store.needed) {
    if (pruned >= limit) break;
    if (store.isNeeded(row)) continue;
    forget(store, row);
    pruned++;
  }
  return pruned;
}

/** Forgets an ended job, its journal with it. */
export function forget(store: Store, row: Row): void {
  const { queue } = row;
  store.unfile(row);
  store.setDead(row, false);
  store.needed.delete(row);
  if (row.key !== undefined && store.keys.get(row.key)?.row === row) store.keys.delete(row.key);
  store.rows.delete(row.id);
  row.stored = false;
  row.ins = undefined;
  row.journal = row.note = undefined;
  if (row.newer === undefined) store.newest = row.older;
  else row.newer.older = row.older;
  if (row.older !== undefined) row.older.newer = row.newer;
  row.newer = row.older = undefined;
  queue.counts[row.state]--;
  if (--queue.total === 0 && !queue.paused) store.queues.delete(queue.name);
  if (row.group !== undefined) {
    const members = store.groups.get(row.group);
    if (members?.delete(row) && members.size === 0) store.groups.delete(row.group);
  }
}
