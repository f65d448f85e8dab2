import type { At } from "./at.js";
import type { Lease } from "./job.js";
import type { Page, PageFilter } from "./page.js";

/**
 * The live workers. A lease belongs to a worker, not to a job: one small renewal covers every job it holds.
 */
export interface Workers {
  /**
   * Registers the worker or renews its lease to `leaseMs` from now.
   * `held` is what it believes it holds. Jobs that it does not hold any more (cancelled, or lent again after
   * a lapse) come back in `lost`, so that their handlers can be aborted. `orders` repeats what the worker is
   * ordered to do until a renewal says that it was heard.
   */
  renew(worker: Renewal, held: readonly Lease[], options?: At): Promise<Renewed>;
  /**
   * Signs off. Its jobs are ready at once, with the attempt given back and no lapse counted. Its orders are
   * forgotten.
   */
  leave(id: string, options?: At): Promise<void>;
  /**
   * Workers whose lease is live, and those that lapsed within the last hour.
   * In the order in which they registered, in pages of up to `limit`: default 100, at most 1,000.
   */
  list(filter?: PageFilter, options?: At): Promise<Page<WorkerRecord>>;
  /**
   * Orders workers to do something: those of the ids whose lease is live now, each once, or `"all"` that are.
   * The order is kept until the worker has heard it, or is forgotten itself. It reaches no worker that
   * registers later.
   *
   * @param text what to do, opaque here; 1 to 10,000 characters
   * @returns how many workers are ordered
   */
  order(ids: readonly string[] | "all", text: string, options?: At): Promise<number>;
}

export interface WorkerBeat {
  /** Unique per start of a worker, such as `host:pid:random`. */
  readonly id: string;
  readonly leaseMs: number;
  /** Shown to people: host, pid, queues, concurrency. Opaque here. */
  readonly info: Readonly<Record<string, string>>;
}

export interface Renewal extends WorkerBeat {
  /**
   * The number of the last order it has heard: this one and all before it are forgotten. Absent: nothing new
   * was heard since the last renewal that was answered.
   */
  readonly heard?: number;
}

export interface Renewed {
  readonly lost: readonly string[];
  /** Up to 100 orders that the worker has not said to have heard, in the order they were given. */
  readonly orders: readonly Order[];
  readonly now: number;
}

export interface Order {
  /** Grows from order to order; one order to many workers has one number. */
  readonly no: number;
  readonly text: string;
}

export interface WorkerRecord {
  readonly id: string;
  readonly info: Readonly<Record<string, string>>;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly leaseUntil: number;
  /** Jobs it holds. */
  readonly active: number;
}
