import type { Claimed, QueueShare } from "../../contract/broker.js";

/** One queue as this worker sees it. */
export interface ServedQueue {
  readonly name: string;
  /** How many of its jobs may run here at once; `Infinity` when only the worker's concurrency bounds it. */
  readonly ceiling: number;
  running: number;
  /** The last claim got less than it asked for and nothing has been heard since: asking again would bring nothing. */
  dry: boolean;
  /** Told of work while a call was in flight, which may or may not have seen it. */
  hinted: boolean;
  /** What the claim in flight asked of it, and how much of that came. */
  asked: number;
  got: number;
}

/** Which queues a claim asks, for how much, and in which order; and whether asking makes sense. */
export class ServedQueues {
  readonly #queues: readonly ServedQueue[];
  readonly #byName: ReadonlyMap<string, ServedQueue>;
  #first = 0;
  #limit = 0;

  constructor(ceilings: ReadonlyMap<string, number | undefined>) {
    this.#queues = [...ceilings].map(([name, ceiling]) => ({
      name,
      ceiling: ceiling ?? Number.POSITIVE_INFINITY,
      running: 0,
      dry: false,
      hinted: false,
      asked: 0,
      got: 0,
    }));
    this.#byName = new Map(this.#queues.map((queue) => [queue.name, queue]));
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  get(name: string): ServedQueue | undefined {
    return this.#byName.get(name);
  }

  /** Takes note of a wake-up. @returns whether it concerns a queue that is served here */
  hint(names: readonly string[] | undefined): boolean {
    if (names === undefined) {
      this.wakeAll();
      return this.#queues.length > 0;
    }
    let ours = false;
    for (const name of names) {
      const queue = this.#byName.get(name);
      if (queue === undefined) continue;
      queue.dry = false;
      queue.hinted = true;
      ours = true;
    }
    return ours;
  }

  /** Every queue is worth asking again: a moment has come that the store foresaw, or the safety poll. */
  wakeAll(): void {
    for (const queue of this.#queues) {
      queue.dry = false;
      queue.hinted = true;
    }
  }

  /** Whether any queue has a free place. */
  get open(): boolean {
    return this.#queues.some((queue) => queue.running < queue.ceiling);
  }

  /** Whether a claim of its own is worth a round trip: a queue with a free place might hold work. */
  get promising(): boolean {
    for (const queue of this.#queues) if (!queue.dry && queue.running < queue.ceiling) return true;
    return false;
  }

  /**
   * The shares of the next claim: all queues with a free place, also those thought dry (a passenger costs nothing). The order rotates from claim
   * to claim, so that a queue with endless work cannot keep the others from their turn.
   *
   * @param free slots of the whole worker, above 0
   * @returns the shares and a limit that no delivery can exceed; undefined when every queue is at its ceiling
   */
  shares(free: number): { readonly from: readonly QueueShare[]; readonly limit: number } | undefined {
    const from: QueueShare[] = [];
    const count = this.#queues.length;
    let room = 0;
    for (let i = 0; i < count; i++) {
      const queue = this.#queues[(this.#first + i) % count]!;
      const share = Math.min(queue.ceiling - queue.running, free);
      queue.asked = share;
      queue.got = 0;
      queue.hinted = false;
      if (share <= 0) continue;
      room += share;
      from.push(share < free ? { queue: queue.name, limit: share } : { queue: queue.name });
    }
    if (from.length === 0) return undefined;
    this.#first = (this.#first + 1) % count;
    this.#limit = Math.min(free, room);
    return { from, limit: this.#limit };
  }

  /** Learns from the answer to `shares` which queues are dry. To be called before a delivery of it is started. */
  answered({ deliveries, lapsed }: Claimed): void {
    if (lapsed) return;
    for (const { job } of deliveries) {
      const queue = this.#byName.get(job.queue);
      if (queue !== undefined) queue.got++;
    }
    const all = deliveries.length >= this.#limit;
    for (const queue of this.#queues) if (queue.asked > 0) queue.dry = !all && !queue.hinted && queue.got < queue.asked;
  }
}
