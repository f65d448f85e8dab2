import { OptionError, type NewJob, type Settlement } from "../../../contract/index.js";
/**
 * Refuses a payload that Postgres cannot store: one of a codec that leaves U+0000 in its texts.
 * @throws {OptionError} `STEM_JOB_INVALID`
 */
export function checkPayloads(jobs: readonly NewJob[]): void {
  for (const { id, task, payload } of jobs)
    if (payload.includes("\0"))
      throw new OptionError(
        "STEM_JOB_INVALID",
        `Job "${id.slice(0, 60)}" of task "${task}" cannot be stored: its payload holds the character U+0000, which Postgres has no place for.`,
        "Let the codec escape that character, as JSON does; nothing of this call was stored.",
      );
}

/** @throws {OptionError} `STEM_JOB_INVALID`: a payload cannot be stored here */
export function checkNewLives(settlements: readonly Settlement[]): void {
  for (const settlement of settlements)
    if (settlement.as === "anew" && settlement.payload.includes("\0"))
      throw new OptionError(
        "STEM_JOB_INVALID",
        `Job "${settlement.lease.jobId}" cannot begin anew: its payload holds the character U+0000, which Postgres has no place for.`,
        "Let the codec escape that character, as JSON does; nothing of this call was stored.",
      );
}

/** @throws {OptionError} `STEM_JOB_INVALID`: the payload of a retry cannot be stored here */
export function checkRetry(payload: string | undefined): void {
  if (payload?.includes("\0"))
    throw new OptionError(
      "STEM_JOB_INVALID",
      "A payload that jobs are to be retried with holds the character U+0000, which Postgres has no place for.",
      "Let the codec escape that character, as JSON does; nothing of this call was stored.",
    );
}
