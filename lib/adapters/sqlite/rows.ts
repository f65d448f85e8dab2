import { delayedOf, type DeathCause, type Failure, type FinalState, type JobRecord, type JobState } from "../../contract/index.js";
import { LEVELS, type Store } from "./store.js";

/** States as numbers in `ended`. */
export const ENDED = { succeeded: 1, failed: 2, cancelled: 3, expired: 4 } as const satisfies Record<FinalState, number>;

/** The same the other way round. */
export const FINAL: Readonly<Record<number, FinalState>> = { 1: "succeeded", 2: "failed", 3: "cancelled", 4: "expired" };

/** `jobs.links`: others wait for the job · it waits for others · it has a journal. */
export const GIVES = 1;
export const TAKES = 2;
export const JOURNALED = 4;

/** Where a job stands, as a number: 1–4 ended, 5 active, 6 parked, 7 blocked, 8 ready. */
export const STANDS = `CASE WHEN e.seq IS NOT NULL THEN e.state WHEN a.seq IS NOT NULL THEN 5 WHEN p.seq IS NOT NULL THEN 6 WHEN j.open > 0 THEN 7 ELSE 8 END`;

export const STATES: Readonly<Record<number, JobState>> = { ...FINAL, 5: "active", 6: "parked", 7: "blocked", 8: "ready" };

export const FROM = `FROM jobs j LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN active a ON a.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;

/** When a job is due. */
export const DUE_AT = "coalesce(j.due_at, j.enqueued_at)";

/** A whole record; wants `FROM` behind it, or the same tables in another order. */
export const RECORD = `SELECT j.id, j.task, j.lane, ${STANDS}, j.payload, j.headers, j.grp, coalesce(e.attempts, j.attempts + (a.seq IS NOT NULL)), j.lapses,
  j.enqueued_at, ${DUE_AT}, coalesce(e.started_at, a.started_at, j.started_at), e.ended_at, e.result, coalesce(e.error, j.error),
  e.cause, (SELECT w.id FROM workers w WHERE w.no = a.worker)`;

export type RecordRow = [
  string,
  string,
  number,
  number,
  string,
  string | null,
  string | null,
  number,
  number,
  number,
  number,
  number | null,
  number | null,
  string | null,
  string | null,
  DeathCause | null,
  string | null,
];

/** The record in a row of `RECORD`. */
export function toRecord(store: Store, row: RecordRow, now: number): JobRecord {
  const [
    id,
    task,
    lane,
    state,
    payload,
    headers,
    group,
    attempts,
    lapses,
    enqueuedAt,
    dueAt,
    startedAt,
    endedAt,
    result,
    error,
    cause,
    worker,
  ] = row;
  return {
    id,
    task,
    queue: store.queueOf(lane),
    state: STATES[state]!,
    ...delayedOf(STATES[state]!, dueAt, now),
    payload,
    ...(headers !== null && { headers: JSON.parse(headers) as Record<string, string> }),
    priority: LEVELS - 1 - (lane % LEVELS),
    ...(group !== null && { group }),
    attempts,
    lapses,
    enqueuedAt,
    dueAt,
    ...(startedAt !== null && { startedAt }),
    ...(endedAt !== null && { endedAt }),
    ...(result !== null && { result }),
    ...(error !== null && { error: JSON.parse(error) as Failure }),
    ...(cause !== null && { cause }),
    ...(worker !== null && { worker }),
  };
}
