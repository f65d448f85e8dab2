import type { At } from "./at.js";
import type { Lease } from "./job.js";

/** Who is alive. A lease belongs to a worker, not to a job: one small renewal covers every job it holds. */
export interface Workers {
  /**
   * Registers the worker or renews its lease to `leaseMs` from now. `held` is what it believes it holds: what
   * it does not hold any more (cancelled, or lent again after a lapse) comes back in `lost`, so that its
   * handlers can be aborted.
   */
  beat(worker: WorkerBeat, held: readonly Lease[], options?: At): Promise<Beat>;
  /** Signs off. What it still holds is ready at once, attempt given back, no lapse counted. */
  leave(id: string, options?: At): Promise<void>;
  /** Workers whose lease is live, and those that lapsed within the last hour. */
  list(options?: At): Promise<readonly WorkerRecord[]>;
}

export interface WorkerBeat {
  /** Unique per start of a worker, such as `host:pid:random`. */
  readonly id: string;
  readonly leaseMs: number;
  /** What a person wants to know: host, pid, queues, concurrency. Opaque here. */
  readonly info: Readonly<Record<string, string>>;
}

export interface Beat {
  readonly lost: readonly string[];
  readonly now: number;
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
