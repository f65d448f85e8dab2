import { OptionError } from "../../contract/errors.js";
import { isRecord } from "../../contract/options.js";
import { LONGEST_MS } from "./duration.js";
import { isAttempts, retryPolicy } from "./retry.js";
import type { JobRetryOptions, RetryPolicy } from "./task.js";

/** Header of a job with other retry options than its task. */
export const RETRY_HEADER = "stem-retry";

/** The content of such a header, as JSON; what it leaves out comes from the task. */
type Said = Partial<Pick<RetryPolicy, "attempts" | "baseMs" | "capMs" | "minMs" | "fixed">>;

/**
 * The header that travels with a job.
 *
 * @throws {OptionError} as the `retry` of a task
 */
export function retryHeader(retry: number | JobRetryOptions, of: string): string {
  if (isRecord(retry) && Object.hasOwn(retry as object, "when"))
    throw new OptionError("STEM_OPTION_INVALID", `The retry ${of} has a when.`, "A function cannot travel: give `when` to the task.");
  const { attempts, baseMs, capMs, minMs } = retryPolicy(retry, of);
  const given: JobRetryOptions = typeof retry === "number" ? { attempts } : retry;
  const said: Said = {
    ...(given.attempts !== undefined && { attempts }),
    ...(given.base !== undefined && { baseMs }),
    ...(given.cap !== undefined && { capMs }),
    ...(minMs !== undefined && { minMs }),
    ...(given.backoff !== undefined && { fixed: given.backoff === "fixed" }),
  };
  return JSON.stringify(said);
}

/** The retry options of a job: those of its header if it is valid, and else of its task. */
export function retryOf(header: string | undefined, task: RetryPolicy): RetryPolicy {
  const said = header === undefined ? undefined : read(header);
  return said === undefined ? task : { ...task, ...said };
}

/** Undefined: another program wrote it, or another version of this package. */
function read(header: string): Said | undefined {
  let said: unknown;
  try {
    said = JSON.parse(header);
  } catch {
    return undefined;
  }
  if (!isRecord(said)) return undefined;
  const { attempts, baseMs, capMs, minMs, fixed } = said as Record<string, unknown>;
  if (!isMissingOr(isAttempts, attempts) || ![baseMs, capMs, minMs].every((ms) => isMissingOr(isMs, ms))) return undefined;
  if (fixed !== undefined && typeof fixed !== "boolean") return undefined;
  return Object.fromEntries(Object.entries({ attempts, baseMs, capMs, minMs, fixed }).filter(([, value]) => value !== undefined));
}

function isMissingOr(check: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || check(value);
}

function isMs(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LONGEST_MS;
}
