import type { Adapter } from "../../contract/adapter.js";
import type { At } from "../../contract/at.js";
import type { JobFilter as AnyJobFilter, JobRecord, Which } from "../../contract/jobs.js";
import { PAGE } from "../../contract/page.js";
import { checkDeadLetterFilter, checkPurge, type DeadLetter, type DeadLetterFilter, type Purge } from "./job-filters.js";
import { forget, listOf, pagesOf } from "./jobs.js";

/** Jobs in state `failed` that died on their own account: `cause` is not `"input"`. */
export interface DeadLetters {
  /** Latest death first. */
  list(filter?: DeadLetterFilter, options?: At): Promise<readonly DeadLetter[]>;
  /**
   * Makes jobs that `failed`, `expired` or were `cancelled` ready again with attempts and lapses at 0.
   * Jobs that failed because of them as an input are `blocked` again. A job with cause `"input"` is not
   * retried by itself. Returns the ids that moved.
   */
  retry(ids: readonly string[], options?: At): Promise<readonly string[]>;
  /**
   * Forgets dead letters; returns how many. Jobs that waited for them keep their own records. One whose end
   * an unfinished job will be handed stays.
   * @throws {OptionError} `STEM_FILTER_EMPTY`: the filter chooses nothing; `STEM_OPTION_UNKNOWN`,
   *   `STEM_OPTION_INVALID`
   */
  purge(filter: Purge, options?: At): Promise<number>;
}

/** See `DeadLetters`; an id alone stands for a list of one. */
export interface StemDeadLetters extends DeadLetters {
  retry(ids: readonly string[] | string, options?: At): Promise<readonly string[]>;
}

/** Letters of a list that says no limit. */
const LISTED = 100;

/** The dead letters of a store, asked for in terms that were checked. */
export function deadLettersOf({ jobs }: Adapter): StemDeadLetters {
  return {
    async list(filter: DeadLetterFilter = {}, options?): Promise<readonly DeadLetter[]> {
      checkDeadLetterFilter(filter);
      const most = Math.min(filter.limit ?? LISTED, PAGE);
      const found: DeadLetter[] = [];
      const wanted: AnyJobFilter = { ...filter, dead: true };
      for await (const page of pagesOf((from) => jobs.list({ ...from(wanted), limit: most - found.length }, options))) {
        found.push(...page.map(letterOf));
        if (found.length >= most) break;
      }
      return found;
    },

    async retry(ids, options): Promise<readonly string[]> {
      const { answers } = await jobs.change({ ids: listOf(ids, "ids of the dead letters to retry") }, { to: "ready" }, options);
      return [...new Set(answers.filter(({ as }) => as === "changed").map(({ id }) => id))];
    },

    async purge(filter: Purge, options?): Promise<number> {
      const { limit = Infinity, ...chosen } = checkPurge(filter);
      let purged = 0;
      for await (const answers of forget(jobs, { ...chosen, dead: true } as Which, () => limit - purged, options))
        purged += answers.filter(({ as }) => as === "changed").length;
      return purged;
    },
  };
}

function letterOf({ id, task, queue, cause, error, attempts, lapses, endedAt }: JobRecord): DeadLetter {
  return {
    id,
    task,
    queue,
    cause: cause === "input" || cause === undefined ? "error" : cause,
    error: error!,
    attempts,
    lapses,
    diedAt: endedAt!,
  };
}
