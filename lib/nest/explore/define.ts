import type { StemError } from "../../contract/errors.js";
import { defineTask } from "../../core/task/define.js";
import type { TaskDefinition, TaskOptions } from "../../core/task/task.js";
import { problemOf } from "../boot-error.js";
import type { OwnedMark } from "../decorators/marks.js";
import { defaultName } from "../names.js";
import { DEFAULT_INSTANCE } from "../tokens.js";
import { runOf, type Source } from "./resolver.js";

/** A definition, with the instance of Stem it belongs to. */
export interface Of<T> {
  readonly instance: string;
  readonly definition: T;
}

/** One definition, or its mistakes. */
export type Defined<T> = { readonly made: readonly Of<T>[]; readonly problems: readonly StemError[] };

/**
 * Makes the task or workflow of a mark, with all mistakes in its options rather than the first.
 * `code` is the source of the class.
 */
export function defineMarked(
  mark: OwnedMark,
  where: string,
  source: Source,
  options: TaskOptions,
  instance: string | undefined,
  code?: string,
): Defined<TaskDefinition> {
  const method = methodOf(mark);
  const task = {
    name: nameOf(mark),
    kind: mark.by === "Workflow" ? "workflow" : "task",
    where,
    run: runOf(source, method, where),
    ...(code !== undefined && { source: code }),
  } as const;
  const made: Of<TaskDefinition>[] = [];
  const whole = problemOf(() => void made.push({ instance: instance ?? DEFAULT_INSTANCE, definition: defineTask(task, options) }));
  if (whole === undefined) return { made, problems: [] };
  // The check stops at the first mistake; one option at a time finds them all, under the default name if the
  // given one is wrong itself.
  const named = problemOf(() => void defineTask(task)) === undefined ? task : { ...task, name: nameOf({ ...mark, text: undefined }) };
  const each = Object.entries(options)
    .map(([key, value]) => problemOf(() => void defineTask(named, { [key]: value as unknown } as TaskOptions)))
    .filter((one) => one !== undefined);
  return { made: [], problems: [...new Map([whole, ...each].map((one) => [one.message, one])).values()] };
}

/** The method that handles: for a mark on a class it is `run`. */
export function methodOf(mark: OwnedMark): string {
  return mark.method === undefined ? "run" : String(mark.method);
}

/** The task name of the marked handler. */
export function nameOf(mark: OwnedMark): string {
  if (mark.by !== "Cron" && mark.text !== undefined) return mark.text;
  return defaultName(mark.owner.name, mark.method === undefined ? undefined : String(mark.method));
}
