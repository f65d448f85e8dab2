import type { At } from "./at.js";
import type { AtLeastOne } from "./broker.js";
import type { DeathCause, Failure, JobState } from "./job.js";

/**
 * The records of jobs, unfinished or ended and still kept.
 * A record past its retention counts as absent for all of these, and for counts and dead letters, pruned or
 * not; unless it is the input of a job that has not succeeded and is kept itself.
 */
export interface Results {
  /**
   * One record per id, in the order asked.
   * Undefined if nothing is stored (never enqueued, or forgotten by retention).
   */
  get(ids: readonly string[], options?: At): Promise<readonly (JobRecord | undefined)[]>;
  /**
   * Newest first by enqueue. At most `limit`, and about 8 MiB of payloads and results, though one at least.
   * A page may be shorter than was asked for while there are more. Only an empty one is the end.
   */
  list(filter?: JobFilter, options?: At): Promise<readonly JobRecord[]>;
  /** Jobs per state; states with none are 0. */
  count(filter?: CountFilter, options?: At): Promise<StateCounts>;
  /**
   * Forgets up to `limit` (default 1,000) ended jobs whose retention has passed, with their journals.
   * Events and workers past theirs go too. Returns how many jobs. A record that an unfinished job still needs
   * as an input is kept.
   */
  prune(limit?: number, options?: At): Promise<number>;
}

export interface JobFilter {
  readonly state?: JobState;
  /** `true`: only `ready` jobs that are due later. `false`: all but those. Default: both. */
  readonly delayed?: boolean;
  readonly task?: string;
  readonly queue?: string;
  readonly group?: string;
  /** Default 100, at most 1,000; fewer where payloads are large. */
  readonly limit?: number;
  /** Only jobs enqueued before the one with this id; for paging. */
  readonly cursor?: string;
}

/** Which jobs to count. */
export type CountFilter = Pick<JobFilter, "task" | "queue" | "group">;

/**
 * Which jobs to remove: at least one of `state`, `task`, `queue`, `group`, or all.
 * The other fields choose none by themselves.
 */
export type RemoveFilter =
  | (AtLeastOne<Pick<JobFilter, "state" | "task" | "queue" | "group">> & Limited & { readonly all?: undefined })
  | ({ readonly all: true } & Limited & { readonly [K in "state" | "task" | "queue" | "group"]?: undefined });

type Limited = {
  /** At most this many. */
  readonly limit?: number;
  readonly cursor?: string;
  readonly delayed?: boolean;
};

/** How many jobs there are in each state; and of the `ready` ones, how many are due later (`delayed`). */
export type StateCounts = Readonly<Record<JobState | "delayed", number>>;

export interface JobRecord {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly state: JobState;
  /** Present when it is `ready` but due later, by the store's clock when it was read. */
  readonly delayed?: true;
  readonly payload: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly group?: string;
  /** Attempts that count: started, and neither given back nor lapsed. */
  readonly attempts: number;
  readonly lapses: number;
  readonly enqueuedAt: number;
  readonly dueAt: number;
  /** When it was last lent. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Present when it succeeded and returned something. */
  readonly result?: string;
  /** The last failure, also of a job that is to be retried. */
  readonly error?: Failure;
  /** Only when `failed`, or ended because of an input (then `"input"`). */
  readonly cause?: DeathCause;
  /** Id of the worker that holds it. */
  readonly worker?: string;
}
