import type { Jobs } from "../../contract/jobs.js";
import type { Workers } from "../../contract/workers.js";
import type { Clock } from "../clock.js";
import { goneOf } from "./gone.js";
import type { RunningJob, RunningJobs } from "../attempt/running.js";
import type { Attempts } from "./attempts.js";
import type { Endings } from "./endings.js";
import type { Orders } from "./orders.js";
import type { StoreTime } from "./store-time.js";

export interface LeaseParts {
  readonly workers: Workers;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly storeTime: StoreTime;
  readonly leaseMs: number;
  /** Unique per start of a worker. */
  readonly id: string;
  readonly info: Readonly<Record<string, string>>;
  readonly running: RunningJobs;
  readonly endings: Endings;
  readonly attempts: Attempts;
  readonly orders: Orders;
  /** How a renewal by the timer went; undefined: well. */
  readonly renewed: (error: unknown, retryInMs: number) => void;
}

/** The worker's sign of life: one small renewal every third of the lease covers all jobs it holds. */
export class WorkerLease {
  readonly #parts: LeaseParts;
  /** Names under which we still hold jobs; the last is the one that claims. */
  #names: string[];
  #serial = 1;
  #renewing: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#names = [parts.id];
  }

  /** The name to claim under. */
  get name(): string {
    return this.#names.at(-1)!;
  }

  /** Registers and goes on renewing, also if the first renewal fails. @throws what the store threw */
  async start(): Promise<void> {
    try {
      await this.renew();
    } finally {
      this.#plan(Math.floor(this.#parts.leaseMs / 3));
    }
  }

  /** Renews now, after any renewal under way, and aborts what was lost. @throws what the store threw */
  renew(): Promise<void> {
    const renewal = this.#renewing.then(() => this.#renew());
    this.#renewing = renewal.catch(() => {});
    return renewal;
  }

  /**
   * Claims from now on go under a new name. A claim that failed without an answer may have lent us jobs we
   * know nothing of; under the old name, once nothing known is held there, signing off hands exactly those
   * back. Until then the old name is renewed too. To be followed by `renew`.
   */
  rename(): void {
    this.#names.push(`${this.#parts.id}~${++this.#serial}`);
  }

  /** No more renewals. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  /**
   * Signs off under every name; what is still held is ready for others at once.
   * @throws what the store threw
   */
  async leave(): Promise<void> {
    this.stop();
    await this.#renewing;
    for (const name of this.#names) await this.#parts.workers.leave(name);
  }

  /** Deliveries this process answers for: running and not known to be lost, or ended and not yet settled. */
  get #held(): readonly RunningJob[] {
    const { running, endings } = this.#parts;
    return [...running.all().filter((job) => !job.gone), ...endings.unsettled];
  }

  #plan(ms: number): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.clock.after(ms, () => {
      this.renew().then(
        () => {
          this.#plan(Math.floor(this.#parts.leaseMs / 3));
          this.#parts.renewed(undefined, 0);
        },
        (error: unknown) => {
          // Sooner than a third: there is not much of the lease left.
          this.#plan(Math.floor(this.#parts.leaseMs / 10));
          this.#parts.renewed(error, Math.floor(this.#parts.leaseMs / 10));
        },
      );
    });
  }

  async #renew(): Promise<void> {
    const held = this.#held;
    const empty: string[] = [];
    for (const name of this.#names) {
      const mine = held.filter((job) => job.holder === name);
      if (mine.length === 0 && name !== this.name) empty.push(name);
      else await this.#renewName(name, mine);
    }
    for (const name of empty) {
      // Once more, for orders that were given since: with the name they are forgotten.
      await this.#renewName(name, []);
      await this.#parts.workers.leave(name);
      this.#parts.orders.left(name);
      this.#names = this.#names.filter((other) => other !== name);
    }
  }

  async #renewName(id: string, held: readonly RunningJob[]): Promise<void> {
    const { workers, leaseMs, info, orders, storeTime } = this.#parts;
    const heard = orders.heard(id);
    const renewed = await workers.renew(
      { id, leaseMs, info, ...(heard !== undefined && { heard }) },
      held.map((job) => job.delivery.lease),
    );
    storeTime.heard(renewed.now);
    orders.answered(id, heard, renewed.orders);
    if (renewed.lost.length > 0) await this.#give(held, renewed.lost);
  }

  async #give(held: readonly RunningJob[], lost: readonly string[]): Promise<void> {
    const gone = [...goneOf(held, lost)];
    const records = await this.#parts.jobs.get(gone.map((job) => job.delivery.lease.jobId)).catch(() => []);
    gone.forEach((job, i) => {
      if (job.live) this.#parts.attempts.lose(job, records[i]?.state === "cancelled" ? "cancelled" : "lost");
    });
  }
}
