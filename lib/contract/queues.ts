import type { At } from "./at.js";
import type { Page } from "./page.js";

/** What the queues hold, and whether jobs of them are lent. */
export interface Queues {
  /**
   * Queues that hold a job or are paused, by name. A page may be shorter than was asked for, or empty, while
   * there are more: only one without `next` is the last. Each count is exact up to `upTo`; stores that keep
   * their counts give them whole.
   */
  list(filter?: QueueFilter, options?: At): Promise<Page<QueueInfo>>;
  /**
   * Pauses or resumes queues. A paused queue lends nothing to any worker until it is resumed; running jobs go
   * on, and the queue need not exist yet.
   */
  change(names: readonly string[], change: QueueChange, options?: At): Promise<void>;
}

export interface QueueFilter {
  /** Only these; those that hold nothing and are not paused are left out. */
  readonly names?: readonly string[];
  /** Default and most: 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly from?: string;
  /**
   * How far to count at least. Default and most: 100,000. Stores that keep their counts give them whole; for
   * others a small number makes the call cheap, however many jobs there are.
   */
  readonly upTo?: number;
}

export interface QueueChange {
  readonly paused: boolean;
}

export interface QueueInfo {
  readonly queue: string;
  readonly paused: boolean;
  /** Due now. */
  readonly ready: number;
  /** `ready`, but due later. */
  readonly delayed: number;
  readonly active: number;
  readonly blocked: number;
  readonly parked: number;
  /** Dead letters. */
  readonly dead: number;
  /** When the job fell due that has been due for the longest; absent: none is due. */
  readonly oldestAt?: number;
  /** There is more than one of the counts says: it was counted no further. */
  readonly capped?: true;
}

/** Counts are exact up to this. */
export const COUNTED = 100_000;

/** Queues on one page, at most. */
export const QUEUES_PER_PAGE = 1_000;

/** How many queues a page may hold. */
export function queuesPerPage({ limit = QUEUES_PER_PAGE }: QueueFilter): number {
  return Math.max(1, Math.min(limit, QUEUES_PER_PAGE));
}

/** How far to count. */
export function countedUpTo({ upTo = COUNTED }: QueueFilter): number {
  return Math.max(1, Math.min(upTo, COUNTED));
}

/** The counts of a queue, where counting has gone at most one further than `most`. */
export function queueInfo(counted: QueueInfo, most: number): QueueInfo {
  const { queue, paused, oldestAt } = counted;
  const cut = (count: number): number => Math.min(count, most);
  const { ready, delayed, active, blocked, parked, dead } = counted;
  return {
    queue,
    paused,
    ready: cut(ready),
    delayed: cut(delayed),
    active,
    blocked: cut(blocked),
    parked: cut(parked),
    dead: cut(dead),
    ...(oldestAt !== undefined && { oldestAt }),
    ...((counted.capped === true || Math.max(ready, delayed, blocked, parked, dead) > most) && { capped: true }),
  };
}

/** Whether a queue is listed. */
export function isQueueUsed({ paused, ready, delayed, active, blocked, parked, dead }: QueueInfo): boolean {
  return paused || ready + delayed + active + blocked + parked + dead > 0;
}
