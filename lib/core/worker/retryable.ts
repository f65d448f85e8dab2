import type { Log } from "../log.js";
import type { RetryPolicy } from "../task/task.js";

/**
 * Whether another attempt could help. No for `NonRetryableError` and its children, for refusals of guards and pipes (an exception with a status of
 * 400 to 499), and when the task's `retry.when` says so. An error in `retry.when` itself is logged and counts as a yes.
 */
export function isRetryable(error: unknown, policy: RetryPolicy, task: string, log: Log): boolean {
  try {
    if (isFinalByName(error) || isRefusal(error)) return false;
  } catch {
    // A getter or proxy trap of the thrown value threw: it says nothing about itself, so it is treated as any other error.
  }
  if (policy.when === undefined) return true;
  try {
    return policy.when(error) !== false;
  } catch (failure) {
    log.error(`retry.when of task "${task}" threw; the job is retried: ${describe(failure)}`);
    return true;
  }
}

/** By name along the prototypes, not with `instanceof`: a second copy of this package in `node_modules` has a class of its own. */
function isFinalByName(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if ((error as { name?: unknown }).name === FINAL) return true;
  for (let proto: unknown = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
    if ((proto as { constructor?: { name?: unknown } }).constructor?.name === FINAL) return true;
  }
  return false;
}

const FINAL = "NonRetryableError";

/** An HTTP-like exception that blames the request. Asked through `getStatus()`, as Nest's have it, else `status`. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { getStatus, status } = error as { getStatus?: unknown; status?: unknown };
  const code: unknown = typeof getStatus === "function" ? getStatus.call(error) : status;
  return typeof code === "number" && code >= 400 && code < 500;
}

/** One line about anything thrown; never throws. */
export function describe(thrown: unknown): string {
  try {
    if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
      const { name, message } = thrown as { name?: unknown; message: unknown };
      return typeof name === "string" ? `${name}: ${String(message)}` : String(message);
    }
    return String(thrown);
  } catch {
    return "a value that cannot be shown";
  }
}
