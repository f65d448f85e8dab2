import type { Delivery } from "../../contract/job.js";
import { RETRY_HEADER, retryOf } from "../task/retry-header.js";
import type { RetryPolicy, TaskDefinition } from "../task/task.js";
import type { AbortedBy } from "./outcome.js";

const NO_RETRY: RetryPolicy = { attempts: 1, baseMs: 0, capMs: 0, when: undefined };

/** What attempts change of the queue they came from; a worker counts more of it. */
export interface QueueLoad {
  /** How many of its jobs run here. */
  running: number;
  /** How many of its jobs were lent here since one of them could not be run. */
  lent: number;
}

/**
 * One attempt under way in this process.
 * Made per job on the hot path: an abort controller exists only once the signal was read.
 */
export class RunningJob {
  readonly delivery: Delivery;
  /** Undefined: this worker has no handler for its task. */
  readonly definition: TaskDefinition | undefined;
  readonly queue: QueueLoad | undefined;
  /** Name under which the worker borrowed it. */
  readonly holder: string;
  /** Milliseconds since the epoch, on this process's clock. */
  readonly startedAt: number;
  /** Place in the list of those running; -1 when it has ended here. */
  place = -1;
  /** On the steady clock: when it must have ended; `Infinity` for no limit. */
  deadline = Number.POSITIVE_INFINITY;
  /** Set once the attempt was aborted. */
  abortedBy: AbortedBy | undefined;
  /** Handed back at shutdown. */
  released = false;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(delivery: Delivery, definition: TaskDefinition | undefined, queue: QueueLoad | undefined, holder: string, startedAt: number) {
    this.delivery = delivery;
    this.definition = definition;
    this.queue = queue;
    this.holder = holder;
    this.startedAt = startedAt;
  }

  /** How it is retried: by its own options, and else by its task's. */
  get retry(): RetryPolicy {
    const { definition, delivery } = this;
    return definition === undefined ? NO_RETRY : retryOf(delivery.job.headers?.[RETRY_HEADER], definition.retry);
  }

  /** True until its outcome counts, or it was given up (timeout, hand-back). */
  get live(): boolean {
    return this.place >= 0;
  }

  /** True once it is known that the worker does not hold it any more: its result is not recorded. */
  get gone(): boolean {
    return this.abortedBy === "cancelled" || this.abortedBy === "lost";
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.abortedBy !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the handler. The first reason stays. */
  abort(by: AbortedBy, reason: unknown): void {
    if (this.abortedBy !== undefined) return;
    this.abortedBy = by;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** The attempts under way. Adding and removing take constant time. */
export class RunningJobs {
  readonly #jobs: RunningJob[] = [];
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#jobs.length;
  }

  /** A copy, in no order. */
  all(): readonly RunningJob[] {
    return [...this.#jobs];
  }

  some(is: (job: RunningJob) => boolean): boolean {
    return this.#jobs.some(is);
  }

  /** Resolves as soon as none is left. */
  emptied(): Promise<void> {
    return this.#jobs.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  join(job: RunningJob): void {
    job.place = this.#jobs.push(job) - 1;
    if (job.queue !== undefined) {
      job.queue.running++;
      job.queue.lent++;
    }
  }

  leave(job: RunningJob): void {
    const last = this.#jobs.pop()!;
    if (last !== job) {
      this.#jobs[job.place] = last;
      last.place = job.place;
    }
    job.place = -1;
    if (job.queue !== undefined) job.queue.running--;
    if (this.#jobs.length === 0 && this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
