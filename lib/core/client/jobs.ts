import type { Adapter } from "../../contract/adapter.js";
import type { At } from "../../contract/at.js";
import { checkCountFilter, checkTexts } from "../../contract/filters.js";
import type { Answer, CountFilter, JobRecord, Jobs, StateCounts, Which } from "../../contract/jobs.js";
import { type Page, PAGE } from "../../contract/page.js";
import { bytesOfRecord } from "../../contract/record-page.js";
import { CALL_BYTES } from "../../contract/size.js";
import { checkJobFilter, checkRemoval, type Cancelled, type JobFilter, type Removed, type RemoveFilter } from "./job-filters.js";

/** Records of a list that says no limit. */
const LISTED = 100;

/**
 * Jobs that fit, following pages until there are `limit` of them, or about 8 MiB of payloads and results, or
 * no more. So an empty list is the end.
 */
export async function listJobs({ jobs }: Adapter, filter: JobFilter = {}): Promise<readonly JobRecord[]> {
  checkJobFilter(filter);
  const most = Math.min(filter.limit ?? LISTED, PAGE);
  const found: JobRecord[] = [];
  let bytes = 0;
  for await (const page of pagesOf((from) => jobs.list({ ...from(filter), limit: most - found.length }))) {
    for (const record of page) {
      bytes += bytesOfRecord(record);
      if (bytes > CALL_BYTES && found.length > 0) return found;
      found.push(record);
    }
    if (found.length >= most) break;
  }
  return found;
}

/** Puts where a page goes on into a filter. */
type From = <F extends JobFilter | Which>(filter: F) => F;

/** Pages one after another; `ask` puts into its filter where each goes on. */
export async function* pagesOf<T>(ask: (from: From) => Promise<Page<T>>): AsyncGenerator<readonly T[]> {
  for (let mark: string | undefined; ;) {
    const page: Page<T> = await ask((filter) => {
      if (mark === undefined) return filter;
      return { ...filter, cursor: undefined, from: mark };
    });
    yield page.items;
    if (page.next === undefined) return;
    mark = page.next;
  }
}

export async function countJobs({ jobs }: Adapter, filter: CountFilter | undefined): Promise<StateCounts> {
  checkCountFilter(filter);
  return jobs.count(filter);
}

/** Ends unfinished jobs, and says of each whether it was this call. */
export async function cancelJobs(
  { jobs }: Adapter,
  given: readonly string[] | string,
  reason: string,
  options?: At,
): Promise<readonly Cancelled[]> {
  const ids = listOf(given, "ids of the jobs to cancel");
  const { answers, ended = [] } = await jobs.change({ ids }, { to: "cancelled", reason }, options);
  const told = new Set<string>();
  const cancelled = answers.map(({ id, as, was }): Cancelled => {
    if (as !== "changed") return { id, as: as === "unknown" ? as : "ended", ...(was !== undefined && { was }) };
    // Asked for twice in one call: the second finds it cancelled.
    if (told.has(id)) return { id, as: "ended", was: "cancelled" };
    told.add(id);
    return { id, as: "cancelled", ...(was !== undefined && { was }) };
  });
  return ended.length === 0 || cancelled.length === 0 ? cancelled : [{ ...cancelled[0]!, ended }, ...cancelled.slice(1)];
}

/**
 * Forgets jobs that have ended or wait, by ids or by a filter, and says of each what came of it.
 *
 * @throws {OptionError} `STEM_FILTER_EMPTY`: the filter chooses nothing; as `checkJobFilter`
 */
export async function removeJobs(
  { jobs }: Adapter,
  which: readonly string[] | string | RemoveFilter,
  options?: At,
): Promise<readonly Removed[]> {
  if (typeof which === "string" || Array.isArray(which)) {
    const ids = listOf(which as readonly string[], "ids of the jobs to remove");
    return (await jobs.change({ ids }, { to: "forgotten" }, options)).answers.map(removedOf);
  }
  const { limit = Infinity, ...filter } = checkRemoval(which as RemoveFilter);
  const removed: Removed[] = [];
  for await (const answers of forget(jobs, filter as Which, () => limit - removed.length, options)) removed.push(...answers.map(removedOf));
  return removed;
}

/** Forgets jobs by a filter, step by step, while `left` says that more may go. */
export async function* forget(jobs: Jobs, filter: Which, left: () => number, options: At | undefined): AsyncGenerator<readonly Answer[]> {
  const pages = pagesOf(async (from) => {
    const { answers, next } = await jobs.change({ ...from(filter), limit: Math.min(left(), PAGE) } as Which, { to: "forgotten" }, options);
    return { items: answers, ...(next !== undefined && { next }) };
  });
  for await (const answers of pages) {
    yield answers;
    if (left() <= 0) return;
  }
}

function removedOf({ id, as, was }: Answer): Removed {
  return {
    id,
    as: as === "changed" ? "removed" : as === "running" || as === "needed" ? as : "unknown",
    ...(was !== undefined && { was }),
  };
}

/** Names or ids, one or several. @throws {OptionError} `STEM_OPTION_INVALID` for anything else */
export function listOf(given: readonly string[] | string, what: string): readonly string[] {
  if (typeof given === "string") return [given];
  checkTexts(given, what);
  return given;
}

/** Jobs that are stored: to list, to look at, to count, to remove. Called as a function it is `list`. */
export interface StemJobs {
  (filter?: JobFilter): Promise<readonly JobRecord[]>;
  /**
   * Newest first. At most `limit` (default 100, at most 1,000), and about 8 MiB of payloads and results,
   * though one at least: only an empty list is the end.
   */
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
    get: async (id: string) => (await adapter.jobs.get([...listOf(id, "id of the job")]))[0],
    counts: (filter?: CountFilter) => countJobs(adapter, filter),
    remove: (which: readonly string[] | string | RemoveFilter) => removeJobs(adapter, which),
  });
}
