import { expiryOf, isFinal } from "../../contract/index.js";
import type { Met, NewJob, Unique } from "../../contract/index.js";
import { enterLine } from "./line.js";
import type { KeyRow, Row } from "./rows.js";
import type { Store } from "./store.js";

/**
 * What a job meets if its key is held: then it is not stored, and the job that holds the key is changed as
 * it asks.
 */
export function meet(store: Store, job: NewJob, unique: Unique, now: number): Met | undefined {
  const holder = holderOf(store, nameOf(job.queue, unique), now);
  if (holder === undefined) return undefined;
  const { id: existing, row } = holder;
  if (unique.whenHeld === "keep" || row === undefined || row.task !== job.task || !isWaiting(holder, row))
    return { id: job.id, as: "kept", existing };
  store.unfile(row);
  row.payload = job.payload;
  row.headers = job.headers && Object.freeze({ ...job.headers });
  row.dueAt = Math.min(job.dueAt ?? now + (job.delayMs ?? 0), row.enqueuedAt + (unique.maxWaitMs ?? Infinity));
  row.expiresAt = expiryOf(job, now);
  enterLine(store, row, now);
  return { id: job.id, as: unique.whenHeld === "replace" ? "replaced" : "postponed", existing };
}

/** Gives a job its key, which nobody holds. */
export function take(store: Store, row: Row, now: number): void {
  const { unique, id, fence } = row;
  if (unique === undefined) return;
  const name = nameOf(row.queue.name, unique);
  const { until } = unique;
  if (typeof until === "string") {
    row.key = name;
    return void store.keys.set(name, { id, row, until, fence });
  }
  const key = { id, until: now + until.ms, fence };
  store.keys.set(name, key);
  store.keyRetention.push({ name, key, ticket: 0 }, key.until, row.order);
}

/** Whether an ended job can take its key again. One that is held for some time stays out of it. */
export function isKeyFree(store: Store, { unique, queue }: Row, now: number): boolean {
  return unique === undefined || typeof unique.until !== "string" || holderOf(store, nameOf(queue.name, unique), now) === undefined;
}

/** Takes the key again for a job that is made ready again. */
export function retake(store: Store, row: Row, now: number): void {
  if (typeof row.unique?.until === "string") take(store, row, now);
}

/** Whether a job holds its key as long as it does not start or end. */
export function holdsKey(store: Store, row: Row, now: number): boolean {
  return row.key !== undefined && holderOf(store, row.key, now)?.row === row;
}

/** Forgets keys that were held for some time. */
export function pruneKeys(store: Store, now: number): void {
  for (let at = store.keyRetention.earliest(); at !== undefined && at <= now; at = store.keyRetention.earliest()) {
    const { name, key } = store.keyRetention.peek()!;
    store.keyRetention.drop();
    if (store.keys.get(name) === key) store.keys.delete(name);
  }
}

function holderOf(store: Store, name: string, now: number): KeyRow | undefined {
  const key = store.keys.get(name);
  if (key === undefined) return undefined;
  const { row, until } = key;
  if (row === undefined) return (until as number) > now ? key : undefined;
  if (!row.stored || isFinal(row.state)) return undefined;
  if (row.state === "ready" && row.expiresAt !== undefined && row.expiresAt <= now) return undefined;
  return until === "ended" || isWaiting(key, row) ? key : undefined;
}

/** Whether a job has not been lent since it took its key. */
function isWaiting({ fence, until }: KeyRow, row: Row): boolean {
  return until === "started" && row.state === "ready" && row.fence === fence;
}

/** Names of queues and keys may hold any character but U+0000. */
function nameOf(queue: string, { key }: Unique): string {
  return `${queue}\0${key}`;
}
