import { withEnded, type Claim, type Claimed, type Delivery } from "../../contract/index.js";
import { BOUND } from "../relational/bound.js";
import { LEVELS, priorityIn, queueIn, TAKES } from "../relational/codes.js";
import type { Loose } from "../relational/ends.js";
import { deliveryOf } from "../relational/records.js";
import { takeEnded } from "./ended.js";
import { expire, takeBack } from "./lapse.js";
import { arrive, inputsOf } from "./links.js";
import { wakeOverdue } from "./park.js";
import type { LineRow } from "./rows.js";
import type { Store } from "./store.js";

interface Queue {
  readonly name: string;
  /** Its first lane. */
  readonly lane: number;
  readonly limit: number;
}

interface Worker {
  readonly no: number;
  readonly isLive: boolean;
}

/*
 * "LIMIT ? + 0" below, because SQLite plans a statement anew at every bind if its limit is a bare parameter:
 * 12 to 28 µs each.
 */

/**
 * Claims in a separate transaction.
 * A claim that finds nothing to do writes nothing, so that idle workers never hold the write lock.
 */
export function claim(store: Store, request: Claim, now: number): Claimed {
  const idle = store.read((): Claimed | undefined => {
    const worker = workerOf(store, request.worker, now);
    if (!worker.isLive) return { deliveries: [], nextDueAt: undefined, now, lapsed: true };
    const queues = queuesOf(store, request);
    if (hasChores(store, now) || queues.some(({ lane }) => isDue(store, lane, now))) return undefined;
    return { deliveries: [], nextDueAt: horizon(store, queues, worker.no, now), now, lapsed: false };
  });
  return idle ?? store.write(() => withEnded(lend(store, request, now), takeEnded(store)));
}

/** The claim itself, inside the caller's transaction. */
export function lend(store: Store, request: Claim, now: number): Claimed {
  const worker = workerOf(store, request.worker, now);
  if (!worker.isLive) return { deliveries: [], nextDueAt: undefined, now, lapsed: true };
  const loose: Loose[] = [];
  takeBack(store, now, loose);
  wakeOverdue(store, now);
  // Jobs that failed now may free or end others, which belong to this claim.
  arrive(store, loose, now);
  const queues = queuesOf(store, request);
  const deliveries: Delivery[] = [];
  let expired = 0;
  for (const queue of queues) {
    const room = Math.min(queue.limit, request.limit - deliveries.length);
    if (room > 0) expired += lendFrom(store, queue, room, request.upward ?? false, worker.no, now, deliveries);
    if (expired >= BOUND) break;
  }
  return { deliveries, nextDueAt: expired >= BOUND ? now : horizon(store, queues, worker.no, now), now, lapsed: false };
}

function workerOf(store: Store, id: string, now: number): Worker {
  const row = store.rows("SELECT no, lease_until FROM workers WHERE id = ?").get(id) as [number, number] | undefined;
  return row === undefined ? { no: 0, isLive: false } : { no: row[0], isLive: row[1] > now };
}

/** The queues asked for that exist and are not paused. */
function queuesOf(store: Store, request: Claim): readonly Queue[] {
  const queues: Queue[] = [];
  for (const { queue, limit } of request.from) {
    const row = store.rows("SELECT no, paused FROM queues WHERE name = ?").get(queue) as [number, number] | undefined;
    if (row !== undefined && row[1] === 0) queues.push({ name: queue, lane: row[0] * LEVELS, limit: limit ?? request.limit });
  }
  return queues;
}

function hasChores(store: Store, now: number): boolean {
  return (
    store.value("SELECT 1 FROM workers WHERE emptied = 0 AND lease_until <= ? LIMIT 1").get(now) !== undefined ||
    store.value("SELECT 1 FROM parked WHERE deadline IS NOT NULL AND deadline <= ? LIMIT 1").get(now) !== undefined
  );
}

/**
 * The first lane at or after `lane`, of the same queue, that has jobs.
 * One probe instead of one per priority.
 */
function usedLane(store: Store, lane: number): number | undefined {
  const end = (queueIn(lane) + 1) * LEVELS;
  return store.value("SELECT lane FROM line WHERE lane >= ? AND lane < ? ORDER BY lane LIMIT 1").get(lane, end) as number | undefined;
}

function isDue(store: Store, first: number, now: number): boolean {
  for (let lane = usedLane(store, first); lane !== undefined; lane = next(store, lane))
    if (store.value("SELECT 1 FROM line WHERE lane = ? AND due_at <= ? LIMIT 1").get(lane, now) !== undefined) return true;
  return false;
}

function next(store: Store, lane: number): number | undefined {
  return (lane + 1) % LEVELS === 0 ? undefined : usedLane(store, lane + 1);
}

/** The last lane at or before `lane`, of the same queue, that has jobs. */
function usedLaneBelow(store: Store, lane: number): number | undefined {
  const first = lane - (lane % LEVELS);
  return store.value("SELECT lane FROM line WHERE lane >= ? AND lane <= ? ORDER BY lane DESC LIMIT 1").get(first, lane) as
    number | undefined;
}

/** Lanes that have jobs: from the highest priority down, or from the lowest up. */
function firstLane(store: Store, queue: Queue, upward: boolean): number | undefined {
  return upward ? usedLaneBelow(store, queue.lane + LEVELS - 1) : usedLane(store, queue.lane);
}

function laneAfter(store: Store, lane: number, upward: boolean): number | undefined {
  if (!upward) return next(store, lane);
  return lane % LEVELS === 0 ? undefined : usedLaneBelow(store, lane - 1);
}

/** The earliest moment, after now, at which these queues may have something new. */
function horizon(store: Store, queues: readonly Queue[], worker: number, now: number): number | undefined {
  let at: number | undefined;
  const consider = (moment: number | null | undefined): void => {
    if (moment !== null && moment !== undefined && (at === undefined || moment < at)) at = moment;
  };
  for (const queue of queues) {
    for (let lane = usedLane(store, queue.lane); lane !== undefined; lane = next(store, lane))
      consider(store.value("SELECT min(due_at) FROM line WHERE lane = ? AND due_at > ?").get(lane, now) as number | null);
    consider(
      store.value("SELECT min(deadline) FROM parked WHERE queue = ? AND deadline IS NOT NULL").get(queueIn(queue.lane)) as number | null,
    );
  }
  if (queues.length > 0)
    consider(
      store
        .value(
          `SELECT lease_until FROM workers WHERE emptied = 0 AND lease_until > ? AND no <> ? AND EXISTS (SELECT 1 FROM active WHERE worker = workers.no)
           ORDER BY lease_until LIMIT 1`,
        )
        .get(now, worker) as number | undefined,
    );
  return at;
}

/** Lends up to `room` due jobs of one queue, in order; returns how many had expired. */
function lendFrom(store: Store, queue: Queue, room: number, upward: boolean, worker: number, now: number, deliveries: Delivery[]): number {
  const due = store.rows(
    `SELECT l.seq, l.due_at, j.id, j.task, j.enqueued_at, iif(j.started_at IS NULL, j.expires_at, NULL), j.attempts, j.lapses, j.fence, j.links, j.grp, j.keep_result, j.keep_failed,
            j.headers, j.wake, j.payload
     FROM line l CROSS JOIN jobs j ON j.seq = l.seq WHERE l.lane = ? AND l.due_at <= ? ORDER BY l.due_at, l.seq LIMIT ? + 0`,
  );
  let expired = 0;
  let lane = firstLane(store, queue, upward);
  while (lane !== undefined && room > 0 && expired < BOUND) {
    const rows = due.all(lane, now, room) as LineRow[];
    const last = rows.at(-1);
    if (last === undefined) {
      lane = laneAfter(store, lane, upward);
      continue;
    }
    // In one statement if nothing expires: the stretch of the line that was just read.
    const late = rows.filter((row) => hasExpired(row, now));
    if (late.length === 0)
      store
        .sql(
          `INSERT INTO active (seq, fence, worker, started_at, links)
           SELECT l.seq, j.fence + 1, ?, ?, j.links FROM line l CROSS JOIN jobs j ON j.seq = l.seq WHERE l.lane = ? AND l.due_at <= ?
           ORDER BY l.due_at, l.seq LIMIT ? + 0`,
        )
        .run(worker, now, lane, now, rows.length);
    store.sql("DELETE FROM line WHERE lane = ? AND (due_at, seq) <= (?, ?)").run(lane, last[1], last[0]);
    for (const row of rows) {
      if (late.length > 0) {
        if (hasExpired(row, now)) continue;
        const [seq, , , , , , , , fence, links] = row;
        store
          .sql("INSERT INTO active (seq, fence, worker, started_at, links) VALUES (?, ?, ?, ?, ?)")
          .run(seq, fence + 1, worker, now, links);
      }
      deliveries.push(deliver(store, queue.name, lane, row, now));
      room--;
    }
    if (late.length > 0) expire(store, late, now);
    expired += late.length;
    if (room > 0 && late.length === 0) lane = laneAfter(store, lane, upward);
  }
  return expired;
}

function hasExpired([, , , , , expiresAt]: LineRow, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

function deliver(store: Store, queue: string, lane: number, row: LineRow, now: number): Delivery {
  const [seq, dueAt, id, task, enqueuedAt, , attempts, lapses, fence, links, group, keepResult, keepFailed, headers, wake, payload] = row;
  store.loans.remember(id, { seq, fence: fence + 1, attempt: attempts + 1, startedAt: now, links, lane, keepResult, keepFailed });
  const priority = priorityIn(lane);
  const job = { seq, id, task, queue, payload, headers, priority, enqueuedAt, dueAt, group, attempts, fence, lapses, links, wake };
  return deliveryOf(job, (links & TAKES) === 0 ? [] : inputsOf(store, seq));
}
