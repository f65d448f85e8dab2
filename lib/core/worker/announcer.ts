import type { Settlement } from "../../contract/broker.js";
import type { DeathCause, Failure } from "../../contract/job.js";
import { toFailure } from "../../contract/thrown.js";
import type { Kit } from "../kit.js";
import { jobSignal } from "../telemetry/job-signal.js";
import type { JobSignal, SignalName } from "../telemetry/signals.js";
import type { RunningJob } from "../attempt/running.js";

/**
 * Signals and logs the end of an attempt, once the store has confirmed it.
 * Without listeners it costs one look at their list.
 */
export class Announcer {
  readonly #stem: Kit;
  readonly #workerId: string;

  constructor(stem: Kit, workerId: string) {
    this.#stem = stem;
    this.#workerId = workerId;
  }

  /** A call of the worker's failed, and is made again. */
  failed(error: unknown, retryInMs: number): void {
    this.#stem.signals.tell("worker:error", { workerId: this.#workerId, error, retryInMs });
  }

  started(job: RunningJob): void {
    if (this.#stem.signals.has("job:started")) this.#tell("job:started", job, {});
  }

  lost(job: RunningJob): void {
    this.#tell("job:lost", job, {});
  }

  settled(job: RunningJob, settlement: Settlement, how: { readonly lost: boolean; readonly refused?: unknown }): void {
    if (how.lost) return this.lost(job);
    if (how.refused !== undefined) return this.#dead(job, toFailure(how.refused, job.delivery.attempt), "rejected");
    switch (settlement.as) {
      case "succeeded":
        if (this.#stem.signals.has("job:succeeded"))
          this.#stem.signals.tell("job:succeeded", jobSignal(about(job), this.#stem, this.#timed(job), settlement.result));
        return;
      case "failed":
        return this.#dead(job, settlement.error, settlement.cause);
      case "cancelled":
        return this.#tell("job:cancelled", job, { error: settlement.error });
      case "parked":
        return this.#tell("job:parked", job, this.#timed(job));
      case "ready":
        if (settlement.attempt === "spent" && settlement.error !== undefined) this.#retried(job, settlement.error, settlement.delayMs ?? 0);
        else if (job.released) {
          // This worker has no handler for the task, so the attempt did not begin.
          if (job.definition !== undefined) this.#tell("job:released", job, {});
        } else this.#tell("job:snoozed", job, this.#timed(job));
    }
  }

  #retried(job: RunningJob, error: Failure, delayMs: number): void {
    this.#tell("job:retried", job, { ...this.#timed(job), delayMs, error });
    this.#stem.ends.failures.retried(job.delivery.job.id, ownerOf(job), attemptsOf(job), delayMs, error);
  }

  #dead(job: RunningJob, error: Failure, cause: DeathCause): void {
    this.#tell("job:dead", job, { ...this.#timed(job), cause, error });
    this.#stem.ends.failures.dead(job.delivery.job.id, ownerOf(job), `after attempt ${attemptsOf(job)}`, error);
  }

  #tell<N extends SignalName>(name: N, job: RunningJob, more: object): void {
    const { signals } = this.#stem;
    if (signals.has(name))
      signals.tell(name, jobSignal(about(job), this.#stem, { attempt: job.delivery.attempt, ...more }) as JobSignal as never);
  }

  #timed({ startedAt, delivery: { attempt } }: RunningJob): { readonly attempt: number; readonly ms: number } {
    return { attempt, ms: this.#stem.clock.now() - startedAt };
  }
}

function about({ delivery: { job, inputs } }: RunningJob) {
  return { ...job, inputs };
}

function ownerOf({ delivery: { job }, definition }: RunningJob): { readonly task: string; readonly where: string | undefined } {
  return { task: job.task, where: definition?.where };
}

function attemptsOf({ delivery: { attempt }, definition, retry }: RunningJob): string {
  return definition === undefined ? String(attempt) : `${attempt} of ${retry.attempts}`;
}
