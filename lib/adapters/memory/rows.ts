import type {
  DeathCause,
  Entry,
  EventWait,
  Failure,
  Input,
  JobRecord,
  JobState,
  NewJob,
  Noted,
  Order,
  Schedule,
  StoredEvent,
  Unique,
  Wake,
  WorkerBeat,
} from "../../contract/index.js";
import { delayedOf, expiryOf, isFinal, JOB_DEFAULTS } from "../../contract/index.js";
import { Heap } from "./order/heap.js";
import { Line } from "./order/line.js";

/** Where a job is filed besides the table of all jobs; at most one place at a time. */
export type Place = "nowhere" | "line" | "delayed" | "deadlines" | "kept";

/**
 * A stored job. Changed only by the functions of this folder, between whose calls every promise of the
 * contract holds.
 */
export class Row {
  readonly id: string;
  readonly task: string;
  queue: Queue;
  payload: string;
  headers: Readonly<Record<string, string>> | undefined;
  priority: number;
  readonly group: string | undefined;
  readonly enqueuedAt: number;
  /** Grows with every job of the store. */
  readonly order: number;
  readonly maxLapses: number;
  readonly keepResultMs: number;
  readonly keepFailedMs: number;
  readonly unique: Unique | undefined;

  state: JobState;
  dueAt: number;
  expiresAt: number | undefined;
  attempts = 0;
  lapses = 0;
  /** Grows at every delivery, where its journal is rewritten, and where it begins anew. */
  fence = 0;
  worker: WorkerRow | undefined = undefined;
  startedAt: number | undefined = undefined;
  endedAt: number | undefined = undefined;
  result: string | undefined = undefined;
  error: Failure | undefined = undefined;
  cause: DeathCause | undefined = undefined;
  wake: Wake | undefined = undefined;
  waits: readonly EventWait[] | undefined = undefined;
  journal: Entry[] | undefined = undefined;
  note: Noted | undefined = undefined;
  /** The name of the unique key that it has taken last until its start or its end. */
  key: string | undefined = undefined;

  /** Links to this job, by position, and away from it. */
  ins: Arrow[] | undefined = undefined;
  outs: Arrow[] | undefined = undefined;
  openLinks = 0;
  failedLinks = 0;

  /** Still in the table of all jobs. */
  stored = true;
  place: Place = "nowhere";
  ticket = 0;
  /** Neighbours by order of storing, for listing newest first. */
  older: Row | undefined = undefined;
  newer: Row | undefined = undefined;

  constructor(job: NewJob, queue: Queue, order: number, now: number) {
    this.id = job.id;
    this.task = job.task;
    this.queue = queue;
    this.payload = job.payload;
    this.headers = job.headers === undefined ? undefined : Object.freeze({ ...job.headers });
    this.priority = job.priority ?? JOB_DEFAULTS.priority;
    this.group = job.group;
    this.enqueuedAt = now;
    this.order = order;
    this.maxLapses = job.maxLapses ?? JOB_DEFAULTS.maxLapses;
    this.keepResultMs = job.keepResultMs ?? JOB_DEFAULTS.keepResultMs;
    this.keepFailedMs = job.keepFailedMs ?? JOB_DEFAULTS.keepFailedMs;
    this.unique = job.unique && { ...job.unique };
    this.state = (job.waitsFor ?? 0) > 0 ? "blocked" : "ready";
    this.dueAt = job.dueAt ?? now + (job.delayMs ?? 0);
    this.expiresAt = expiryOf(job, now);
  }
}

/** Which job has taken a unique key. It points and the job decides. */
export interface KeyRow {
  readonly id: string;
  /** Absent: the key is held until `until`, whatever becomes of the job. */
  readonly row?: Row;
  readonly until: "started" | "ended" | number;
  /** The job's, when it took the key. */
  readonly fence: number;
}

/** When a key that is held for some time may be forgotten. */
export interface KeyUntil {
  readonly name: string;
  readonly key: KeyRow;
  readonly ticket: number;
}

/**
 * A link: when `from` ends, its end becomes an input of `to`. Results are not copied; they are read from
 * `from` at claim.
 */
export interface Arrow {
  readonly from: Row;
  readonly to: Row;
  readonly position: number;
  /** `onFailure: "continue"`. */
  readonly carriesOn: boolean;
  state: "open" | "delivered" | "failed";
  /** What a bad end left that was handed on, since `from` may be retried later. */
  left: Input | undefined;
}

/** The input that a job has left to whoever waited for it; undefined while it has not ended. */
export function inputOf(row: Row): Input | undefined {
  if (!isFinal(row.state)) return undefined;
  if (row.state === "succeeded") return { jobId: row.id, state: "succeeded", ...(row.result !== undefined && { result: row.result }) };
  return { jobId: row.id, state: row.state, error: row.error ?? { name: "Error", message: `Job ${row.id} ${row.state}.` } };
}

/** The record of a job. */
export function recordOf(row: Row, now: number): JobRecord {
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

/** One queue, and its jobs by how they wait. */
export class Queue {
  readonly name: string;
  paused = false;
  readonly counts: Record<JobState, number> = {
    blocked: 0,
    ready: 0,
    active: 0,
    parked: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
  };
  /** How many of the `ready` jobs are in `delayed`. */
  delayedCount = 0;
  /** Dead letters. */
  dead = 0;
  /** All jobs stored. */
  total = 0;
  /** Due jobs by priority. */
  readonly lines: (Line<Row> | undefined)[] = Array.from({ length: 10 }, () => undefined);
  /** Ready jobs that were not yet due when filed, by due time. */
  readonly delayed = new Heap<Row>();
  /** Parked jobs that have a deadline, by that. */
  readonly deadlines = new Heap<Row>();

  constructor(name: string) {
    this.name = name;
  }

  line(priority: number): Line<Row> {
    return (this.lines[priority] ??= new Line<Row>());
  }
}

export interface WorkerRow {
  readonly id: string;
  /** Grows from worker to worker. */
  readonly no: number;
  info: WorkerBeat["info"];
  readonly startedAt: number;
  seenAt: number;
  leaseUntil: number;
  readonly held: Set<Row>;
  /** What it is ordered to do and has not heard yet. */
  orders: Order[];
}

export interface EventRow extends StoredEvent {
  readonly keepUntil: number;
  /** For the heap of retention; an event is never filed anew. */
  readonly ticket: number;
}

export type ScheduleRow = { -readonly [Field in keyof Schedule]: Schedule[Field] };

export interface LockRow {
  readonly owner: string;
  readonly token: number;
  until: number;
}
