import type { Ended } from "../../contract/broker.js";
import { checkFields, refuseEmpty, type FilterKind } from "../../contract/filters.js";
import type { DeathCause, Failure, JobState } from "../../contract/job.js";
import type { AtLeastOne, JobFilter as AnyJobFilter } from "../../contract/jobs.js";

/*
 * What people and pages may ask of jobs, and what they are answered. A filter that is not understood is
 * refused before the store is asked: it would answer for everything, or forget everything.
 */

/** Which jobs to list. */
export type JobFilter = Omit<AnyJobFilter, "dead" | "before" | "ids" | "from">;

/**
 * Which jobs to remove: at least one of `state`, `task`, `queue`, `group`, or all. The others choose none by
 * themselves.
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

export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  readonly queue?: string;
  readonly task?: string;
  /** Died before this moment. */
  readonly before?: number;
  /** Default 100, at most 1,000 for `list`; unlimited for `purge`. */
  readonly limit?: number;
  /** Only deaths older than this id's; for paging. */
  readonly cursor?: string;
}

/**
 * Which dead letters to forget: at least one of `ids`, `queue`, `task`, `before`, or all. `limit` and
 * `cursor` choose none by themselves.
 */
export type Purge =
  | (AtLeastOne<Pick<DeadLetterFilter, "ids" | "queue" | "task" | "before">> &
      Pick<DeadLetterFilter, "limit" | "cursor"> & { readonly all?: undefined })
  | ({ readonly all: true } & Pick<DeadLetterFilter, "limit" | "cursor"> & {
        readonly [K in "ids" | "queue" | "task" | "before"]?: undefined;
      });

/** A job in state `failed` that died on its own account: its cause is not `"input"`. */
export interface DeadLetter {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly cause: Exclude<DeathCause, "input">;
  readonly error: Failure;
  readonly attempts: number;
  readonly lapses: number;
  readonly diedAt: number;
}

export interface Cancelled {
  readonly id: string;
  /** `"ended"`: it was final already and stays so. */
  readonly as: "cancelled" | "ended" | "unknown";
  /** The state it was in before. */
  readonly was?: JobState;
  /**
   * All that the call has ended, those it was asked for and those that waited for them; on the first answer.
   */
  readonly ended?: readonly Ended[];
}

export interface Removed {
  readonly id: string;
  /**
   * `"running"`: a worker has it, cancel it first · `"needed"`: an unfinished job waits for it, remove that
   * too · `"unknown"`: nothing is stored under the id.
   */
  readonly as: "removed" | "running" | "needed" | "unknown";
  /** The state it was in before. */
  readonly was?: JobState;
}

type Fields<F> = { readonly [K in keyof F]-?: FilterKind };

const JOBS = {
  state: "state",
  delayed: "either",
  task: "text",
  queue: "text",
  group: "text",
  limit: "amount",
  cursor: "text",
} as const satisfies Fields<JobFilter>;
const CHOOSING = { ids: "texts", queue: "text", task: "text", before: "moment" } as const;
const DEAD = { ...CHOOSING, limit: "amount", cursor: "text" } as const satisfies Fields<DeadLetterFilter>;

/**
 * Refuses a filter of jobs that has a field that is not known, or a value that cannot be.
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkJobFilter(filter: JobFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, JOBS, "of a filter of jobs");
}

/** As `checkJobFilter`, for lists of dead letters. */
export function checkDeadLetterFilter(filter: DeadLetterFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, DEAD, "of a filter of dead letters");
}

/**
 * What a purge is to forget. `limit` and `cursor` choose nothing by themselves, and neither does a field that
 * is undefined.
 *
 * @throws {OptionError} `STEM_FILTER_EMPTY`: nothing is chosen; `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkPurge(filter: Purge): DeadLetterFilter {
  return checkChoice<DeadLetterFilter>(filter, DEAD, CHOOSING, "of a purge of dead letters");
}

/** As `checkPurge`, for jobs to be removed; `all` stays in it. @throws {OptionError} as `checkPurge` */
export function checkRemoval(filter: RemoveFilter): RemoveFilter {
  checkChoice(filter, JOBS, { state: 0, task: 0, queue: 0, group: 0 }, "of a removal of jobs");
  return filter;
}

function checkChoice<F>(filter: object, fields: Readonly<Record<string, FilterKind>>, choosing: object, of: string): F {
  checkFields(filter, { ...fields, all: "yes" }, of);
  refuseEmpty(filter, choosing, of);
  const { all: _, ...chosen } = filter as { readonly all?: true };
  return chosen as F;
}
