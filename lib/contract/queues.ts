import type { At } from "./at.js";
import type { Page } from "./page.js";

/** What the queues hold, and whether jobs of them are lent. */
export interface Queues {
  /**
   * Queues that hold a job or are paused, by name. A page may be shorter than was asked for while there are
   * more: only one without `next` is the last.
   */
  list(filter?: QueueFilter, options?: At): Promise<Page<QueueInfo>>;
  /**
   * Changes queues, all of them or none. A paused queue lends nothing to any worker until it is
   * resumed; running jobs go on, and the queue need not exist yet.
   */
  change(names: readonly string[], change: QueueChange, options?: At): Promise<void>;
}

export interface QueueFilter {
  /** Only these; those that hold nothing and are not paused are left out. */
  readonly names?: readonly string[];
  /** Default and most: 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
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
}

/** Queues on one page, at most. */
export const QUEUES_PER_PAGE = 1_000;

/** How many queues a page may hold. */
export function queuesPerPage({ limit = QUEUES_PER_PAGE }: QueueFilter): number {
  return Math.max(1, Math.min(limit, QUEUES_PER_PAGE));
}
