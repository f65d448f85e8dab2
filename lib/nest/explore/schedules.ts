import type { StemError } from "../../contract/errors.js";
import type { ScheduleDefinition } from "../../core/beat/beat.js";
import { checkCron } from "../../core/beat/cron.js";
import { checkHeaders } from "../../core/job/headers.js";
import { checkName } from "../../core/task/define.js";
import { retryHeader } from "../../core/task/retry-header.js";
import { toMs } from "../../core/task/duration.js";
import type { TaskDefinition } from "../../core/task/task.js";
import { problemOf } from "../boot-error.js";
import type { CronOptions } from "../decorators/cron.js";
import type { OwnedMark } from "../decorators/marks.js";
import { unknownOf } from "../options.js";
import { DEFAULT_INSTANCE } from "../tokens.js";
import { defineMarked, nameOf, type Defined, type Of } from "./define.js";
import type { Source } from "./resolver.js";

const KNOWN = [
  "name",
  "timeZone",
  "instance",
  "payload",
  "queue",
  "priority",
  "expiresIn",
  "keepResult",
  "keepFailed",
  "retry",
  "headers",
] as const satisfies readonly (keyof CronOptions | "payload")[];

const scheduledOnly = new WeakSet<TaskDefinition>();

/**
 * Of a method that carries `@Cron` and nothing else: nobody enqueues it but its schedule, and no client has
 * it.
 */
export function isScheduledOnly(task: TaskDefinition): boolean {
  return scheduledOnly.has(task);
}

/** A schedule, and the task made of its method unless another decorator made one. */
export interface Scheduled {
  readonly schedules: readonly Of<ScheduleDefinition>[];
  readonly tasks: readonly Of<TaskDefinition>[];
  readonly problems: readonly StemError[];
}

/**
 * Makes the schedule that a `@Cron` stands for.
 *
 * @param where its handler, for people
 * @param given the mark that makes the same method (or class) a task or workflow, if there is one
 */
export function scheduleOf(mark: OwnedMark, where: string, given: OwnedMark | undefined, source: Source): Scheduled {
  const { name, timeZone = "UTC", instance, payload, ...said } = mark.options as CronOptions & { readonly payload?: unknown };
  const of = `of @Cron on ${where}`;
  const { queue, priority, expiresIn, keepResult, keepFailed, retry, headers } = said;
  const task: Defined<TaskDefinition> =
    given === undefined
      ? defineMarked(mark, where, source, defined({ queue, priority, keepResult, keepFailed }), instance)
      : { made: [], problems: [] };
  for (const { definition } of task.made) scheduledOnly.add(definition);
  const problems: readonly (StemError | undefined)[] = [
    ...unknownOf(mark.options, KNOWN, of),
    problemOf(() => checkCron(mark.text, timeZone, of)),
    name === undefined ? undefined : problemOf(() => checkName(name, `schedule name ${of}`)),
    queue === undefined || given === undefined ? undefined : problemOf(() => checkName(queue, `queue ${of}`)),
    ...Object.entries({ expiresIn, keepResult, keepFailed }).map(([key, value]) =>
      value === undefined ? undefined : problemOf(() => void toMs(value, `${key} ${of}`)),
    ),
    retry === undefined ? undefined : problemOf(() => void retryHeader(retry, of)),
    headers === undefined ? undefined : problemOf(() => void checkHeaders(headers, of)),
    ...task.problems,
  ];
  const definition: ScheduleDefinition = {
    id: name ?? nameOf(given ?? mark),
    where,
    cron: String(mark.text),
    timeZone,
    task: nameOf(given ?? mark),
    ...(payload !== undefined && { payload }),
    options: defined({ queue, priority, expiresIn, keepResult, keepFailed, retry, headers }),
  };
  const owner = (given?.options as { readonly instance?: string } | undefined)?.instance ?? instance ?? DEFAULT_INSTANCE;
  return { schedules: [{ instance: owner, definition }], tasks: task.made, problems: problems.filter((one) => one !== undefined) };
}

/** The same without keys that are undefined. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
