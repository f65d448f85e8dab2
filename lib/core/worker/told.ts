import type { Settlement } from "../../contract/broker.js";
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { Signals } from "../signals/signals.js";
import { describe } from "./retryable.js";
import type { RunningJob } from "./running.js";

/** Tells and logs what has become of a job, once the store has confirmed it. Costs a look at the listeners when nobody listens. */
export class Told {
  readonly #signals: Signals;
  readonly #log: Log;
  readonly #clock: Clock;

  constructor(signals: Signals, log: Log, clock: Clock) {
    this.#signals = signals;
    this.#log = log;
    this.#clock = clock;
  }

  started(job: RunningJob): void {
    if (this.#signals.has("job:started")) this.#signals.tell("job:started", about(job));
  }

  lost(job: RunningJob): void {
    if (this.#signals.has("job:lost")) this.#signals.tell("job:lost", about(job));
  }

  settled(job: RunningJob, settlement: Settlement, how: { readonly lost: boolean; readonly refused?: unknown }): void {
    if (how.lost) return this.lost(job);
    if (how.refused !== undefined) {
      const error = { name: "Error", message: describe(how.refused) };
      return this.#dead(job, error, "the store refused how it ended");
    }
    const signals = this.#signals;
    switch (settlement.as) {
      case "succeeded":
        if (signals.has("job:succeeded")) signals.tell("job:succeeded", this.#timed(job));
        return;
      case "failed":
        return this.#dead(job, settlement.error, settlement.cause);
      case "parked":
        if (signals.has("job:parked")) signals.tell("job:parked", this.#timed(job));
        return;
      case "ready":
        if (settlement.attempt === "spent" && settlement.error !== undefined) {
          const delayMs = settlement.delayMs ?? 0;
          if (signals.has("job:retried")) signals.tell("job:retried", { ...this.#timed(job), delayMs, error: settlement.error });
          this.#log.debug(`${nameOf(job)} failed and runs again in ${delayMs} ms: ${describe(settlement.error)}`);
        } else if (job.released) {
          // Of a task that nobody here knows nothing was begun.
          if (job.definition !== undefined && signals.has("job:released")) signals.tell("job:released", about(job));
        } else if (signals.has("job:snoozed")) signals.tell("job:snoozed", this.#timed(job));
        return;
      case "cancelled":
        return;
    }
  }

  #dead(job: RunningJob, error: Extract<Settlement, { as: "failed" }>["error"], why: string): void {
    if (this.#signals.has("job:dead")) this.#signals.tell("job:dead", { ...this.#timed(job), error });
    const final = error.notRetried === undefined ? "" : ` (not retried: ${error.notRetried})`;
    this.#log.error(`${nameOf(job)} is dead (${why}): ${describe(error)}${final}`, error.stack);
  }

  #timed(job: RunningJob): ReturnType<typeof about> & { readonly ms: number } {
    return { ...about(job), ms: this.#clock.now() - job.startedAt };
  }
}

function about({ delivery: { job, attempt } }: RunningJob): {
  readonly jobId: string;
  readonly task: string;
  readonly queue: string;
  readonly attempt: number;
} {
  return { jobId: job.id, task: job.task, queue: job.queue, attempt };
}

function nameOf({ delivery: { job, attempt } }: RunningJob): string {
  return `Attempt ${attempt} of job ${job.id} (${job.task})`;
}
