import type { Claimed, QueueShare } from "../../contract/broker.js";
import type { QueueLoad } from "../attempt/running.js";
import type { Rota } from "./rota.js";
import type { StoreTime } from "./store-time.js";

/** One queue as this worker sees it. */
export interface ServedQueue extends QueueLoad {
  readonly name: string;
  /** How many of its jobs may run here at once; `Infinity` when only the worker's concurrency bounds it. */
  readonly ceiling: number;
  /** How many the claims under way ask for. */
  asked: number;
  /**
   * The last claim got less than it asked for and no hint has come since: asking again would bring nothing.
   */
  dry: boolean;
  /** Number of the last hint that named it. */
  hint: number;
  /** When it may be asked; undefined until a job of it came that cannot be run here. */
  rota: Rota | undefined;
}

/** One claim under way: the queues it asks, how much of each, and the number of the last hint before it. */
export interface Shares {
  readonly from: readonly QueueShare[];
  /** No answer can bring more. */
  readonly limit: number;
  readonly asked: ReadonlyMap<ServedQueue, number>;
  readonly heard: number;
}

/** Decides which queues a claim asks, for how much, and in which order; and whether asking makes sense. */
export class ServedQueues {
  readonly #queues: readonly ServedQueue[];
  readonly #byName: ReadonlyMap<string, ServedQueue>;
  #first = 0;
  #hints = 0;
  readonly #storeTime: StoreTime;

  constructor(ceilings: ReadonlyMap<string, number | undefined>, storeTime: StoreTime) {
    this.#storeTime = storeTime;
    this.#queues = [...ceilings].map(([name, ceiling]) => ({
      name,
      ceiling: ceiling ?? Number.POSITIVE_INFINITY,
      running: 0,
      asked: 0,
      dry: false,
      hint: 0,
      lent: 0,
      rota: undefined,
    }));
    this.#byName = new Map(this.#queues.map((queue) => [queue.name, queue]));
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  get(name: string): ServedQueue | undefined {
    return this.#byName.get(name);
  }

  /** Notes a wake-up. @returns whether it concerns a queue that is served here */
  hint(names: readonly string[] | undefined): boolean {
    if (names === undefined) {
      this.wakeAll();
      return this.#queues.length > 0;
    }
    let ours = false;
    this.#hints++;
    for (const name of names) {
      const queue = this.#byName.get(name);
      if (queue === undefined) continue;
      queue.dry = false;
      queue.hint = this.#hints;
      ours = true;
    }
    return ours;
  }

  /** Makes every queue worth asking again: a moment has come that the store foresaw, or the safety poll. */
  wakeAll(): void {
    this.#hints++;
    for (const queue of this.#queues) {
      queue.dry = false;
      queue.hint = this.#hints;
    }
  }

  /** Whether any queue that may be asked has a free place. */
  get open(): boolean {
    return this.#queues.some((queue) => this.#placesOf(queue) > 0);
  }

  /** Whether a separate claim is worth a round trip: a queue with a free slot might hold work. */
  get promising(): boolean {
    for (const queue of this.#queues) if (!queue.dry && this.#placesOf(queue) > 0) return true;
    return false;
  }

  /**
   * The shares of the next claim: all queues with a free slot, also those thought dry.
   * A dry queue that travels along adds no round trip. The order rotates from claim to claim, so that a queue
   * with endless work cannot keep the others from their turn. The slots are taken until `answered` or
   * `unanswered`.
   *
   * @param free slots of the whole worker that no other claim asks for, above 0
   * @returns undefined when every queue is at its ceiling
   */
  shares(free: number): Shares | undefined {
    const from: QueueShare[] = [];
    const asked = new Map<ServedQueue, number>();
    const count = this.#queues.length;
    let room = 0;
    for (let i = 0; i < count; i++) {
      const queue = this.#queues[(this.#first + i) % count]!;
      const share = Math.min(this.#placesOf(queue), free);
      if (share <= 0) continue;
      room += share;
      queue.asked += share;
      asked.set(queue, share);
      from.push(share < free ? { queue: queue.name, limit: share } : { queue: queue.name });
    }
    if (from.length === 0) return undefined;
    this.#first = (this.#first + 1) % count;
    return { from, limit: Math.min(free, room), asked, heard: this.#hints };
  }

  /**
   * Learns from the answer to `shares` which queues are dry.
   * To be called before a delivery of it is started.
   */
  answered({ asked, heard, limit }: Shares, { deliveries, lapsed }: Claimed): void {
    const all = deliveries.length >= limit;
    const got = new Map<string, number>();
    if (!all && !lapsed) for (const { job } of deliveries) got.set(job.queue, (got.get(job.queue) ?? 0) + 1);
    for (const [queue, share] of asked) {
      queue.asked -= share;
      // A hint that came while the call was under way, which may or may not have seen that work.
      if (!lapsed) queue.dry = !all && queue.hint <= heard && (got.get(queue.name) ?? 0) < share;
    }
  }

  /** To be called when the claim of these shares failed. */
  unanswered({ asked }: Shares): void {
    for (const [queue, share] of asked) queue.asked -= share;
  }

  /** How long until a queue may be asked that now waits for its turn, in ms; `Infinity` if none does. */
  get opensInMs(): number {
    let first = Number.POSITIVE_INFINITY;
    const now = this.#storeTime.now();
    for (const { rota } of this.#queues) {
      const opensAt = rota?.opensAt(now) ?? Number.NEGATIVE_INFINITY;
      if (opensAt > now) first = Math.min(first, opensAt - now);
    }
    return first;
  }

  #placesOf({ ceiling, running, asked, rota }: ServedQueue): number {
    if (rota !== undefined) {
      const now = this.#storeTime.now();
      if (rota.opensAt(now) > now) return 0;
    }
    return ceiling - running - asked;
  }
}
