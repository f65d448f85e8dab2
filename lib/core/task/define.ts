import { createHash } from "node:crypto";
import { JOB_DEFAULTS } from "../../contract/fields.js";
import { refuseUnknown } from "../../contract/options.js";
import { checkName } from "./name.js";
import { OPTIONS, TASK_OPTIONS } from "./options.js";
import { retryPolicy } from "./retry.js";
import type { TaskDefinition, TaskOptions } from "./task.js";

export { checkName, refuseUnknown, retryPolicy };

export const DEFAULT_QUEUE = "default";

/**
 * Completes a task's options: defaults filled in, durations in milliseconds.
 *
 * @param task `where` is the handler's place, for errors: `"SendMail.run"`; `source` the text of its code, by
 * default that of `run`
 * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`,
 * `STEM_DURATION_INVALID`, each naming the task and its place
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
  refuseUnknown(options, TASK_OPTIONS, of);
  const { queue, priority, retry, timeout, keepResult, keepFailed, input, output, validate } = OPTIONS;
  return {
    ...task,
    queue: queue.forTask(options.queue ?? DEFAULT_QUEUE, of),
    priority: priority.forTask(options.priority ?? JOB_DEFAULTS.priority, of),
    retry: retry.forTask(options.retry, of),
    timeoutMs: options.timeout === undefined ? undefined : timeout.forTask(options.timeout, of),
    keepResultMs: options.keepResult === undefined ? JOB_DEFAULTS.keepResultMs : keepResult.forTask(options.keepResult, of),
    keepFailedMs: options.keepFailed === undefined ? JOB_DEFAULTS.keepFailedMs : keepFailed.forTask(options.keepFailed, of),
    input: options.input === undefined ? undefined : input.forTask(options.input, of),
    output: options.output === undefined ? undefined : output.forTask(options.output, of),
    validate: options.validate === undefined || validate.forTask(options.validate, of),
    code: digestOf(source ?? String(task.run)),
  };
}

/** A digest that differs between versions of code. */
export function digestOf(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 8);
}
