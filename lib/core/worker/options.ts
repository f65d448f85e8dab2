import type { Duration } from "../task/duration.js";

export interface WorkerOptions {
  /**
   * Queues to serve: names, or names with how many of its jobs may run here at once. Default: the queues of all tasks registered in this process.
   */
  readonly queues?: readonly string[] | Readonly<Record<string, number>>;
  /** How many jobs may run in this process at once. Default 100. */
  readonly concurrency?: number;
  /** How long the store waits for a sign of life before it lends this worker's jobs to others; renewed every third of it. Default 10 s, at least 100 ms. */
  readonly lease?: Duration;
  /** How long a shutdown waits for running handlers before it aborts their `ctx.signal` with reason `"shutdown"`. Default 20 s. */
  readonly grace?: Duration;
  /** How long it then waits for aborted handlers to end before it hands their jobs back. Default 5 s. */
  readonly abortGrace?: Duration;
  /** Longest time without asking the store for work, should a wake-up be lost. Default 5 s. */
  readonly poll?: Duration;
}
