import type { Failure } from "./job.js";

/**
 * Base of every error thrown on purpose.
 * `code` is for programs and search engines (one entry each in docs/errors.md), `message` says what happened
 * and ends with the remedy, which is also in `hint`.
 */
export class StemError extends Error {
  readonly code: string;
  /** What to do next. */
  readonly hint: string;

  constructor(code: string, what: string, hint: string, options?: ErrorOptions) {
    super(`${what}\n  → ${hint}  [${code}]`, options);
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
  }
}

/** The name of a task or workflow that is not registered. */
export class UnknownTaskError extends StemError {
  readonly task: string;

  /** @param handler the class that handles it according to a generated client, and its file */
  constructor(task: string, known: readonly string[], handler?: string) {
    const near = handler === undefined ? nearest(task, known) : undefined;
    super(
      "STEM_UNKNOWN_TASK",
      `No task named "${task}" is registered here (${known.length === 1 ? "1 is" : `${known.length} are`}).`,
      near === undefined
        ? `Add ${handler === undefined ? `the class that carries @Task("${task}")` : `class ${handler}`} to a module's providers.`
        : `Did you mean "${near}"? Otherwise add its class to a module's providers.`,
    );
    this.task = task;
  }
}

/** A fault of a value at one place. */
export interface PayloadIssue {
  /** `payload.order.lines[3].qty` */
  readonly path: string;
  /** `expected an integer ≥ 1, got "two"`, or in the words of the task's schema. */
  readonly message: string;
}

/** A value cannot travel: not serialisable, too large, not readable, or refused by a type or schema. */
export class PayloadError extends StemError {
  /**
   * For `STEM_PAYLOAD_INVALID` all faults (up to 1,000 places); else empty.
   * The message lists the first 20.
   */
  readonly issues: readonly PayloadIssue[];

  constructor(
    code: "STEM_PAYLOAD_UNSERIALISABLE" | "STEM_PAYLOAD_TOO_LARGE" | "STEM_PAYLOAD_UNREADABLE" | "STEM_PAYLOAD_INVALID",
    what: string,
    hint: string,
    options?: ErrorOptions & { readonly issues?: readonly PayloadIssue[] },
  ) {
    super(code, what, hint, options);
    this.issues = options?.issues ?? [];
  }
}

/** An option or argument is wrong. */
export class OptionError extends StemError {
  constructor(code: string, what: string, hint: string, options?: ErrorOptions) {
    super(code, what, hint, options);
  }
}

/** The store cannot be used: not reachable, not openable, a newer schema, a driver that is not installed. */
export class StoreError extends StemError {
  constructor(
    code:
      | "STEM_STORE_OPEN"
      | "STEM_STORE_CLOSED"
      | "STEM_STORE_FAILED"
      | "STEM_STORE_UNREACHABLE"
      | "STEM_STORE_VERSION"
      | "STEM_STORE_RIGHTS"
      | "STEM_STORE_READONLY"
      | "STEM_STORE_EVICTED"
      | "STEM_SCHEMA_BEHIND"
      | "STEM_SCHEMA_NEWER"
      | "STEM_MISSING_PEER",
    what: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(code, what, hint, options);
  }
}

/** Asked of an adapter that cannot do it, before anything was written. */
export class UnsupportedError extends StemError {
  constructor(adapter: string, what: string) {
    super(
      "STEM_UNSUPPORTED",
      `The ${adapter} adapter does not support ${what}.`,
      "Leave it out, or use an adapter that has it (see the adapters table in README.md).",
    );
  }
}

/** The job that was waited for ended, but not well. `failure` says why. */
export class JobFailedError extends StemError {
  readonly jobId: string;
  readonly state: "failed" | "cancelled" | "expired";
  readonly failure: Failure;

  constructor(jobId: string, state: "failed" | "cancelled" | "expired", failure: Failure) {
    super(
      "STEM_JOB_FAILED",
      `Job ${jobId} ${state}: ${failure.name}: ${failure.message}`,
      state === "failed"
        ? `Look at it with "stem dlq list"; run it again with "stem dlq retry ${jobId}".`
        : "Enqueue it again if it is still wanted.",
    );
    this.jobId = jobId;
    this.state = state;
    this.failure = failure;
  }
}

/** The time given to wait for a result ran out; the job goes on. */
export class ResultTimeoutError extends StemError {
  readonly jobId: string;

  /** @param why how long was waited, in milliseconds; or why waiting longer would not help */
  constructor(jobId: string, why: number | { readonly what: string; readonly hint: string }) {
    const { what, hint } =
      typeof why === "number"
        ? {
            what: `Job ${jobId} has not ended within ${why} ms.`,
            hint: "It goes on by itself. Wait longer, or check that a worker serves its queue and has its handler.",
          }
        : why;
    super("STEM_RESULT_TIMEOUT", what, hint);
    this.jobId = jobId;
  }
}

/** Nothing is stored under the id that was asked for. */
export class UnknownJobError extends StemError {
  readonly jobId: string;

  constructor(jobId: string) {
    super("STEM_UNKNOWN_JOB", `No job ${jobId} is stored.`, "It was never enqueued here, or its retention has passed (keepResult).");
    this.jobId = jobId;
  }
}

/** A job that was stored is gone, so how it ended is unknown. */
export class ResultNotKeptError extends StemError {
  readonly jobId: string;

  constructor(jobId: string) {
    super(
      "STEM_RESULT_NOT_KEPT",
      `Job ${jobId} was stored and is not any more: it has ended and its record was not kept, or it was removed.`,
      "Do not enqueue it again for the sake of the result: its work may be done. Give a job that is waited for a keepResult of a minute or more.",
    );
    this.jobId = jobId;
  }
}

/** No schedule is stored under a name. */
export class UnknownScheduleError extends StemError {
  readonly schedule: string;

  constructor(schedule: string, known: readonly string[]) {
    const near = nearest(schedule, known);
    super(
      "STEM_UNKNOWN_SCHEDULE",
      `No schedule named "${schedule}" is stored (${known.length === 1 ? "1 is" : `${known.length} are`}).`,
      `${near === undefined ? "" : `Did you mean "${near}"? `}One that @Cron declares is stored when a beat that knows it starts; one made at run time until it is removed.`,
    );
    this.schedule = schedule;
  }
}

/** The known name with the fewest edits to `word`, if three or fewer and fewer than half of it. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.min(3, Math.floor(word.length / 2)) + 1;
  for (const name of known) {
    const edits = editDistance(word, name);
    if (edits < fewest) [best, fewest] = [name, edits];
  }
  return best;
}

/** Levenshtein distance with swapped neighbours counted as one edit (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      let edits = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
