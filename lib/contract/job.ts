/**
 * One request to run a task: plain data, stored by every adapter exactly as given.
 * Times are milliseconds since the epoch.
 */
export interface NewJob {
  /** Chosen by the producer, so that enqueueing the same id twice is harmless. 1 to 200 characters. */
  readonly id: string;
  /** Registered task name, such as `"mail.send"`. */
  readonly task: string;
  readonly queue: string;
  /** The argument after the codec (perhaps signed, perhaps encrypted). Adapters never read it. */
  readonly payload: string;
  /** Small facts that travel beside the payload: trace, tenant. Adapters never read them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** 0 (default) to 9; the higher goes first within its queue. */
  readonly priority?: number;
  /** Earliest start, absolute. Excludes `delayMs`. Default: as soon as possible. */
  readonly dueAt?: number;
  /** Earliest start, counted from now on the store's clock. Excludes `dueAt`. */
  readonly delayMs?: number;
  /** A job that has not started by this moment ends `expired` instead of running late. */
  readonly expiresAt?: number;
  /** The same, counted from now on the store's clock. Excludes `expiresAt`. */
  readonly expiresInMs?: number;
  /**
   * How many workers may die (or vanish past their lease) with this job before it is dead. Default 5.
   * The count begins anew if a handler of it ends by itself in between.
   */
  readonly maxLapses?: number;
  /** How long the record stays after success; 0 forgets it at once. Default one day. */
  readonly keepResultMs?: number;
  /** How long the record stays after any other end. Default 30 days. */
  readonly keepFailedMs?: number;
  /** Jobs of the SAME enqueue call that wait for this one. */
  readonly links?: readonly Link[];
  /** How many links of the same call point at this job. Above 0 it is stored `blocked`. */
  readonly waitsFor?: number;
  /** A label shared by the members of a group, to list and count them together. */
  readonly group?: string;
  /**
   * What happens if a job of this id and task is stored already. Not stored itself.
   * `"skip"` (default): nothing. `"again"`: if that one has ended, and no job needs it as an input, it is
   * forgotten and this one stored, in one step.
   */
  readonly known?: "skip" | "again";
  /** Limits to respect, at most 4. */
  readonly limits?: readonly LimitUse[];
  /** A key that at most one job of its queue holds. */
  readonly unique?: Unique;
}

/**
 * One arrow of the canvas.
 * When the job that carries it ends, its result becomes input number `position` of job `to`.
 */
export interface Link {
  readonly to: string;
  /** Place of this result among the inputs of `to`, from 0; unique per `to`. */
  readonly position: number;
  /**
   * `"fail"` (default): if this job does not succeed, `to` ends with it.
   * `"continue"`: `to` gets the failure as its input.
   */
  readonly onFailure?: "fail" | "continue";
}

/** One limit that a job counts for. */
export interface LimitUse {
  readonly name: string;
  /** A key of the limit, such as a tenant. Absent: the limit is one for all. */
  readonly key?: string;
  /** How long the job counts: while it is on loan (default), or until its final end. */
  readonly until?: "attempt" | "end";
}

/**
 * At most one job per key and queue, also of different tasks.
 * Only for a job without links. A known id is met as such, before its key is looked at.
 */
export interface Unique {
  /** 1 to 200 characters. */
  readonly key: string;
  /**
   * How long the job holds the key.
   * `"started"`: until it is lent · `"ended"`: until it has ended · `{ ms }`: for so long from its enqueue,
   * also if it ends before or is forgotten. The first two also end when it is forgotten, and once its
   * `expiresAt` has passed before it was begun; they begin again when it is made ready again.
   */
  readonly until: "started" | "ended" | { readonly ms: number };
  /**
   * What happens to a new job whose key is held by another job. It is not stored.
   * `"keep"`: nothing · `"replace"`: the waiting job gets its payload, headers, due time and expiry ·
   * `"postpone"`: the same, and it is due at most `maxWaitMs` after the waiting job was enqueued. The last
   * two need `until: "started"`, and keep a job of another task as it is.
   */
  readonly whenHeld: "keep" | "replace" | "postpone";
  /** How long `"postpone"` may put a job off in all, from its enqueue. Milliseconds; default: for ever. */
  readonly maxWaitMs?: number;
}

/**
 * Proof of a loan.
 * No two deliveries under one id ever have the same `job` and `fence`, and a later one has the higher `job`,
 * or the same and the higher `fence`. So a worker that lost the job can no longer write to it, and cannot
 * write to a new job either that was stored under the id once the first was forgotten. Core hands a lease on
 * as it was given.
 */
export interface Lease {
  readonly jobId: string;
  /**
   * Grows at every delivery of the stored job. It also grows where its journal is rewritten, and where it
   * begins anew.
   */
  readonly fence: number;
  /**
   * Distinguishes the jobs that were stored under one id, one after the other; never used again.
   * 0 where `fence` alone does so.
   */
  readonly job: number;
}

/** A job on loan to one worker. */
export interface Delivery {
  readonly job: StoredJob;
  readonly lease: Lease;
  /**
   * 1 on the first start. Counted at claim; a snooze, a release or a lapse gives it back, a retry does not.
   */
  readonly attempt: number;
  /**
   * How many deliveries never came back, since a handler of the job last ended by itself.
   * The worker died or lost its lease.
   */
  readonly lapses: number;
  /** What the linked jobs left, in `position` order. Empty for a job that never waited. */
  readonly inputs: readonly Input[];
  /** Why a parked job runs again. Kept over redeliveries until the next settlement. */
  readonly wake?: Wake;
  /** True once anything was appended to the job's journal; when false, reading it can be saved. */
  readonly journaled: boolean;
}

/** The part of a delivery that describes its job. */
export interface StoredJob {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly payload: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly enqueuedAt: number;
  /** When it became due, so that lateness can be measured. */
  readonly dueAt: number;
  readonly group?: string;
}

/**
 * The end of one job, for the job that waited for it.
 * `result` is absent when the handler returned nothing.
 */
export type Input =
  | { readonly jobId: string; readonly state: "succeeded"; readonly result?: string }
  | { readonly jobId: string; readonly state: "failed" | "cancelled" | "expired"; readonly error: Failure };

/** Why a job did not succeed, as data. */
export interface Failure {
  /** Name of the error class, `"Error"` if unknown. */
  readonly name: string;
  readonly message: string;
  /** A code to search for, when the error had one. */
  readonly code?: string;
  readonly stack?: string;
  /** Which attempt failed, from 1. */
  readonly attempt?: number;
  /** Why it was not tried again although attempts were left. */
  readonly notRetried?: string;
  /** Its cause (`error.cause`), up to four deep; with the stacks cut shorter. */
  readonly cause?: Failure;
  /** For an error that stands for several (`AggregateError`): the first four. */
  readonly errors?: readonly Failure[];
  /** Only on a job that is handed back by workers which cannot run it. Adapters keep it as it is. */
  readonly handedBack?: HandedBack;
}

/**
 * The history of a job that is handed back again and again, so that any worker can go on counting.
 * Times are the store's.
 */
export interface HandedBack {
  /** When it was handed back for the first time. */
  readonly first: number;
  /** When a worker that may know it was last seen alive; absent: never since. */
  readonly seen?: number;
  /**
   * When it was to be lent again.
   * A delivery that became due at another moment has been run in between, or retried by a person.
   */
  readonly dueAt: number;
  /** The code of the workers that could not run it. */
  readonly by: readonly string[];
}

/**
 * Why a `failed` job is dead.
 * Its handler failed, it was refused before the handler, its workers were lost, or a job it waited for
 * failed.
 */
export type DeathCause = "error" | "rejected" | "lapsed" | "input";

/**
 * What a parked job waits for: the first event of that name and key whose sequence number is above `after`.
 */
export interface EventWait {
  readonly name: string;
  readonly key: string;
  /** Sequence number of the last such event this job has had; 0 for none. */
  readonly after: number;
}

/**
 * What ended a park.
 * `seq` is the event's number, to be given as `after` in the job's next wait for the same name and key.
 */
export type Wake =
  | { readonly by: "event"; readonly name: string; readonly key: string; readonly seq: number; readonly payload?: string }
  | { readonly by: "deadline" };

/**
 * Every permitted move of a job; an adapter makes no other.
 * The laws walk this table; nothing is written outside it.
 */
export const NEXT_STATES = {
  /** last input arrived · an input did not succeed · cancelled, or an input was */
  blocked: ["ready", "failed", "cancelled"],
  /** claimed · cancelled · its `expiresAt` passed. Due later is still `ready`. */
  ready: ["active", "cancelled", "expired"],
  /** returned · retry, snooze, release, lapse, stored event, anew · waits · failed for good · cancelled */
  active: ["succeeded", "ready", "parked", "failed", "cancelled"],
  /** its event came, its deadline passed, or its journal was rewritten · cancelled */
  parked: ["ready", "cancelled"],
  succeeded: [],
  /** retried by a person, or its journal rewritten · the input it failed because of was retried */
  failed: ["ready", "blocked"],
  cancelled: ["ready", "blocked"],
  expired: ["ready"],
} as const;

export type JobState = keyof typeof NEXT_STATES;

/** The four states a job can end in. Only a person's retry leads out again. */
export type FinalState = "succeeded" | "failed" | "cancelled" | "expired";

export const JOB_STATES = Object.keys(NEXT_STATES) as readonly JobState[];

export function isFinal(state: JobState): state is FinalState {
  return state === "succeeded" || state === "failed" || state === "cancelled" || state === "expired";
}

export function mayMove(from: JobState, to: JobState): boolean {
  return (NEXT_STATES[from] as readonly JobState[]).includes(to);
}
