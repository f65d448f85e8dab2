import { createHash } from "node:crypto";
import { JOB_DEFAULTS } from "../../contract/fields.js";
import { OptionError } from "../../contract/errors.js";
import { isRecord, refuseUnknown, shown } from "../../contract/options.js";
import { toMs } from "./duration.js";
import type { RetryPolicy, TaskDefinition, TaskOptions } from "./task.js";

export { refuseUnknown };

export const DEFAULT_QUEUE = "default";

/**
 * What a task may be called, and a queue: parts of letters, digits, `_` and `-`, joined by dots; up to 120
 * characters.
 */
const NAME = /^(?=.{1,120}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

const KNOWN = [
  "queue",
  "priority",
  "retry",
  "timeout",
  "keepResult",
  "keepFailed",
  "input",
  "output",
  "validate",
] as const satisfies readonly (keyof TaskOptions)[];
const KNOWN_RETRY = ["attempts", "backoff", "base", "min", "cap", "when"] as const;

/**
 * Settles a task's options: defaults filled in, durations in milliseconds.
 *
 * @param task `where` is the handler's place, for errors: `"SendMail.run"`; `source` the text of its code, by
 *   default that of `run`
 * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`,
 *   `STEM_DURATION_INVALID`, each naming the task and its place
 */
export function defineTask(
  {
    source,
    ...task
  }: {
    readonly name: string;
    readonly kind: "task" | "workflow";
    readonly where: string;
    readonly run: TaskDefinition["run"];
    readonly source?: string;
  },
  options: TaskOptions = {},
): TaskDefinition {
  const of = `of ${task.kind} "${task.name}" (${task.where})`;
  checkName(task.name, `${task.kind} name (${task.where})`);
  refuseUnknown(options, KNOWN, of);
  const queue = options.queue ?? DEFAULT_QUEUE;
  checkName(queue, `queue ${of}`);
  const priority = options.priority ?? JOB_DEFAULTS.priority;
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= 9)) {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The priority ${of} is ${String(priority)}.`,
      "Give a whole number from 0 to 9; the higher goes first.",
    );
  }
  const { validate = true } = options;
  if (typeof validate !== "boolean")
    throw new OptionError("STEM_OPTION_INVALID", `The validate ${of} is ${shown(validate)}.`, "Give false, or leave it out.");
  return {
    ...task,
    queue,
    priority,
    retry: retryPolicy(options.retry, of),
    timeoutMs: options.timeout === undefined ? undefined : positive(toMs(options.timeout, `timeout ${of}`), `timeout ${of}`),
    keepResultMs: options.keepResult === undefined ? JOB_DEFAULTS.keepResultMs : toMs(options.keepResult, `keepResult ${of}`),
    keepFailedMs: options.keepFailed === undefined ? JOB_DEFAULTS.keepFailedMs : toMs(options.keepFailed, `keepFailed ${of}`),
    input: schemaOf(options.input, `input ${of}`),
    output: schemaOf(options.output, `output ${of}`),
    validate,
    code: digestOf(source ?? String(task.run)),
  };
}

/** Enough to tell versions of code apart. */
export function digestOf(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 8);
}

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

/** @throws {OptionError} `STEM_NAME_INVALID` */
export function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name === "string" && NAME.test(name)) return;
  throw new OptionError(
    "STEM_NAME_INVALID",
    `The ${what} is ${shown(name)}.`,
    'Use letters, digits, "_" and "-", in parts joined by dots, up to 120 characters: "mail.send".',
  );
}

function positive(ms: number, what: string): number {
  if (ms > 0) return ms;
  throw new OptionError("STEM_DURATION_INVALID", `The ${what} is 0.`, "Give more than 0, or leave it out for no limit.");
}

function schemaOf(schema: TaskOptions["input"], what: string): TaskOptions["input"] {
  if (schema === undefined || typeof schema["~standard"]?.validate === "function") return schema;
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `The ${what} is not a schema.`,
    'Give a Standard Schema: a zod, valibot or arktype schema, or an object with "~standard".validate.',
  );
}
