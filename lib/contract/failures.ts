import type { Failure } from "./job.js";

/*
 * What a store writes by itself when a job ends without its handler's doing. It is the same on every store,
 * since users branch on names and codes. The Redis scripts say it once more (lua/common/failures.lua), and
 * laws compare the two.
 */

/** Why a job was ended that had not started by then; milliseconds since the epoch. */
export function expired(at: number): Failure {
  return { name: "ExpiredError", code: "STEM_JOB_EXPIRED", message: `It had not started by ${new Date(at).toISOString()}.` };
}

/** Why a job is dead that so many workers have not come back from. */
export function lapsed(lapses: number): Failure {
  const times = lapses === 1 ? "once" : `${lapses} times`;
  return { name: "LapsedError", code: "STEM_JOB_LAPSED", message: `Its worker died or lost its lease ${times}.` };
}

/** Why a job has ended that was cancelled. */
export function cancelled(reason: string): Failure {
  return { name: "CancelledError", code: "STEM_JOB_CANCELLED", message: reason };
}

/**
 * Why a job has ended that waited for one that did not succeed. Down a line of jobs each names its own input;
 * the reason and `cause` are those of the first.
 */
export function inputEnded(id: string, state: "failed" | "cancelled" | "expired", error: Failure): Failure {
  const { name, message, code } = error.code === "STEM_JOB_INPUT" ? (error.cause ?? error) : error;
  return {
    name: "InputError",
    code: "STEM_JOB_INPUT",
    message: `Its input "${id}" ${state === "cancelled" ? "was cancelled" : state}: ${message}`,
    cause: { name, message, ...(code !== undefined && { code }) },
  };
}
