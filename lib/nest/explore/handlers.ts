import type { StemError } from "../../contract/errors.js";
import type { ScheduleDefinition } from "../../core/beat/beat.js";
import { refuseUnknown, retryPolicy } from "../../core/task/define.js";
import { toMs } from "../../core/task/duration.js";
import type { TaskDefinition, TaskOptions } from "../../core/task/task.js";
import type { StepOptions } from "../../core/context/workflow.js";
import { problemOf } from "../boot-error.js";
import type { Handled, OwnedMark } from "../decorators/marks.js";
import { keepStep } from "../decorators/step.js";
import type { Candidate } from "./candidates.js";
import { defineMarked, methodOf, type Of } from "./define.js";
import { enhancerMisuses, misuseOf, placeInstead, placeOf, standInMisuse } from "./misuse.js";
import type { Source } from "./resolver.js";
import { scheduleOf } from "./schedules.js";

/** The content of one class, and its mistakes. */
export interface Found {
  readonly tasks: Of<TaskDefinition>[];
  readonly schedules: Of<ScheduleDefinition>[];
  readonly problems: StemError[];
}

/** Turns the marks of one class into definitions. */
export function handlersOf({ type, marks, standIn }: Candidate, source: Source): Found {
  const found: Found = { tasks: [], schedules: [], problems: [] };
  const methods = new Set<string>();
  for (const mark of marks) {
    const misuse = misuseOf(type, mark, marks) ?? (standIn === undefined ? undefined : standInMisuse(type, mark, standIn));
    if (misuse !== undefined) found.problems.push(misuse);
    else if (mark.by === "Step") {
      found.problems.push(...stepProblems(type, mark));
      keepStep(type, mark);
    } else {
      const method = methodOf(mark);
      const where = standIn === undefined ? placeOf(type, { ...mark, method }) : placeInstead(type, method, standIn);
      methods.add(method);
      if (mark.by === "Cron") addSchedule(found, mark, where, marks, source);
      else {
        const { instance, ...options } = mark.options as TaskOptions & { readonly instance?: string };
        const { made, problems } = defineMarked(mark, where, source, options, instance, String((standIn ?? { type }).type));
        found.tasks.push(...made);
        found.problems.push(...problems);
      }
    }
  }
  const handler = standIn === undefined ? type : standIn.type;
  if (handler !== undefined) for (const method of methods) found.problems.push(...enhancerMisuses(handler, method));
  return found;
}

function addSchedule(found: Found, mark: OwnedMark, where: string, marks: readonly OwnedMark[], source: Source): void {
  const given = marks.find(({ by, method }) => (by === "Task" || by === "Workflow") && method === mark.method);
  const { schedules, tasks, problems } = scheduleOf(mark, where, given, source);
  found.schedules.push(...schedules);
  found.problems.push(...problems);
  // Two schedules on one plain method make one task of it.
  const known = new Set(found.tasks.map(({ definition }) => definition.where));
  found.tasks.push(...tasks.filter(({ definition }) => !known.has(definition.where)));
}

function stepProblems(type: Handled, mark: OwnedMark): readonly StemError[] {
  const of = `of step "${mark.text ?? String(mark.method)}" (${placeOf(type, mark)})`;
  const { retry, timeout } = mark.options as StepOptions;
  return [
    problemOf(() => refuseUnknown(mark.options, ["retry", "timeout"] satisfies (keyof StepOptions)[], of)),
    problemOf(() => void retryPolicy(retry, of)),
    timeout === undefined ? undefined : problemOf(() => void toMs(timeout, `timeout ${of}`)),
  ].filter((problem) => problem !== undefined);
}
