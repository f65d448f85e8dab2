import type { RetryPolicy } from "./task.js";

/**
 * The wait before the next attempt, in whole milliseconds.
 * Fixed: `base`. Exponential: drawn from `min` up to `min(cap, base · 2^(attempt-1))`, "full jitter":
 * failures that came together do not come back together.
 *
 * @param attempt the attempt that has just failed; 1 for the first
 * @param random a number in [0, 1); pass your own to make a test repeatable
 * @throws {RangeError} if `attempt` is below 1
 * @see M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs, minMs = 0, fixed = false }: Pick<RetryPolicy, "baseMs" | "capMs" | "minMs" | "fixed">,
  random: number,
): number {
  if (!(attempt >= 1)) throw new RangeError(`attempt counts from 1, got ${attempt}`);
  if (fixed) return Math.max(minMs, baseMs);
  const most = Math.max(minMs, Math.min(capMs, baseMs * 2 ** (attempt - 1)));
  return minMs + Math.floor(random * (most - minMs));
}
