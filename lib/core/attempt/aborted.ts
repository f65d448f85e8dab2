import { StemError } from "../../contract/errors.js";
import type { AbortedBy } from "./outcome.js";

/**
 * The value of `ctx.signal.reason`; an aborted `fetch` or `signal.throwIfAborted()` throws it.
 * `reason` says why.
 */
export class AttemptAbortedError extends StemError {
  readonly reason: AbortedBy;
  readonly jobId: string;

  constructor(reason: AbortedBy, jobId: string, what: string, hint: string) {
    super(CODES[reason], what, hint);
    this.reason = reason;
    this.jobId = jobId;
  }
}

/**
 * The attempt took longer than the task's `timeout`. It has failed, and is retried like any other failure.
 */
export class TimeoutError extends AttemptAbortedError {
  constructor(jobId: string, task: string, timeoutMs: number) {
    super(
      "timeout",
      jobId,
      `The attempt took longer than the ${timeoutMs} ms that task "${task}" allows.`,
      "Give the task a longer timeout, or let the handler stop on ctx.signal.",
    );
  }
}

const CODES = {
  timeout: "STEM_JOB_TIMEOUT",
  cancelled: "STEM_JOB_CANCELLED",
  lost: "STEM_JOB_LOST",
  shutdown: "STEM_SHUTDOWN",
} as const satisfies Record<AbortedBy, string>;

/** The reason to give to an attempt's signal. */
export function abortReason(reason: Exclude<AbortedBy, "timeout">, jobId: string): AttemptAbortedError {
  switch (reason) {
    case "cancelled":
      return new AttemptAbortedError(reason, jobId, `Job ${jobId} was cancelled.`, "Stop; nothing this attempt does is recorded any more.");
    case "lost":
      return new AttemptAbortedError(
        reason,
        jobId,
        `Job ${jobId} has gone to another worker, because this one gave no sign of life.`,
        "Stop; nothing this attempt does is recorded any more. If the event loop was blocked, move that work to a thread.",
      );
    case "shutdown":
      return new AttemptAbortedError(reason, jobId, "The worker shuts down.", "Stop; the job is handed back and its attempt is not spent.");
  }
}
