import type { Broker, Claim, Claimed, Settled, Settlement } from "../../contract/broker.js";
import type { Delivery } from "../../contract/job.js";
import { bytesOf } from "../../contract/size.js";
import type { Clock } from "../clock.js";
import { Portion } from "../../contract/portion.js";
import { goneOf } from "./gone.js";
import { workerProbe } from "./probe.js";
import type { ServedQueues, Shares } from "./queues.js";
import type { RunningJob } from "../attempt/running.js";
import type { Ends } from "../telemetry/ends.js";
import type { Attempts } from "./attempts.js";
import type { Endings } from "./endings.js";
import type { WorkerLease } from "./lease.js";
import type { Slots } from "./slots.js";
import type { StoreTime } from "./store-time.js";
import { settleOneByOne } from "./salvage.js";

/** The most endings in one call; the rest go with the next. */
const BATCH = 1_000;

/** Every so many claims one lends from the lowest priority up, so that none starves. */
const UPWARD_EVERY = 10;

/**
 * Settles in a row that failed while the store answered other calls, until each ending is tried alone.
 * After the second number, those that still fail are given up.
 */
const STUCK = 2;
const JUDGED = 4;

export interface ExchangeParts {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly queues: ServedQueues;
  readonly slots: Slots;
  readonly endings: Endings;
  readonly attempts: Attempts;
  readonly lease: WorkerLease;
  /** Tells what a call has ended besides what it settled. */
  readonly ends: Ends;
  readonly storeTime: StoreTime;
}

/**
 * Round trips with the store: endings out, new jobs in.
 * Where two calls may be under way at once, each takes half of what the worker can run, so that the handlers
 * of one half run while the store works at the other.
 */
export class Exchange {
  readonly #parts: ExchangeParts;
  /** New jobs come with their payloads and inputs. */
  readonly #portion = new Portion();
  /**
   * A claim was not answered, or its answer was not processed to the end.
   * The store may have lent jobs that this worker does not know.
   */
  #astray = false;
  #claims = 0;
  /** Settles that failed in a row while the store answered other calls. */
  #stuck = 0;
  /**
   * When the last claim went out, and when the next could bring something according to the store.
   * Both on this process's clock.
   */
  askedAt = Number.NEGATIVE_INFINITY;
  dueAt = Number.POSITIVE_INFINITY;
  /** The last claim brought all it asked for. */
  flowing = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** Whether the next call has to register first, and so must be made while no other is under way. */
  get astray(): boolean {
    return this.#astray;
  }

  /**
   * Writes the waiting endings and, when `claiming`, asks for as many jobs as there are free slots.
   *
   * @param recovering the last call failed or found the lease lapsed: registers first
   * @returns false if the worker's lease had lapsed, so that nothing was lent
   * @throws the store's error; the endings are kept for the next try. If the store had written them and only
   * its answer was lost, that try finds the leases gone: such jobs are reported as lost although all is well
   * with them in the store
   */
  async once(claiming: boolean, recovering: boolean): Promise<boolean> {
    const { endings, slots } = this.#parts;
    const batch = endings.depart(Math.min(BATCH, slots.calls === 1 ? BATCH : slots.share));
    const { jobs, settlements } = batch;
    try {
      if (recovering || this.#astray) await this.#recover();
      if (this.#stuck < STUCK || settlements.length === 0) return await this.#call(jobs, settlements, claiming);
      await this.#salvage(jobs, settlements);
      return true;
    } catch (error) {
      endings.putBack(batch);
      throw error;
    } finally {
      endings.landed(batch);
    }
  }

  async #recover(): Promise<void> {
    const astray = this.#astray;
    this.#astray = false;
    // From here on a failing settle counts as stuck, since the store has answered.
    const stuck = this.#stuck;
    this.#stuck = 0;
    if (astray) this.#parts.lease.rename();
    await this.#parts.lease.renew();
    this.#stuck = stuck + 1;
  }

  async #call(jobs: readonly RunningJob[], settlements: readonly Settlement[], claiming: boolean): Promise<boolean> {
    const { broker, queues, slots, lease, clock, ends } = this.#parts;
    const free = this.#portion.of(Math.min(slots.free, slots.share));
    const shares = claiming && free > 0 ? queues.shares(free) : undefined;
    const holder = lease.name;
    const next = shares && this.#claimOf(shares, holder);
    if (next === undefined && settlements.length === 0) return true;
    if (workerProbe.listener !== undefined && jobs.length > 0) workerProbe.listener({ at: "settling", worker: holder, ids: idsOf(jobs) });
    const sentAt = clock.now();
    if (next !== undefined) this.askedAt = sentAt;
    let answered = false;
    slots.asked += shares?.limit ?? 0;
    try {
      const { lost, claimed, ended }: Settled =
        settlements.length > 0 ? await broker.settle(settlements, next) : { lost: [], claimed: await broker.claim(next!) };
      // Jobs that are lent from here on count as running.
      slots.asked -= shares?.limit ?? 0;
      if (shares !== undefined && claimed !== undefined) {
        queues.answered(shares, claimed);
        this.flowing = claimed.deliveries.length >= shares.limit;
      }
      answered = true;
      this.#stuck = 0;
      this.#confirm(jobs, settlements, lost);
      ends.tell(ended);
      ends.tell(claimed?.ended);
      return claimed === undefined || this.#lend(claimed, holder, sentAt);
    } catch (error) {
      if (!answered) slots.asked -= shares?.limit ?? 0;
      if (!answered && shares !== undefined) queues.unanswered(shares);
      if (next !== undefined) this.#astray = true;
      if (next !== undefined && !answered) this.#portion.failed();
      throw error;
    }
  }

  #claimOf({ from, limit }: Shares, worker: string): Claim {
    return ++this.#claims % UPWARD_EVERY === 0 ? { worker, from, limit, upward: true } : { worker, from, limit };
  }

  #confirm(jobs: readonly RunningJob[], settlements: readonly Settlement[], lost: readonly string[]): void {
    const { attempts, lease } = this.#parts;
    if (workerProbe.listener !== undefined && jobs.length > 0)
      workerProbe.listener({ at: "settled", worker: lease.name, ids: idsOf(jobs) });
    const gone = lost.length === 0 ? undefined : goneOf(jobs, lost);
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      attempts.settled(job, settlements[i]!, gone?.has(job) === true ? LOST : WRITTEN);
    }
  }

  #lend(claimed: Claimed, holder: string, sentAt: number): boolean {
    const { clock, attempts, storeTime } = this.#parts;
    storeTime.heard(claimed.now);
    if (claimed.lapsed) return false;
    // By the difference, since the store's clock may differ from this process's, and counted from when the
    // store looked, which was halfway there and back; at least a millisecond from now, so that a moment just
    // missed makes no busy loop.
    const present = clock.now();
    this.dueAt =
      claimed.nextDueAt === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(present + 1, Math.floor((sentAt + present) / 2) + Math.ceil(claimed.nextDueAt - claimed.now));
    if (claimed.deliveries.length === 0) return true;
    this.#portion.came(claimed.deliveries.length, bytesLent(claimed.deliveries));
    if (workerProbe.listener !== undefined)
      workerProbe.listener({ at: "claimed", worker: holder, ids: claimed.deliveries.map(({ job }) => job.id) });
    for (const delivery of claimed.deliveries) attempts.start(delivery, holder);
    return true;
  }

  /** @throws the store's error; processed entries are gone from both lists */
  async #salvage(jobs: RunningJob[], settlements: Settlement[]): Promise<void> {
    const { dealt, error } = await settleOneByOne(this.#parts, settlements, this.#stuck >= JUDGED);
    for (const [i, how] of dealt) this.#parts.attempts.settled(jobs[i]!, settlements[i]!, how);
    jobs.splice(0, jobs.length, ...jobs.filter((_, i) => !dealt.has(i)));
    settlements.splice(0, settlements.length, ...settlements.filter((_, i) => !dealt.has(i)));
    if (error !== undefined) throw error.thrown;
    this.#stuck = 0;
  }
}

const WRITTEN = { lost: false } as const;
const LOST = { lost: true } as const;

function bytesLent(deliveries: readonly Delivery[]): number {
  let bytes = 0;
  for (const { job, inputs } of deliveries) {
    bytes += bytesOf(job.payload);
    for (const input of inputs) if (input.state === "succeeded" && input.result !== undefined) bytes += bytesOf(input.result);
  }
  return bytes;
}

function idsOf(jobs: readonly RunningJob[]): readonly string[] {
  return jobs.map((job) => job.delivery.job.id);
}
