import type { DeathCause, Failure, FinalState, JobRecord, JobState } from "../../contract/index.js";
import type { Row } from "./connect/sql.js";
import { LEVELS } from "./line/levels.js";
import { CLOCK } from "./store.js";

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

export const FROM = `FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq LEFT JOIN stem.parked p ON p.seq = j.seq
  LEFT JOIN LATERAL (SELECT j.seq, l.worker, l.started_at FROM stem.loans l
    WHERE e.seq IS NULL AND p.seq IS NULL AND j.seq = ANY (l.seqs) AND get_bit(l.back, array_position(l.seqs, j.seq) - 1) = 0 LIMIT 1) a ON true`;

/** True of a job that is ready, but due after $1 (null: the store's clock). */
export const DELAYED = `(e.seq IS NULL AND a.seq IS NULL AND p.seq IS NULL AND j.open <= 0 AND j.due_at > (SELECT ${CLOCK}))`;

/** A whole record, of the moment $1; wants `FROM` behind it. */
export const RECORD = `SELECT j.id, j.task, (SELECT q.name FROM stem.queues q WHERE q.no = j.lane / ${LEVELS}), j.lane % ${LEVELS}, ${STANDS}::int, j.payload,
  j.headers, j.grp, coalesce(e.attempts, j.attempts + (a.seq IS NOT NULL)::int), j.lapses, j.enqueued_at, j.due_at, coalesce(e.started_at, a.started_at, j.started_at),
  e.ended_at, e.result, coalesce(e.error, j.error), e.cause, (SELECT w.id FROM stem.workers w WHERE w.no = a.worker), ${DELAYED}`;

/** The record in a row of `RECORD`. */
export function toRecord(row: Row): JobRecord {
  const [id, task, queue, level, state, payload, headers, group, attempts, lapses, enqueuedAt, dueAt] = row as [
    string,
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
  ];
  const [startedAt, endedAt, result, error, cause, worker, delayed] = row.slice(12) as [
    number | null,
    number | null,
    string | null,
    string | null,
    DeathCause | null,
    string | null,
    boolean,
  ];
  return {
    id,
    task,
    queue,
    state: STATES[state]!,
    ...(delayed && { delayed }),
    payload,
    ...(headers !== null && { headers: JSON.parse(headers) as Record<string, string> }),
    priority: LEVELS - 1 - level,
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
