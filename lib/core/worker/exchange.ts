import type { Broker, Claim, Claimed, Settlement } from "../../contract/broker.js";
import type { Delivery } from "../../contract/job.js";
import type { Clock } from "../clock.js";
import { workerProbe } from "./probe.js";
import type { ServedQueues } from "./queues.js";
import type { RunningJob, RunningJobs } from "./running.js";
import type { StoreTime } from "./store-time.js";
import { settleOneByOne } from "./salvage.js";

/** At most so many endings travel in one call; what is more goes with the next. */
const BATCH = 1_000;

/** After so many settles in a row that failed while the store answered other calls they are tried one by one, and after so many what still fails is given up. */
const STUCK = 2;
const JUDGED = 4;

export interface ExchangeParts {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly queues: ServedQueues;
  readonly running: RunningJobs;
  readonly concurrency: number;
  readonly storeTime: StoreTime;
  /** Name to claim under. */
  readonly name: () => string;
  /** Registers again; under another name if a claim may have gone `astray`. @throws what the store threw */
  readonly recover: (astray: boolean) => Promise<void>;
  /** Starts a handler, or hands the delivery back. Never throws. */
  readonly start: (delivery: Delivery, holder: string) => void;
  /** `refused`: the store would not take it; the job has become a dead letter with this error. Never throws. */
  readonly settled: (job: RunningJob, settlement: Settlement, how: { readonly lost: boolean; readonly refused?: unknown }) => void;
}

/** One round trip with the store: endings out, new jobs in. Keeps the endings until the store has confirmed them. */
export class Exchange {
  readonly #parts: ExchangeParts;
  #jobs: RunningJob[] = [];
  #settlements: Settlement[] = [];
  /** Those of the call under way. */
  #travelling: readonly RunningJob[] = [];
  /** A claim was not answered, or its answer not dealt with to the end: jobs may be lent to us that we know nothing of. */
  #astray = false;
  /** Settles that failed in a row while the store answered other calls. */
  #stuck = 0;
  /** When the last claim went out, and when the store foresees that the next could bring something; on this process's clock. */
  askedAt = Number.NEGATIVE_INFINITY;
  dueAt = Number.POSITIVE_INFINITY;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** How many endings wait to be written. */
  get waiting(): number {
    return this.#settlements.length;
  }

  /** Jobs that have ended here and are not known to be settled. */
  get unsettled(): readonly RunningJob[] {
    return this.#travelling.length === 0 ? this.#jobs : [...this.#travelling, ...this.#jobs];
  }

  take(job: RunningJob, settlement: Settlement): void {
    this.#jobs.push(job);
    this.#settlements.push(settlement);
  }

  /**
   * Writes what waits and, when `claiming`, asks for as much as there are free slots.
   *
   * @param recovering the last call failed or found the lease lapsed: registers first
   * @returns false if the worker's lease had lapsed, so that nothing was lent
   * @throws what the store threw; the endings are kept for the next try. If the store had written them and only its answer was lost, that try finds
   *   the leases gone: such jobs are told as lost although all is well with them in the store
   */
  async once(claiming: boolean, recovering: boolean): Promise<boolean> {
    const jobs = this.#jobs;
    const settlements = this.#settlements;
    this.#jobs = jobs.splice(BATCH);
    this.#settlements = settlements.splice(BATCH);
    this.#travelling = jobs;
    try {
      if (recovering) await this.#recover();
      if (this.#stuck < STUCK || settlements.length === 0) return await this.#call(jobs, settlements, claiming);
      await this.#salvage(jobs, settlements);
      return true;
    } catch (error) {
      this.#jobs = [...jobs, ...this.#jobs];
      this.#settlements = [...settlements, ...this.#settlements];
      throw error;
    } finally {
      this.#travelling = [];
    }
  }

  async #recover(): Promise<void> {
    const astray = this.#astray;
    this.#astray = false;
    // From here on a failing settle counts as stuck, since the store is seen to answer.
    const stuck = this.#stuck;
    this.#stuck = 0;
    await this.#parts.recover(astray);
    this.#stuck = stuck + 1;
  }

  async #call(jobs: readonly RunningJob[], settlements: readonly Settlement[], claiming: boolean): Promise<boolean> {
    const { broker, queues, running, concurrency, name, clock } = this.#parts;
    const free = concurrency - running.count;
    const shares = claiming && free > 0 ? queues.shares(free) : undefined;
    const holder = name();
    const next: Claim | undefined = shares && { worker: holder, ...shares };
    if (next === undefined && settlements.length === 0) return true;
    if (workerProbe.listener !== undefined && jobs.length > 0) workerProbe.listener({ at: "settling", worker: holder, ids: idsOf(jobs) });
    if (next !== undefined) this.askedAt = clock.now();
    let lost: readonly string[] = [];
    let claimed: Claimed | undefined;
    this.#astray = next !== undefined;
    if (settlements.length > 0) ({ lost, claimed } = await broker.settle(settlements, next));
    else claimed = await broker.claim(next!);
    this.#stuck = 0;
    this.#confirm(jobs, settlements, lost);
    const lent = claimed === undefined || this.#lend(claimed, holder);
    this.#astray = false;
    return lent;
  }

  #confirm(jobs: readonly RunningJob[], settlements: readonly Settlement[], lost: readonly string[]): void {
    const { settled, name } = this.#parts;
    if (workerProbe.listener !== undefined && jobs.length > 0) workerProbe.listener({ at: "settled", worker: name(), ids: idsOf(jobs) });
    const gone = lost.length === 0 ? undefined : new Set(lost);
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      settled(job, settlements[i]!, gone !== undefined && gone.has(job.delivery.lease.jobId) ? LOST : WRITTEN);
    }
  }

  #lend(claimed: Claimed, holder: string): boolean {
    const { queues, clock, start, storeTime } = this.#parts;
    storeTime.heard(claimed.now);
    queues.answered(claimed);
    if (claimed.lapsed) return false;
    // By the difference, since the store's clock need not agree with ours; at least a millisecond, so that a moment just missed makes no busy loop.
    this.dueAt =
      claimed.nextDueAt === undefined ? Number.POSITIVE_INFINITY : clock.now() + Math.max(1, Math.ceil(claimed.nextDueAt - claimed.now));
    if (claimed.deliveries.length === 0) return true;
    if (workerProbe.listener !== undefined)
      workerProbe.listener({ at: "claimed", worker: holder, ids: claimed.deliveries.map(({ job }) => job.id) });
    for (const delivery of claimed.deliveries) start(delivery, holder);
    return true;
  }

  /** @throws what the store threw; what was dealt with is gone from both lists */
  async #salvage(jobs: RunningJob[], settlements: Settlement[]): Promise<void> {
    const { dealt, error } = await settleOneByOne(this.#parts.broker, settlements, this.#stuck >= JUDGED);
    for (const [i, how] of dealt) this.#parts.settled(jobs[i]!, settlements[i]!, how);
    jobs.splice(0, jobs.length, ...jobs.filter((_, i) => !dealt.has(i)));
    settlements.splice(0, settlements.length, ...settlements.filter((_, i) => !dealt.has(i)));
    if (error !== undefined) throw error.thrown;
    this.#stuck = 0;
  }
}

const WRITTEN = { lost: false } as const;
const LOST = { lost: true } as const;

function idsOf(jobs: readonly RunningJob[]): readonly string[] {
  return jobs.map((job) => job.delivery.job.id);
}
