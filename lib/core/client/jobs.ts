import type { Adapter } from "../../contract/adapter.js";
import type { At } from "../../contract/at.js";
import type { Cancelled, DeadLetter, DeadLetterFilter, DeadLetters, Purge } from "../../contract/broker.js";
import { checkCountFilter, checkDeadLetterFilter, checkJobFilter, checkPurge, checkTexts } from "../../contract/filters.js";
import type { CountFilter, JobFilter, JobRecord, StateCounts } from "../../contract/results.js";

/*
 * What people and pages ask of the store about jobs. A filter that is not understood is refused before the store hears of it: it would answer for everything, or
 * forget everything.
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
