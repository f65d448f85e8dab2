import type { Failure } from "./job.js";

/*
 * The failures that a store writes by itself, when a job ends without its handler. They are the same on every
 * store, since users branch on names and codes. The Redis scripts repeat them (lua/common/failures.lua), and
 * laws compare the two.
 */

/** The failure of a job that had not started by `at`; milliseconds since the epoch. */
export function expired(at: number): Failure {
  return { name: "ExpiredError", code: "STEM_JOB_EXPIRED", message: `It had not started by ${new Date(at).toISOString()}.` };
}

/** The failure of a job that is dead because this many workers lost it. */
export function lapsed(lapses: number): Failure {
  const times = lapses === 1 ? "once" : `${lapses} times`;
  return { name: "LapsedError", code: "STEM_JOB_LAPSED", message: `Its worker died or lost its lease ${times}.` };
}

/** The failure of a cancelled job. */
export function cancelled(reason: string): Failure {
  return { name: "CancelledError", code: "STEM_JOB_CANCELLED", message: reason };
}

/**
 * The failure of a job that waited for one that did not succeed.
 * Down a line of jobs each names its own input; the reason and `cause` are those of the first.
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
