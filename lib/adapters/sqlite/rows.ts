import { delayedOf, type JobRecord, type JobState } from "../../contract/index.js";
import { ENDED, priorityIn, STANDS, STATES } from "../relational/codes.js";
import { recordOf, type RecordColumns } from "../relational/records.js";
import type { Store } from "./store.js";

/** The tables by which `STANDS` tells where a job stands. */
export const FROM = `FROM jobs j LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN active a ON a.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;

/** When a job is due. */
export const DUE_AT = "coalesce(j.due_at, j.enqueued_at)";

/** A whole record; wants `FROM` behind it, or the same tables in another order. */
export const RECORD = `SELECT j.id, j.task, j.lane, ${STANDS}, j.payload, j.headers, j.grp, coalesce(e.attempts, j.attempts + (a.seq IS NOT NULL)), j.lapses,
  j.enqueued_at, ${DUE_AT}, coalesce(e.started_at, a.started_at, j.started_at), e.ended_at, e.result, iif(e.state = ${ENDED.succeeded}, NULL, coalesce(e.error, j.error)),
  e.cause, (SELECT w.id FROM workers w WHERE w.no = a.worker)`;

export type RecordRow = [id: string, task: string, lane: number, stands: number, ...columns: RecordColumns];

/** The record in a row of `RECORD`. */
export function toRecord(store: Store, [id, task, lane, stands, ...columns]: RecordRow, now: number): JobRecord {
  const state = STATES[stands]!;
  const isDelayed = delayedOf(state, columns[6], now).delayed === true;
  return recordOf({ id, task, queue: store.queueOf(lane), priority: priorityIn(lane), state, isDelayed }, columns);
}

/**
 * True while a stored job that has not succeeded waits, or may wait again, for the result of the ended job
 * `e`.
 */
export const neededBy = (e: string, but = ""): string =>
  `EXISTS (SELECT 1 FROM links l JOIN jobs t ON t.seq = l.to_seq LEFT JOIN ended x ON x.seq = l.to_seq
  WHERE l.from_seq = ${e}.seq AND (x.seq IS NULL OR x.state <> 1${but}))`;

/**
 * True unless the job has ended, has had its time by `@now`, and nobody needs it who has not: then it is as
 * good as forgotten. Of a job that has not ended all of `e` is null.
 */
export const present = (e: string): string =>
  `(${e}.forget_at IS NULL OR ${e}.forget_at > @now OR ${neededBy(e, " AND x.forget_at > @now")})`;

/** Where a job stands, and what changing it needs to know. */
export interface Found {
  readonly seq: number;
  readonly was: JobState;
  readonly lane: number;
  readonly dueAt: number;
  readonly attempts: number;
  readonly fence: number;
  readonly startedAt: number | null;
  readonly keepFailed: number | null;
  readonly links: number;
  readonly open: number;
  readonly failed: number;
  readonly cause: string | null;
}

/** Finds a job by its id; undefined where nothing is stored. */
export function find(store: Store, id: string, now: number): Found | undefined {
  const row = store
    .sql(
      `SELECT j.seq, ${STANDS} AS stands, j.lane, coalesce(j.due_at, j.enqueued_at) AS dueAt, j.attempts + (a.seq IS NOT NULL) AS attempts,
         coalesce(a.fence, j.fence) AS fence, coalesce(a.started_at, j.started_at) AS startedAt, j.keep_failed AS keepFailed, j.links,
         j.open, j.failed, e.cause ${FROM} WHERE j.id = ? AND ${present("e")}`,
    )
    .get({ now }, id) as (Omit<Found, "was"> & { readonly stands: number }) | undefined;
  return row && { ...row, was: STATES[row.stands]! };
}

/** A due job as a claim reads it. */
export type LineRow = [
  seq: number,
  dueAt: number,
  id: string,
  task: string,
  enqueuedAt: number,
  /** Null also if it has begun: such a job does not expire any more. */
  expiresAt: number | null,
  attempts: number,
  lapses: number,
  fence: number,
  links: number,
  group: string | null,
  keepResult: number | null,
  keepFailed: number | null,
  headers: string | null,
  wake: string | null,
  payload: string,
];
