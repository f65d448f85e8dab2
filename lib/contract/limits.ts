import type { At } from "./at.js";
import type { Page } from "./page.js";

/**
 * Shared ceilings, respected inside `claim` and given back in the step that ends the loan.
 * A limited job keeps its place. A limit holds within one queue. Offered by adapters that honour fields of
 * the kind `"track"`.
 */
export interface Limits {
  /** Sets limits. One that was set while running wins over the one declared in code. */
  put(limits: readonly Limit[], options?: At): Promise<void>;
  /** What is used and allowed, by name and key. */
  list(filter?: LimitFilter, options?: At): Promise<Page<Quota>>;
}

export interface Limit {
  readonly name: string;
  /** For this key only; absent: for each key without a separate value. */
  readonly key?: string;
  /** At most so many jobs at once; 0 stops them. */
  readonly concurrency?: number;
  /** At most `max` starts per `perMs`, as a token bucket that refills evenly. */
  readonly rate?: { readonly max: number; readonly perMs: number; readonly burst?: number };
}

export interface LimitFilter {
  readonly name?: string;
  readonly key?: string;
  /** Only those that hold a job back. */
  readonly busy?: true;
  /** Default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly from?: string;
}

/** What a limit allows for one key right now. */
export interface Quota {
  readonly name: string;
  readonly key?: string;
  /** Jobs that count for it. */
  readonly used: number;
  readonly max?: number;
  /** When one more may start, if none may now. */
  readonly freeAt?: number;
  /** Jobs that it holds back. */
  readonly waiting: number;
}
