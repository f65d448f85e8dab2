import { type Clock, steadyNow } from "../clock.js";
import type { RunningJob, RunningJobs } from "../attempt/running.js";

/** Ends attempts whose time is up, with one timer for all of them. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #running: RunningJobs;
  readonly #expired: (job: RunningJob) => void;
  #armedFor = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | undefined;

  constructor(clock: Clock, running: RunningJobs, expired: (job: RunningJob) => void) {
    this.#clock = clock;
    this.#running = running;
    this.#expired = expired;
  }

  /**
   * Watches a running job's `deadline`.
   * No call is needed when the job ends: the timer looks at the jobs that are left.
   */
  watch(job: RunningJob): void {
    if (job.deadline < this.#armedFor) this.#arm(job.deadline);
  }

  stop(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  /**
   * Fires at the earliest deadline known when it was armed.
   * Each firing scans once, which at worst is one scan per real timeout.
   */
  #arm(deadline: number): void {
    this.#disarm?.();
    this.#armedFor = deadline;
    this.#disarm = this.#clock.after(Math.max(0, deadline - steadyNow(this.#clock)), () => this.#look());
  }

  #look(): void {
    this.#disarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = steadyNow(this.#clock);
    let next = Number.POSITIVE_INFINITY;
    for (const job of this.#running.all()) {
      if (job.deadline <= now) this.#expired(job);
      else if (job.deadline < next) next = job.deadline;
    }
    if (next < this.#armedFor) this.#arm(next);
  }
}
