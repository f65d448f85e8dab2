import type {
  DeathCause,
  Delivery,
  Ended,
  Failure,
  Input,
  JobRecord,
  JobState,
  StoredEvent,
  Wake,
  WorkerRecord,
} from "../../contract/index.js";
import { FINAL, JOURNALED } from "./codes.js";
import type { DeadEnd } from "./ends.js";

/** The columns of a record after those that tell the queue and the state. */
export type RecordColumns = [
  payload: string,
  headers: string | null,
  group: string | null,
  attempts: number,
  lapses: number,
  enqueuedAt: number,
  dueAt: number,
  startedAt: number | null,
  endedAt: number | null,
  result: string | null,
  error: string | null,
  cause: DeathCause | null,
  worker: string | null,
];

/** What a record begins with. */
export interface Standing {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly priority: number;
  readonly state: JobState;
  readonly isDelayed: boolean;
}

/** The record of a job. */
export function recordOf({ id, task, queue, priority, state, isDelayed }: Standing, columns: RecordColumns): JobRecord {
  const [payload, headers, group, attempts, lapses, enqueuedAt, dueAt, startedAt, endedAt, result, error, cause, worker] = columns;
  return {
    id,
    task,
    queue,
    state,
    ...(isDelayed && { delayed: true }),
    payload,
    ...headersOf(headers),
    priority,
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

/** A job as it is lent: attempts and fence are those before this delivery. */
export interface LentJob {
  readonly seq: number;
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly payload: string;
  readonly headers: string | null;
  readonly priority: number;
  readonly enqueuedAt: number;
  readonly dueAt: number;
  readonly group: string | null;
  readonly attempts: number;
  readonly fence: number;
  readonly lapses: number;
  readonly links: number;
  readonly wake: string | null;
}

/** The delivery of a job that is lent now. */
export function deliveryOf(job: LentJob, inputs: readonly Input[]): Delivery {
  const { seq, id, task, queue, payload, headers, priority, enqueuedAt, dueAt, group, attempts, fence, lapses, links, wake } = job;
  return {
    job: { id, task, queue, payload, ...headersOf(headers), priority, enqueuedAt, dueAt, ...(group !== null && { group }) },
    lease: { jobId: id, fence: fence + 1, job: seq },
    attempt: attempts + 1,
    lapses,
    inputs,
    ...(wake !== null && { wake: JSON.parse(wake) as Wake }),
    journaled: (links & JOURNALED) !== 0,
  };
}

/** What a job left to one that waited for it; `ended`: its state in `ended`. */
export function inputOf(jobId: string, ended: number, result: string | null, error: string | null): Input {
  const state = FINAL[ended]!;
  return state === "succeeded"
    ? { jobId, state, ...(result !== null && { result }) }
    : { jobId, state, error: JSON.parse(error!) as Failure };
}

/** The columns of what is told of an end: task, queue; payload and headers, null if they are too long. */
export type EndColumns = [task: string, queue: string, payload: string | null, headers: string | null];

/** An end as the caller of a verb is told of it. */
export function endedOf({ id, state, cause, error, attempts }: DeadEnd, [task, queue, payload, headers]: EndColumns): Ended {
  return {
    id,
    task,
    queue,
    state,
    ...(cause !== null && { cause }),
    error,
    attempts,
    ...(payload !== null && { payload }),
    ...headersOf(headers),
  };
}

/** The columns of an event. */
export type EventColumns = [id: string, seq: number, name: string, key: string, payload: string | null, at: number];

export function eventOf([id, seq, name, key, payload, at]: EventColumns): StoredEvent {
  return { id, seq, name, key, ...(payload !== null && { payload }), at };
}

/** The columns of a worker: its number first. */
export type WorkerColumns = [no: number, id: string, info: string, startedAt: number, seenAt: number, leaseUntil: number, active: number];

export function workerOf([, id, info, startedAt, seenAt, leaseUntil, active]: WorkerColumns): WorkerRecord {
  return { id, info: JSON.parse(info) as Record<string, string>, startedAt, seenAt, leaseUntil, active };
}

function headersOf(headers: string | null): { readonly headers?: Record<string, string> } {
  return headers === null ? NONE : { headers: JSON.parse(headers) as Record<string, string> };
}

const NONE = {};
