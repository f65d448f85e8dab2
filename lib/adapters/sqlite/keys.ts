import { expiryOf, type Met, type NewJob, type Unique } from "../../contract/index.js";
import { KEYED, queueIn, STANDS } from "../relational/codes.js";
import { isHeld, isWaiting, keyIn, untilOf, type Holder } from "../relational/keys.js";
import { enterLine, leaveLine } from "./line.js";
import { FROM } from "./rows.js";
import type { Store } from "./store.js";

/** A stored job, as far as its key goes. */
interface Keyed {
  readonly seq: number;
  readonly lane: number;
  readonly links: number;
}

interface Known extends Holder {
  readonly task: string;
  readonly lane: number;
  readonly dueAt: number;
  readonly enqueuedAt: number;
}

/**
 * What a job meets if its key is held: then it is not stored, and the job that holds the key is changed as
 * it asks.
 */
export function meet(store: Store, job: NewJob, { key, whenHeld, maxWaitMs }: Unique, now: number): Met | undefined {
  const holder = holderOf(store, store.queueNumber(job.queue), key, now);
  if (holder === undefined) return undefined;
  const { id: existing, seq, lane, enqueuedAt } = holder;
  if (whenHeld === "keep" || holder.task !== job.task || !isWaiting(holder)) return { id: job.id, as: "kept", existing };
  const dueAt = Math.min(job.dueAt ?? now + (job.delayMs ?? 0), enqueuedAt + (maxWaitMs ?? Infinity));
  leaveLine(store, holder);
  store
    .sql("UPDATE jobs SET payload = ?, headers = ?, due_at = ?, expires_at = ? WHERE seq = ?")
    .run(job.payload, job.headers === undefined ? null : JSON.stringify(job.headers), dueAt, expiryOf(job, now) ?? null, seq);
  enterLine(store, seq, lane, dueAt);
  return { id: job.id, as: whenHeld === "replace" ? "replaced" : "postponed", existing };
}

/** Gives a job that was just stored its key, which nobody holds. */
export function take(store: Store, seq: number, { id, queue }: NewJob, unique: Unique, now: number): void {
  store.sql(TAKE).run(store.queueNumber(queue), unique.key, seq, id, 0, untilOf(unique, now));
}

/** Whether an ended job can take its key again. One that is held for some time stays out of it. */
export function isKeyFree(store: Store, job: Keyed, now: number): boolean {
  const own = keyOf(store, job);
  return own === undefined || holderOf(store, queueIn(job.lane), own.key, now) === undefined;
}

/** Takes the key again for a job that is made ready again. */
export function retake(store: Store, job: Keyed): void {
  const own = keyOf(store, job);
  if (own !== undefined) store.sql(TAKE).run(queueIn(job.lane), own.key, job.seq, own.id, own.fence, own.until);
}

/** Whether a job holds its key as long as it does not start or end. */
export function holdsKey(store: Store, job: Keyed, now: number): boolean {
  const own = keyOf(store, job);
  return own !== undefined && holderOf(store, queueIn(job.lane), own.key, now)?.seq === job.seq;
}

const TAKE = `INSERT INTO stem_keys (queue, key, seq, id, fence, until) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (queue, key) DO UPDATE SET seq = excluded.seq, id = excluded.id, fence = excluded.fence, until = excluded.until`;

/** The key that a job takes until its start or its end. */
function keyOf(store: Store, { seq, links }: Keyed) {
  if ((links & KEYED) === 0) return undefined;
  const [id, text, fence] = store.rows("SELECT id, key, fence FROM jobs WHERE seq = ?").get(seq) as [string, string, number];
  const key = keyIn(text);
  return key && { ...key, id, fence };
}

/** The job that holds a key. */
function holderOf(store: Store, queue: number, key: string, now: number): Known | undefined {
  const row = store
    .sql(
      `SELECT k.id, k.seq, k.until, iif(j.seq IS NULL, NULL, ${STANDS}) AS stands, iif(j.started_at IS NULL, j.expires_at, NULL) AS expiresAt,
         j.fence = k.fence AS isUnlent, j.task, j.lane, coalesce(j.due_at, j.enqueued_at) AS dueAt, j.enqueued_at AS enqueuedAt
       ${FROM.replace("FROM jobs j", "FROM stem_keys k LEFT JOIN jobs j ON j.seq = k.seq")} WHERE k.queue = ? AND k.key = ?`,
    )
    .get(queue, key) as (Omit<Known, "isUnlent"> & { readonly isUnlent: number }) | undefined;
  const holder = row && { ...row, isUnlent: row.isUnlent === 1 };
  return holder !== undefined && isHeld(holder, now) ? holder : undefined;
}
