import { DEFAULT_QUEUE } from "../../core/task/define.js";
import { msOf } from "../../core/task/duration.js";
import { markRef } from "../../core/task/ref.js";
import type { TaskContext } from "../../core/task/task.js";
import { defaultName } from "../names.js";
import { injectable, mark, spoken } from "./marks.js";
import type { HandlerDecorator, HandlerOptions, NamedHandlerOptions } from "./types.js";

/**
 * Makes a class with a method `run(payload, context?)`, or a single method, the handler of a task.
 *
 * The name defaults to the class, its first letter lowered (`SendMail` → `"sendMail"`), and the method, if it
 * is on one (`"mailTasks.welcome"`). The decorator only marks: a mistake stops the boot, in one report with
 * all others.
 *
 * ```ts
 * @Task("mail.send", { queue: "mail", retry: 5, timeout: "30s" })
 * export class SendMail {
 *   constructor(private readonly mailer: Mailer) {}
 *   run(input: SendMailInput, ctx: TaskContext): Promise<Receipt> { … }
 * }
 * ```
 */
export function Task(name?: string, options?: HandlerOptions): HandlerDecorator<TaskContext>;
export function Task(options: NamedHandlerOptions): HandlerDecorator<TaskContext>;
export function Task(first?: string | NamedHandlerOptions, second?: HandlerOptions): HandlerDecorator<TaskContext> {
  return handlerDecorator("Task", spoken(first, second));
}

/** Both forms of `@Task`, and the one of `@Workflow`. */
export function handlerDecorator(by: "Task" | "Workflow", said: ReturnType<typeof spoken>) {
  return (target: object, key?: string | symbol): void => {
    mark(target, key, { by, ...said });
    if (key === undefined) injectable(target);
    if (typeof key === "symbol" || (key !== undefined && typeof target === "function")) return;
    const owner = key === undefined ? target : target.constructor;
    const { queue, priority, keepResult, keepFailed } = said.options;
    // The boot refuses what is not a duration.
    const [keepResultMs, keepFailedMs] = [msOf(keepResult), msOf(keepFailed)];
    markRef(owner, key ?? "run", {
      name: typeof said.text === "string" ? said.text : defaultName((owner as { readonly name: string }).name, key),
      queue: typeof queue === "string" ? queue : DEFAULT_QUEUE,
      ...(typeof priority === "number" && { priority }),
      ...(keepResultMs !== undefined && { keepResultMs }),
      ...(keepFailedMs !== undefined && { keepFailedMs }),
    });
  };
}
