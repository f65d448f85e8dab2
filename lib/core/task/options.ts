import type { Duration } from "./duration.js";
import type { JobRetryOptions } from "./task.js";

/** How one job is to be enqueued; what is left out comes from the task. */
export interface EnqueueOptions {
  /**
   * Chosen by you, so that enqueueing twice is harmless; 1 to 200 characters. Default: a new unique id. It
   * stands for one job as long as its record is kept, over all tasks: that of another task's job is refused
   * (`STEM_ID_TAKEN`). See docs/ids.md.
   */
  readonly id?: string;
  /**
   * `true`: a job of this id that has ended is forgotten and this one stored in its place, in one step. One
   * that waits or runs, or is an input yet, is a duplicate as ever.
   */
  readonly again?: boolean;
  readonly queue?: string;
  readonly priority?: number;
  /** Start no sooner than this from now, on the store's clock. Excludes `at`. */
  readonly delay?: Duration;
  /** Start no sooner than this moment. Excludes `delay`. */
  readonly at?: Date;
  /** If it has not started within this from now, it ends `expired`. */
  readonly expiresIn?: Duration;
  readonly keepResult?: Duration;
  readonly keepFailed?: Duration;
  /**
   * How this job is retried, in place of what its task says: `retry: { attempts: 8, base: "5s" }`, or a
   * number of attempts; 1 means no retry. What is left out comes from the task. It is the job's for good,
   * also when it is retried as a dead letter; of a workflow it is for the run, not for its steps. Workers of
   * before 0.2 do not know it and go by the task.
   */
  readonly retry?: number | JobRetryOptions;
  /**
   * Small facts that travel beside the payload, up to 8 KiB in all. Names that begin with `stem-` are ours.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** A transaction of yours on the same store, for adapters whose `capabilities.transactions` is true. */
  readonly transaction?: unknown;
}

/** How the jobs of a schedule are enqueued, and where its clock hangs. */
export interface ScheduleOptions extends Pick<
  EnqueueOptions,
  "queue" | "priority" | "expiresIn" | "keepResult" | "keepFailed" | "retry" | "headers"
> {
  /** IANA name, such as `"Europe/Berlin"`. Default `"UTC"`. */
  readonly timeZone?: string;
}

/**
 * Without `id` and `transaction`: those are the canvas's, whose jobs are stored together under ids of its
 * own.
 */
export type SignatureOptions = Omit<EnqueueOptions, "id" | "again" | "transaction"> & {
  /**
   * What happens to the jobs that wait for this one if it does not succeed: they end too (`"fail"`, default),
   * or they run and find the failure in `ctx.inputs`.
   */
  readonly onFailure?: "fail" | "continue";
};
