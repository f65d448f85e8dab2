import type { Duration } from "./duration.js";
import type { JobRetryOptions } from "./task.js";

/** How one job is to be enqueued. Options that are left out come from the task. */
export interface EnqueueOptions {
  /**
   * Chosen by you, so that enqueueing twice is harmless; 1 to 200 characters. Default: a new unique id.
   * It stands for one job as long as its record is kept, over all tasks: the id of another task's job is
   * refused (`STEM_ID_TAKEN`). See docs/ids.md.
   */
  readonly id?: string;
  /**
   * `true`: a job of this id that has ended is forgotten and this one stored in its place, in one step.
   * One that waits or runs, or is still needed as an input, is a duplicate as without it.
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
   * How this job is retried, in place of its task's options: `{ attempts: 8, base: "5s" }`, or a number.
   * The number is that of attempts; 1 means no retry. Options that are left out come from the task. They stay
   * with the job, also when it is retried as a dead letter; for a workflow they are for the run, not for its
   * steps. Workers before 0.2 do not know them and go by the task.
   */
  readonly retry?: number | JobRetryOptions;
  /**
   * Small facts that travel beside the payload, up to 8 KiB in all.
   * Names that begin with `stem-` are reserved.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** Your transaction on the same store, for adapters whose `capabilities.transactions` is true. */
  readonly transaction?: unknown;
}

/** How the jobs of a schedule are enqueued, and its time zone. */
export interface ScheduleOptions extends Pick<
  EnqueueOptions,
  "queue" | "priority" | "expiresIn" | "keepResult" | "keepFailed" | "retry" | "headers"
> {
  /** IANA name, such as `"Europe/Berlin"`. Default `"UTC"`. */
  readonly timeZone?: string;
}

/**
 * Options of one signature. `id` and `transaction` belong to the canvas.
 * Its jobs are stored together, and their ids are made of the canvas's id.
 */
export type SignatureOptions = Omit<EnqueueOptions, "id" | "again" | "transaction"> & {
  /**
   * What happens to the jobs that wait for this one if it does not succeed.
   * They end too (`"fail"`, default), or they run and find the failure in `ctx.inputs`.
   */
  readonly onFailure?: "fail" | "continue";
};
