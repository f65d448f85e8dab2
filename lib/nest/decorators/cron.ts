import type { EnqueueOptions } from "../../core/task/options.js";
import { DEFAULT_QUEUE } from "../../core/task/define.js";
import { markRef } from "../../core/task/ref.js";
import type { TaskContext } from "../../core/task/task.js";
import type { WorkflowContext } from "../../core/context/workflow.js";
import { defaultName } from "../names.js";
import { mark, marksOf, type Handled } from "./marks.js";

/** Options of `@Cron`, but for the payload. */
export interface CronOptions extends Pick<
  EnqueueOptions,
  "queue" | "priority" | "expiresIn" | "keepResult" | "keepFailed" | "retry" | "headers"
> {
  /** The schedule's name, unique in the instance. Default: the task's name. */
  readonly name?: string;
  /** IANA name, such as `"Europe/Berlin"`. Default `"UTC"`. */
  readonly timeZone?: string;
  /** The instance of Stem it belongs to, for a method without `@Task`. Default: that of the task. */
  readonly instance?: string;
}

/** Goes on a handler of payload `P`: a `@Task` or `@Workflow` class, or a provider method. */
export interface CronDecorator<P> {
  (target: abstract new (...args: never[]) => { run: (payload: P, context: TaskContext & WorkflowContext) => unknown }): void;
  <M extends (payload: P, context: TaskContext) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void;
}

/** A payload as it was written, but not frozen: lists in it fit parameters that are plain lists. */
export type Written<P> = P extends (...args: never[]) => unknown ? P : P extends object ? { -readonly [K in keyof P]: Written<P[K]> } : P;

/**
 * Enqueues a task or workflow by the clock: once per slot, however many processes run.
 * Five fields, or six with seconds first.
 *
 * On a `@Task` or `@Workflow` class or a `@Task` method it enqueues that; on any other provider method the
 * method becomes a task of the default name. It may stand several times on one handler, if all but one
 * schedule get a name.
 *
 * ```ts
 * @Cron("0 9 * * *", { timeZone: "Europe/Berlin", payload: { kind: "daily" } })
 * ```
 */
export function Cron<const P>(expression: string, options: CronOptions & { readonly payload: P }): CronDecorator<Written<P>>;
export function Cron(expression: string, options?: CronOptions): CronDecorator<undefined>;
export function Cron(expression: string, options: CronOptions & { readonly payload?: unknown } = {}): CronDecorator<never> {
  return (target: object, key?: string | symbol): void => {
    mark(target, key, { by: "Cron", text: expression, options: { ...options } });
    if (typeof key !== "string" || typeof target === "function") return;
    const owner = target.constructor as Handled;
    // A method that is a task by name keeps that name, in any order of the decorators.
    if (marksOf(owner).some((one) => one.by === "Task" && one.method === key)) return;
    markRef(owner, key, { name: defaultName(owner.name, key), queue: options.queue ?? DEFAULT_QUEUE });
  };
}
