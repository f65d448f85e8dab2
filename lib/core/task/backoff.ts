import type { RetryPolicy } from "./task.js";

/**
 * Draws the wait before the next attempt, in whole milliseconds, from 0 up to `min(cap, base · 2^(attempt-1))`.
 * "Full jitter": failures that came together do not come back together.
 *
 * @param attempt the attempt that has just failed; 1 for the first
 * @param random a number in [0, 1); pass your own to make a test repeatable
 * @throws {RangeError} if `attempt` is below 1
 * @see M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015
 */
export function backoffMs(attempt: number, policy: Pick<RetryPolicy, "baseMs" | "capMs">, random: number): number {
  if (!(attempt >= 1)) throw new RangeError(`attempt counts from 1, got ${attempt}`);
  return Math.floor(random * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1)));
}
