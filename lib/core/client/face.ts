import type { JobRecord } from "../../contract/jobs.js";
import type { Duration } from "../task/duration.js";
import type { Signature } from "../canvas/signature.js";
import type { EmitOptions, Emitted } from "../event/emit.js";
import type { EventType, PayloadOf } from "../event/event.js";
import type { EnqueueOptions, ScheduleOptions, SignatureOptions } from "../task/options.js";
import type { TaskRef } from "../task/ref.js";

/**
 * Gives the options of each job of an `enqueueMany`: called with its payload and its place among them, from
 * 0. Not async.
 */
export type OptionsOfEach<I> = (payload: I, index: number) => EnqueueOptions | undefined;

/** Options of an `enqueueMany`: the same for all its jobs, where `id` is a prefix, or of each its own. */
export type ManyOptions<I> = EnqueueOptions | OptionsOfEach<I>;

export interface WaitForOptions {
  /** How long to wait. Default: for ever. */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
}

/** A job that was enqueued, from any process that knows its id. */
export interface JobHandle<O = unknown> {
  readonly id: string;
  /**
   * True when no job was stored by this call: one of this id was stored already, or one holds its unique
   * key. Always false on a handle made from an id.
   */
  readonly duplicate: boolean;
  /**
   * What the call did.
   * `"stored"`, also on a handle made from an id · `"known"`: nothing, a job of this id was stored already ·
   * `"kept"`, `"replaced"`, `"postponed"`: a job holds the unique key, and this handle is that job's; it
   * stays as it is, or has taken over what is new.
   */
  readonly as: "stored" | "known" | "kept" | "replaced" | "postponed";
  /**
   * Waits for the end and returns what the handler returned.
   * @throws {JobFailedError} it failed for good, was cancelled or expired
   * @throws {ResultTimeoutError} the wait's time ran out; the job goes on
   * @throws {UnknownJobError} nothing is stored under the id (any more)
   */
  result(options?: WaitForOptions): Promise<O>;
  /** Everything the store knows about it now; undefined when nothing is stored under the id. */
  status(): Promise<JobRecord | undefined>;
  /** Ends it at once unless it has ended. True if this call ended it. */
  cancel(reason?: string): Promise<boolean>;
}

/** A payload argument that may be left out when the task takes none, or anything (`any`, `unknown`). */
export type PayloadArgs<I, Rest extends readonly unknown[]> = 0 extends 1 & I
  ? [payload?: unknown, ...Rest]
  : [I] extends [void]
    ? [payload?: undefined, ...Rest]
    : undefined extends I
      ? [payload?: I, ...Rest]
      : [payload: I, ...Rest];

/** Enqueues jobs of one task. Generated clients consist of these. */
export interface TaskClient<I, O> extends TaskRef<I, O> {
  enqueue(...args: PayloadArgs<I, [options?: EnqueueOptions]>): Promise<JobHandle<O>>;
  /** Enqueues one job per payload, all or none, in one round trip. See `Stem.enqueueMany`. */
  enqueueMany(payloads: readonly I[], options?: ManyOptions<I>): Promise<readonly JobHandle<O>[]>;
  enqueueAndWait(...args: PayloadArgs<I, [options?: EnqueueOptions & WaitForOptions]>): Promise<O>;
  /**
   * A job to be, for `chain`, `group` and `chord`. Without a payload the task gets what the jobs before it
   * returned: the result in a chain, the list of results in a chord.
   */
  signature(payload?: I, options?: SignatureOptions): Signature<I, O>;
  /**
   * Makes, or changes, a schedule that enqueues the task by the clock:
   * `schedule("digest.ada", "0 9 * * MON-FRI", { user: "ada" }, { timeZone: "Europe/Berlin" })`. It is kept
   * in the store, also over restarts, until it is removed; whichever process has a beat fires it, once per
   * slot. Making it anew with the same arguments changes nothing; with another expression it takes the next
   * slot by that; one that is paused stays paused.
   *
   * @param name unique in the store, among those declared by `@Cron` too
   * @param cron five fields, six with seconds first, or an alias, as for `@Cron`
   * @throws {OptionError} `STEM_CRON_INVALID`, `STEM_TIME_ZONE_INVALID`, `STEM_NAME_INVALID`,
   *   `STEM_OPTION_UNKNOWN`
   * @throws {StemError} `STEM_SCHEDULE_DECLARED`: the name is that of a `@Cron`
   * @throws as `enqueue` for what its jobs could not be
   */
  schedule(name: string, cron: string, ...args: PayloadArgs<I, [options?: ScheduleOptions]>): Promise<ScheduleClient<O>>;
  /**
   * The handle of a job of this task that was enqueued by anybody, by its id. That of another task's job
   * rejects with `STEM_ID_TAKEN`.
   */
  handle(id: string): JobHandle<O>;
}

/**
 * One schedule, from any process. What was declared by `@Cron` is in the store once a beat that knows it has
 * run.
 */
export interface ScheduleClient<O = unknown> {
  readonly name: string;
  /**
   * Stops it from firing until `resume`; slots that come meanwhile are not caught up. False: there is no such
   * schedule.
   */
  pause(): Promise<boolean>;
  /**
   * Goes on with the next slot from now; nothing happens to one that is not paused. False: there is no such
   * schedule.
   */
  resume(): Promise<boolean>;
  /**
   * Enqueues its job now, paused or not; its slots stay where they are.
   * @throws {UnknownScheduleError}
   */
  trigger(): Promise<JobHandle<O>>;
  /**
   * The slot it will fire next (one that has passed will be fired at once by the next beat). Undefined:
   * never, because it is paused, or there is no such schedule.
   */
  next(): Promise<Date | undefined>;
  /**
   * Removes it. What the code declares is there again when the next beat starts. False: there was no such
   * schedule.
   */
  remove(): Promise<boolean>;
}

/** Starts runs of one workflow. `S`: its signals, such as `Pick<typeof ProcessOrder, "approved">`. */
export interface WorkflowClient<I, O, S = {}> extends TaskRef<I, O> {
  start(...args: PayloadArgs<I, [options?: EnqueueOptions]>): Promise<RunHandle<O, S>>;
  /** As `TaskClient.enqueueMany`. */
  startMany(payloads: readonly I[], options?: ManyOptions<I>): Promise<readonly RunHandle<O, S>[]>;
  startAndWait(...args: PayloadArgs<I, [options?: EnqueueOptions & WaitForOptions]>): Promise<O>;
  signature(payload?: I, options?: SignatureOptions): Signature<I, O>;
  /** Makes, or changes, a schedule that starts runs by the clock. See `TaskClient.schedule`. */
  schedule(name: string, cron: string, ...args: PayloadArgs<I, [options?: ScheduleOptions]>): Promise<ScheduleClient<O>>;
  /**
   * The handle of a run of this workflow that was started by anybody, by its id. That of another task's job
   * rejects with `STEM_ID_TAKEN`.
   */
  handle(id: string): RunHandle<O, S>;
}

/** A run of a workflow, from any process that knows its id. */
export interface RunHandle<O = unknown, S = {}> extends JobHandle<O> {
  /** Tells the run something: `handle.signal.approved({ by: "ada" })`. See `Stem.signal`. */
  readonly signal: SignalsOf<S>;
}

/**
 * The signals of a workflow as functions. A mapped type, so that editors lead from the call to the
 * declaration.
 */
export type SignalsOf<S> = {
  readonly [K in keyof S]: (...args: PayloadArgs<PayloadOf<S[K]>, [options?: EmitOptions]>) => Promise<Signalled>;
};

/** Emits events of one kind. Generated clients consist of these; may be waited for like the event itself. */
export interface EventClient<T> extends EventType<T> {
  /** See `Stem.emit`. */
  emit(key: string, ...args: PayloadArgs<T, [options?: EmitOptions]>): Promise<Emitted>;
}

/** Options of a whole canvas. */
export interface CanvasOptions {
  /** Makes the canvas repeatable: its jobs get ids that begin with it. Default: a new unique id. */
  readonly id?: string;
  readonly transaction?: unknown;
}

/**
 * The handle of a chain or chord is that of its last job; `jobs` are all, in order (of a chord: the members,
 * then the callback).
 */
export interface CanvasHandle<O> extends JobHandle<O> {
  readonly jobs: readonly JobHandle[];
}

export interface GroupHandle<O> {
  readonly id: string;
  readonly jobs: readonly JobHandle<O>[];
  /**
   * Waits for all members and returns their results in order.
   * @throws as `JobHandle.result`, for the first that did not succeed
   */
  results(options?: WaitForOptions): Promise<readonly O[]>;
}

/** What came of a signal. */
export interface Signalled {
  readonly id: string;
  /**
   * `"sent"`: the run has it, or will when it asks · `"duplicate"`: a signal of this id was sent to this run
   * already, nothing happened · `"ended"`: the run had ended, nobody will ever ask; nothing was stored.
   */
  readonly as: "sent" | "duplicate" | "ended";
}
