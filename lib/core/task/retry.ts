import { OptionError } from "../../contract/errors.js";
import { isRecord, refuseUnknown, shown } from "../../contract/options.js";
import { toMs } from "./duration.js";
import type { RetryPolicy, TaskOptions } from "./task.js";

const KNOWN_RETRY = ["attempts", "backoff", "base", "min", "cap", "when"] as const;

/** Fills in retry defaults. @throws {OptionError} as `defineTask` */
export function retryPolicy(retry: TaskOptions["retry"], of: string): RetryPolicy {
  const given = typeof retry === "number" ? { attempts: retry } : retry === undefined ? {} : retry;
  if (!isRecord(given)) {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The retry ${of} is ${shown(given)}.`,
      'Give a number of attempts, or an object: { attempts: 5, base: "1s" }.',
    );
  }
  refuseUnknown(given, KNOWN_RETRY, `of the retry ${of}`);
  const attempts = given.attempts ?? 3;
  if (!isAttempts(attempts)) {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The retry attempts ${of} are ${String(attempts)}.`,
      "Give a whole number from 1 (no retry) to 1,000.",
    );
  }
  if (given.backoff !== undefined && given.backoff !== "exponential" && given.backoff !== "fixed") {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The retry backoff ${of} is ${String(given.backoff)}.`,
      'Give "exponential" (the default) or "fixed", which waits `base` each time.',
    );
  }
  return {
    attempts,
    ...(given.min !== undefined && { minMs: toMs(given.min, `retry min ${of}`) }),
    ...(given.backoff === "fixed" && { fixed: true }),
    baseMs: given.base === undefined ? 1_000 : toMs(given.base, `retry base ${of}`),
    capMs: given.cap === undefined ? 3_600_000 : toMs(given.cap, `retry cap ${of}`),
    when: given.when,
  };
}

/** Whether a value can be a number of attempts. */
export function isAttempts(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1_000;
}
