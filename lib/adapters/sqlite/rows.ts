import { delayedOf, type JobRecord } from "../../contract/index.js";
import { priorityIn, STANDS, STATES } from "../relational/codes.js";
import { recordOf, type RecordColumns } from "../relational/records.js";
import type { Store } from "./store.js";

/** The tables by which `STANDS` tells where a job stands. */
export const FROM = `FROM jobs j LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN active a ON a.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;

/** When a job is due. */
export const DUE_AT = "coalesce(j.due_at, j.enqueued_at)";

/** A whole record; wants `FROM` behind it, or the same tables in another order. */
export const RECORD = `SELECT j.id, j.task, j.lane, ${STANDS}, j.payload, j.headers, j.grp, coalesce(e.attempts, j.attempts + (a.seq IS NOT NULL)), j.lapses,
  j.enqueued_at, ${DUE_AT}, coalesce(e.started_at, a.started_at, j.started_at), e.ended_at, e.result, coalesce(e.error, j.error),
  e.cause, (SELECT w.id FROM workers w WHERE w.no = a.worker)`;

export type RecordRow = [id: string, task: string, lane: number, stands: number, ...columns: RecordColumns];

/** The record in a row of `RECORD`. */
export function toRecord(store: Store, [id, task, lane, stands, ...columns]: RecordRow, now: number): JobRecord {
  const state = STATES[stands]!;
  const isDelayed = delayedOf(state, columns[6], now).delayed === true;
  return recordOf({ id, task, queue: store.queueOf(lane), priority: priorityIn(lane), state, isDelayed }, columns);
}
