import { usersHeaders } from "../job/headers.js";
import type { Codec } from "../codec/codec.js";
import { type Duration, toMs } from "../task/duration.js";
import { Snooze, type TaskContext, type TaskInput } from "../task/task.js";
import { inputsOf } from "../canvas/payload-of.js";
import type { RunningJob } from "../attempt/running.js";

/** The second argument of a task handler. Parts that cost something are made when they are first read. */
export class AttemptContext implements TaskContext {
  readonly jobId: string;
  readonly task: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly #job: RunningJob;
  readonly #codec: Codec;
  #inputs: readonly TaskInput[] | undefined;

  constructor(job: RunningJob, maxAttempts: number, codec: Codec, payload: unknown) {
    const { job: stored, attempt } = job.delivery;
    this.jobId = stored.id;
    this.task = stored.task;
    this.queue = stored.queue;
    this.payload = payload;
    this.attempt = attempt;
    this.maxAttempts = maxAttempts;
    this.#job = job;
    this.#codec = codec;
  }

  get headers(): Readonly<Record<string, string>> {
    return usersHeaders(this.#job.delivery.job.headers);
  }

  get enqueuedAt(): Date {
    return new Date(this.#job.delivery.job.enqueuedAt);
  }

  get inputs(): readonly TaskInput[] {
    return (this.#inputs ??= inputsOf(this.#job.delivery, this.#codec));
  }

  get signal(): AbortSignal {
    return this.#job.signal;
  }

  snooze(delay: Duration): Snooze {
    return new Snooze(toMs(delay, `snooze of job ${this.jobId}`));
  }
}
