import type { At } from "./at.js";
import type { Ended } from "./broker.js";
import type { DeathCause, Failure, JobState } from "./job.js";
import type { Noted } from "./note.js";
import type { Page } from "./page.js";

/**
 * What can be known of jobs and done to them, unfinished or ended and still kept. A record past its retention
 * is as good as none for all of these, whether it has been pruned or not; unless a job that it is an input of
 * has not succeeded and is kept itself.
 */
export interface Jobs {
  /**
   * One record per id, in the order asked.
   * Undefined if nothing is stored (never enqueued, or forgotten by retention).
   */
  get(ids: readonly string[], options?: GetOptions): Promise<readonly (JobRecord | undefined)[]>;
  /**
   * Newest first by enqueue; dead letters latest death first. A page has at most `limit` records, and about 8
   * MiB of payloads and results, though one at least. It may be short, or empty, while there are more, since
   * one call looks at no more than 10,000 records: only a page without `next` is the last.
   */
  list(filter?: JobFilter, options?: At): Promise<Page<JobRecord>>;
  /**
   * Jobs per state; states with none are 0.
   * The jobs of a task or a group are looked at one by one, each once: that takes as long as there are jobs.
   * No step of it keeps others waiting for long: SQLite and Redis look in portions.
   */
  count(filter?: CountFilter, options?: At): Promise<StateCounts>;
  /**
   * Changes jobs, by ids or by a filter.
   *
   * By ids there is an answer for each, in the order given. At most 1,000 ids are changed in one atomic step;
   * more are changed in parts. An id that is given twice is changed once and answered alike both times. Of a
   * job and its dependants in one call, the dependants are forgotten first.
   *
   * By a filter at most `limit` jobs (default and at most 1,000) are changed, in the order of `list`, with
   * answers for those that fitted. What fits is decided in the step that changes it: a job that has left the
   * filter by then is neither touched nor answered. One call is one atomic step (in a cluster, one per
   * shard), looks at no more than 10,000 records, and has `next` while there may be more.
   *
   * @throws {OptionError} `STEM_FILTER_EMPTY`: the filter chooses nothing; `STEM_OPTION_UNKNOWN`,
   *   `STEM_OPTION_INVALID`
   * @throws {UnsupportedError} a move to another queue in a store that has a shard per queue
   */
  change(which: Which, change: Change, options?: At): Promise<Changed>;
  /**
   * Forgets up to `limit` (default 1,000) ended jobs whose retention has passed, with their journals.
   * Events and workers past theirs go too. Returns how many jobs. A record that an unfinished job still needs
   * as an input is kept.
   */
  prune(limit?: number, options?: At): Promise<number>;
}

export interface GetOptions extends At {
  /** What to read beside the record, and is kept apart from it. */
  readonly with?: readonly Extra[];
}

/** `"note"`: what the job has noted, as `JobRecord.note`. */
export type Extra = "note";

export interface JobFilter {
  readonly state?: JobState;
  /** `true`: only `ready` jobs that are due later. `false`: all but those. Default: both. */
  readonly delayed?: boolean;
  readonly task?: string;
  readonly queue?: string;
  readonly group?: string;
  /** Only dead letters: jobs in state `failed` whose cause is not `"input"`. */
  readonly dead?: true;
  /** Only jobs that ended before this moment. */
  readonly before?: number;
  /** Of these ids only. */
  readonly ids?: readonly string[];
  /** Default 100 in a list, and 1,000 in a change; at most 1,000. */
  readonly limit?: number;
  /**
   * Only jobs enqueued before the one with this id; of dead letters, only deaths older than its own. None if
   * nothing is stored under it. An id, and never what `next` was: that goes into `from`.
   */
  readonly cursor?: string;
  /** The `next` of the page before. Excludes `cursor`. */
  readonly from?: string;
}

/** Which jobs to count. */
export type CountFilter = Pick<JobFilter, "task" | "queue" | "group">;

/** `T` with one of its fields there for certain. */
export type AtLeastOne<T> = { readonly [K in keyof T]-?: T & { readonly [One in K]-?: Exclude<T[One], undefined> } }[keyof T];

/** Fields of a filter that choose jobs. The others narrow a choice, and choose none by themselves. */
export type Choosing = "state" | "task" | "queue" | "group" | "dead" | "before";

/** Which jobs to change: by ids alone, or by a filter that chooses some, or all. */
export type Which =
  | ({ readonly ids: readonly string[] } & { readonly [K in Exclude<keyof JobFilter, "ids"> | "all"]?: undefined })
  | (AtLeastOne<Pick<JobFilter, Choosing>> & Omit<JobFilter, Choosing> & { readonly all?: undefined })
  | ({ readonly all: true } & Omit<JobFilter, Choosing | "ids"> & { readonly [K in Choosing | "ids"]?: undefined });

/** What to change jobs to. */
export type Change =
  /**
   * Ends unfinished jobs at once, in any state; a worker that holds one finds its lease lost. Jobs
   * that wait for a cancelled job are cancelled with it (unless their link says `"continue"`). `"ended"`.
   */
  | { readonly to: "cancelled"; readonly reason: string }
  /**
   * Makes jobs that `failed`, `expired` or were `cancelled` ready again.
   * Attempts and lapses begin at 0, the journal is kept, and they do not expire any more. They have another
   * payload, and are due `delayMs` from now, where that is given. Jobs that failed because of them as an
   * input are `blocked` again. They take their unique keys again. Not changed: `"ended"` (it succeeded),
   * `"unfinished"`, `"input"`, `"held"`.
   */
  | { readonly to: "ready"; readonly payload?: string; readonly delayMs?: number }
  /**
   * Forgets jobs that have ended or wait.
   * One that waits is ended first, so that none of its consequences follow. Not changed: `"running"`,
   * `"needed"`.
   */
  | { readonly to: "forgotten" }
  /**
   * Moves ready jobs, due or not, to another place: at least one of the three. What is left out stays, and so
   * do the attempts and the expiry. `"running"`, `"waiting"`, `"ended"`; and `"held"` to another
   * queue, where it holds a unique key: keys are those of their queue.
   */
  | { readonly to: "moved"; readonly priority?: number; readonly dueAt?: number; readonly queue?: string };

export interface Changed {
  readonly answers: readonly Answer[];
  /** By a filter: where the next call goes on, as `from` of the same filter. Absent: that was all. */
  readonly next?: string;
  /**
   * Jobs that the call has ended, those it was asked for and those that waited for them. Not by forgetting
   * them: then the caller knows.
   */
  readonly ended?: readonly Ended[];
}

/** What came of one job. */
export interface Answer {
  readonly id: string;
  /**
   * `"changed"` · or why not: `"unknown"`, nothing is stored under the id · `"ended"`, it has ended and stays
   * so · `"unfinished"`, it has not ended, so it is not made ready again · `"input"`, it ended because of an
   * input, and is made ready again with that · `"running"`, a worker has it, cancel it first · `"waiting"`,
   * it waits for inputs or events, so it stands in no line · `"needed"`, an unfinished job waits for it, or
   * will be handed its end · `"held"`, another job holds its unique key, or it holds one that it cannot take
   * to another queue.
   */
  readonly as: "changed" | "unknown" | "ended" | "unfinished" | "input" | "running" | "waiting" | "needed" | "held";
  /** The state it was in before. Absent where nothing is stored. */
  readonly was?: JobState;
}

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
  /** The last failure, also of a job that is to be retried, until it has succeeded. */
  readonly error?: Failure;
  /** Only when `failed`, or ended because of an input (then `"input"`). */
  readonly cause?: DeathCause;
  /** Id of the worker that holds it. */
  readonly worker?: string;
  /** Only where it was asked for, and if the job has noted anything in this life. */
  readonly note?: Noted;
}
