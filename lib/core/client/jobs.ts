import type { Adapter } from "../../contract/adapter.js";
import type { At } from "../../contract/at.js";
import type { Cancelled, DeadLetter, DeadLetterFilter, DeadLetters, Purge, Removed } from "../../contract/broker.js";
import { checkCountFilter, checkDeadLetterFilter, checkJobFilter, checkPurge, checkRemoval, checkTexts } from "../../contract/filters.js";
import type { CountFilter, JobFilter, JobRecord, RemoveFilter, StateCounts } from "../../contract/results.js";

/*
 * What people and pages ask of the store about jobs. A filter that is not understood is refused before the
 * store hears of it: it would answer for everything, or forget everything.
 */

export async function listJobs({ results }: Adapter, filter: JobFilter | undefined): Promise<readonly JobRecord[]> {
  checkJobFilter(filter);
  return results.list(filter);
}

export async function countJobs({ results }: Adapter, filter: CountFilter | undefined): Promise<StateCounts> {
  checkCountFilter(filter);
  return results.count(filter);
}

export async function cancelJobs({ broker }: Adapter, ids: readonly string[] | string, reason: string): Promise<readonly Cancelled[]> {
  return broker.cancel(listOf(ids, "ids of the jobs to cancel"), reason);
}

/** Jobs removed in one step of the store. */
const PAGE = 500;

/**
 * Forgets jobs that have ended or wait, by ids or by a filter, and says of each what came of it.
 *
 * @throws {OptionError} `STEM_FILTER_EMPTY`: the filter chooses nothing; as `checkJobFilter`
 */
export async function removeJobs(
  { broker, results }: Adapter,
  which: readonly string[] | string | RemoveFilter,
): Promise<readonly Removed[]> {
  if (typeof which === "string" || Array.isArray(which))
    return broker.remove(listOf(which as readonly string[], "ids of the jobs to remove"));
  const { limit = Infinity, ...filter } = checkRemoval(which as RemoveFilter);
  const answers: Removed[] = [];
  let page = await results.list({ ...filter, limit: Math.min(PAGE, limit) });
  while (page.length > 0) {
    // Asked for before this page is removed, and its last job with it. A page may be short for its size; only
    // an empty one is the end.
    const left = limit - answers.length - page.length;
    const next = left <= 0 ? [] : await results.list({ ...filter, limit: Math.min(PAGE, left), cursor: page.at(-1)!.id });
    answers.push(...(await broker.remove(page.map(({ id }) => id))));
    page = next;
  }
  return answers;
}

/** Names or ids, one or several. @throws {OptionError} `STEM_OPTION_INVALID` for anything else */
export function listOf(given: readonly string[] | string, what: string): readonly string[] {
  if (typeof given === "string") return [given];
  checkTexts(given, what);
  return given;
}

/** See `DeadLetters`; an id alone stands for a list of one. */
export interface StemDeadLetters extends DeadLetters {
  retry(ids: readonly string[] | string, options?: At): Promise<readonly string[]>;
}

/** Jobs that are stored: to list, to look at, to count, to remove. Called as a function it is `list`. */
export interface StemJobs {
  (filter?: JobFilter): Promise<readonly JobRecord[]>;
  /** Newest first. */
  list(filter?: JobFilter): Promise<readonly JobRecord[]>;
  /** Undefined: nothing is stored under the id. */
  get(id: string): Promise<JobRecord | undefined>;
  /** How many there are in each state. */
  counts(filter?: CountFilter): Promise<StateCounts>;
  /**
   * Forgets jobs that have ended or wait (one that waits will not run), so that their ids are free; says of
   * each what came of it. Not removed are those that run (`"running"`: cancel them first) and those that an
   * unfinished job waits for (`"needed"`: remove that too).
   *
   * @throws {OptionError} `STEM_FILTER_EMPTY`: a filter that chooses nothing. `{ all: true }` means all
   */
  remove(which: readonly string[] | string | RemoveFilter): Promise<readonly Removed[]>;
}

export function jobsOf(adapter: Adapter): StemJobs {
  const list = (filter?: JobFilter): Promise<readonly JobRecord[]> => listJobs(adapter, filter);
  return Object.assign((filter?: JobFilter) => list(filter), {
    list,
    get: async (id: string) => (await adapter.results.get([...listOf(id, "id of the job")]))[0],
    counts: (filter?: CountFilter) => countJobs(adapter, filter),
    remove: (which: readonly string[] | string | RemoveFilter) => removeJobs(adapter, which),
  });
}

/** The dead letters of a store, asked for in terms that were checked. */
export function checkedDeadLetters({ broker }: Adapter): StemDeadLetters {
  return {
    async list(filter?: DeadLetterFilter, options?): Promise<readonly DeadLetter[]> {
      checkDeadLetterFilter(filter);
      return broker.deadLetters.list(filter, options);
    },
    retry: async (ids, options) => broker.deadLetters.retry(listOf(ids, "ids of the dead letters to retry"), options),
    async purge(filter: Purge, options?): Promise<number> {
      checkPurge(filter);
      return broker.deadLetters.purge(filter, options);
    },
  };
}
