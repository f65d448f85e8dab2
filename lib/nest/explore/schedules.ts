import type { StemError } from "../../contract/errors.js";
import type { ScheduleDefinition } from "../../core/beat/beat.js";
import { checkCron } from "../../core/beat/cron.js";
import { checkName } from "../../core/task/define.js";
import { type OptionName, OPTIONS, SCHEDULE_OPTIONS, SCHEDULE_OPTIONS_OF_TASKS, type ScheduleOptions } from "../../core/task/options.js";
import type { TaskDefinition } from "../../core/task/task.js";
import { problemOf } from "../boot-error.js";
import type { CronOptions } from "../decorators/cron.js";
import type { OwnedMark } from "../decorators/marks.js";
import { unknownOf } from "../options.js";
import { DEFAULT_INSTANCE } from "../tokens.js";
import { defineMarked, nameOf, type Defined, type Of } from "./define.js";
import type { Source } from "./resolver.js";

/** What may be said of the jobs of a schedule; its time zone goes with its expression. */
const OF_JOBS = SCHEDULE_OPTIONS.filter((name) => name !== "timeZone");
const KNOWN: readonly string[] = ["name", "instance", "payload", "timeZone", ...OF_JOBS];

const scheduledOnly = new WeakSet<TaskDefinition>();

/** Whether a method carries `@Cron` and nothing else: only its schedule enqueues it, and no client has it. */
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
 * Makes the schedule of a `@Cron`.
 *
 * @param where its handler, for messages
 * @param given the mark that makes the same method (or class) a task or workflow, if there is one
 */
export function scheduleOf(mark: OwnedMark, where: string, given: OwnedMark | undefined, source: Source): Scheduled {
  const { name, timeZone = "UTC", instance, payload, ...said } = mark.options as CronOptions & { readonly payload?: unknown };
  const of = `of @Cron on ${where}`;
  const task: Defined<TaskDefinition> =
    given === undefined
      ? defineMarked(mark, where, source, defined(said, SCHEDULE_OPTIONS_OF_TASKS), instance)
      : { made: [], problems: [] };
  for (const { definition } of task.made) scheduledOnly.add(definition);
  // What the task made of it has been asked for is not asked for twice.
  const left = given === undefined ? OF_JOBS.filter((option) => !SCHEDULE_OPTIONS_OF_TASKS.includes(option)) : OF_JOBS;
  const problems: readonly (StemError | undefined)[] = [
    ...unknownOf(mark.options, KNOWN, of),
    problemOf(() => checkCron(mark.text, timeZone, of)),
    name === undefined ? undefined : problemOf(() => checkName(name, `schedule name ${of}`)),
    ...Object.entries(defined(said, left)).map(([option, value]) =>
      problemOf(() => void (OPTIONS[option as OptionName].parse as (value: unknown, of: string) => unknown)(value, of)),
    ),
    ...task.problems,
  ];
  const definition: ScheduleDefinition = {
    id: name ?? nameOf(given ?? mark),
    where,
    cron: String(mark.text),
    timeZone,
    task: nameOf(given ?? mark),
    ...(payload !== undefined && { payload }),
    options: defined(said, OF_JOBS),
  };
  const owner = (given?.options as { readonly instance?: string } | undefined)?.instance ?? instance ?? DEFAULT_INSTANCE;
  return { schedules: [{ instance: owner, definition }], tasks: task.made, problems: problems.filter((one) => one !== undefined) };
}

/** Those of some options that are given. */
function defined(options: CronOptions, names: readonly OptionName[]): Pick<ScheduleOptions, keyof CronOptions & keyof ScheduleOptions> {
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => value !== undefined && names.includes(key as OptionName)));
}
