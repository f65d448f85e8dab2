import type { JobFilter, JobRecord } from "../../contract/index.js";
import { ENDED, LEVELS, priorityIn, STANDS, STATES } from "../relational/codes.js";
import { conditionsOf, NARROW, type Wording } from "../relational/lists.js";
import { recordOf, type RecordColumns } from "../relational/records.js";
import type { Row } from "./connect/sql.js";
import { statementOf } from "./connect/statements.js";
import { texts, type Value } from "./connect/values.js";
import { CLOCK } from "./store.js";

/** The tables by which `STANDS` tells where a job stands. */
export const FROM = `FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq LEFT JOIN stem.parked p ON p.seq = j.seq
  LEFT JOIN LATERAL (SELECT j.seq, l.worker, l.started_at FROM stem.loans l
    WHERE e.seq IS NULL AND p.seq IS NULL AND j.seq = ANY (l.seqs) AND get_bit(l.back, array_position(l.seqs, j.seq) - 1) = 0 LIMIT 1) a ON true`;

/** True of a job that is ready, but due after $1 (null: the store's clock). */
export const DELAYED = `(e.seq IS NULL AND a.seq IS NULL AND p.seq IS NULL AND j.open <= 0 AND j.due_at > (SELECT ${CLOCK}))`;

/** A whole record, of the moment $1; wants `FROM` behind it. */
export const RECORD = `SELECT j.id, j.task, (SELECT q.name FROM stem.queues q WHERE q.no = j.lane / ${LEVELS}), j.lane % ${LEVELS}, ${STANDS}::int, j.payload,
  j.headers, j.grp, coalesce(e.attempts, j.attempts + (a.seq IS NOT NULL)::int), j.lapses, j.enqueued_at, j.due_at, coalesce(e.started_at, a.started_at, j.started_at),
  e.ended_at, e.result, CASE WHEN e.state = ${ENDED.succeeded} THEN NULL ELSE coalesce(e.error, j.error) END, e.cause, (SELECT w.id FROM stem.workers w WHERE w.no = a.worker), ${DELAYED}`;

type RecordRow = [id: string, task: string, queue: string, level: number, stands: number, ...columns: RecordColumns, isDelayed: boolean];

/** The record in a row of `RECORD`. */
export function toRecord(row: Row): JobRecord {
  const [id, task, queue, level, stands, ...columns] = row as RecordRow;
  const isDelayed = columns[13];
  return recordOf({ id, task, queue, priority: priorityIn(level), state: STATES[stands]!, isDelayed }, columns as unknown as RecordColumns);
}

/** True while a stored job that has not succeeded waits, or may wait again, for the result of job `e.seq`. */
export const NEEDED = `EXISTS (SELECT FROM stem.links l JOIN stem.jobs t ON t.seq = l.to_seq LEFT JOIN stem.ended x ON x.seq = l.to_seq
  WHERE l.from_seq = e.seq AND (x.seq IS NULL OR x.state <> 1))`;

/** True unless a job, of which `e` is its row of `ended`, is as good as forgotten at $1. */
export const PRESENT = statementOf("common/present");

/** What is true of the jobs of a filter; of what has had its time nothing is. */
export function conditions(filter: JobFilter, now: number | undefined): { readonly where: string; readonly values: Value[] } {
  const values: Value[] = [now ?? null];
  const where = conditionsOf(filter, {
    present: PRESENT,
    delayed: DELAYED,
    narrow: NARROWER,
    state: String,
    text: (value) => `$${values.push(value)}::text`,
    moment: (value) => `$${values.push(value)}::bigint`,
    oneOf: (ids) => `j.id = ANY($${values.push(texts(ids))}::text[])`,
    // A lane tells the queue: lanes of one queue are neighbours.
    inQueue: (name) => `j.lane / ${LEVELS} = (SELECT no FROM stem.queues WHERE name = $${values.push(name)}::text)`,
  });
  return { where, values };
}

const NARROWER: Wording["narrow"] = {
  ...NARROW,
  blocked: "j.open > 0 AND e.seq IS NULL",
  active: "j.seq = ANY (ARRAY(SELECT seq FROM stem.active))",
  parked: "j.seq IN (SELECT seq FROM stem.parked)",
  ready: "e.seq IS NULL AND a.seq IS NULL AND p.seq IS NULL",
};
