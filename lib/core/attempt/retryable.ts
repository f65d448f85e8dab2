import type { Log } from "../log.js";
import { describe } from "../log/describe.js";
import type { RetryPolicy } from "../task/task.js";

/** Whether another attempt may follow a failed one and, if not, why: for the dead letter and the log. */
export type Verdict = { readonly retryable: true } | { readonly retryable: false; readonly why: string };

const AGAIN: Verdict = { retryable: true };

/**
 * Whether another attempt could help.
 * No for `NonRetryableError` and its children, for a refusal by an `HttpException` of Nest (400 to 499, but
 * not 408, 425 and 429, which ask to try later), and when the task's `retry.when` says so. Other fields of an
 * error (`status`, `code`, and so on) have no common meaning and do not count. An error in `retry.when`
 * itself is logged and counts as a yes.
 */
export function judge(error: unknown, policy: RetryPolicy, task: string, log: Log): Verdict {
  try {
    if (isFinalByName(error)) return { retryable: false, why: `${FINAL} says that another attempt cannot help` };
    const status = refusalOf(error);
    if (status !== undefined) return { retryable: false, why: `an HttpException of status ${status} refuses for good` };
  } catch {
    // A getter or proxy trap of the thrown value threw, so the value is treated as any other error.
  }
  if (policy.when === undefined) return AGAIN;
  try {
    return policy.when(error) === false ? { retryable: false, why: "retry.when said no" } : AGAIN;
  } catch (failure) {
    log.error(`retry.when of task "${task}" threw; the job is retried: ${describe(failure)}`);
    return AGAIN;
  }
}

/** By name along the prototypes, not with `instanceof`: a second copy of this package has another class. */
function isFinalByName(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return (error as { name?: unknown }).name === FINAL || descends(error, FINAL);
}

const FINAL = "NonRetryableError";

/** Those of 400 to 499 that depend on the moment, not the request: time-out, too early, too many requests. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * The status of an `HttpException` of Nest for a wrong request.
 * Recognised by its class and methods, since core does not import Nest.
 */
function refusalOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !descends(error, "HttpException")) return undefined;
  const { getStatus, getResponse } = error as { getStatus?: unknown; getResponse?: unknown };
  if (typeof getStatus !== "function" || typeof getResponse !== "function") return undefined;
  const status: unknown = getStatus.call(error);
  return typeof status === "number" && status >= 400 && status < 500 && !LATER.has(status) ? status : undefined;
}

function descends(error: object, name: string): boolean {
  for (let proto: unknown = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
    if ((proto as { constructor?: { name?: unknown } }).constructor?.name === name) return true;
  }
  return false;
}
