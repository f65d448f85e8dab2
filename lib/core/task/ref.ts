import { StemError } from "../../contract/errors.js";

/**
 * Names a task or workflow together with the types of its payload and result.
 * Made by decorators, generated clients and `taskOf`.
 */
export interface TaskRef<I = unknown, O = unknown> {
  readonly name: string;
  /** The queue for jobs of a producer without the handler. */
  readonly queue?: string;
  readonly priority?: number;
  /** How long its records are kept; milliseconds. */
  readonly keepResultMs?: number;
  readonly keepFailedMs?: number;
  /** Types only, never present. */
  readonly "~types"?: { readonly input: I; readonly output: O };
}

/** A class with a `run` method, decorated with `@Task` or `@Workflow`. */
export type HandlerClass<I = never, O = unknown> = abstract new (...args: never[]) => { run(input: I, context?: never): O };

/** What may be enqueued: a ref or generated client, a decorated class, or a registered name (untyped). */
export type Target = string | TaskRef | HandlerClass;

/** First parameter of method `M` of class instance `C`; `void` if it takes none. */
export type InputOf<C, M extends keyof C> = C[M] extends (...args: infer A) => unknown ? (A extends [] ? void : A[0]) : never;

/** The result of method `M` of class instance `C`, without its promise. */
export type OutputOf<C, M extends keyof C> = C[M] extends (...args: never[]) => infer R
  ? Exclude<Awaited<R>, import("./task.js").Snooze>
  : never;

/** Payload type of a target; `unknown` for a bare name. */
export type InputFor<T> = T extends string
  ? unknown
  : T extends { readonly "~types"?: { readonly input: infer I } }
    ? I
    : T extends abstract new (...args: never[]) => infer C
      ? C extends { run: unknown }
        ? InputOf<C, "run">
        : Refused<"This class has no method run: give taskOf(TheClass, 'method')">
      : never;

/** A parameter that no argument fits, so that the compiler shows the reason. */
export interface Refused<Why extends string> {
  readonly "~refused": Why;
}

/** As `InputFor`, for `enqueue`, which takes no workflow. */
export type EnqueueInputFor<T> = "workflow" extends KindFor<T> ? Refused<"This is a workflow: stem.start(…) starts it"> : InputFor<T>;

/** As `InputFor`, for `start`, which takes no task. */
export type StartInputFor<T> = "task" extends KindFor<T> ? Refused<"This is a task: stem.enqueue(…) enqueues it"> : InputFor<T>;

/** The kind of a target by its type: of a class by its context, of a client by its methods. */
type KindFor<T> = T extends abstract new (...args: never[]) => { run(payload: never, context: infer X): unknown }
  ? unknown extends X
    ? "either"
    : X extends { snooze: unknown }
      ? "task"
      : X extends { waitFor: unknown }
        ? "workflow"
        : "either"
  : T extends { readonly "~types"?: unknown; start: unknown }
    ? "workflow"
    : T extends { readonly "~types"?: unknown; enqueue: unknown }
      ? "task"
      : "either";

/** Result type of a target; `unknown` for a bare name. */
export type OutputFor<T> = T extends string
  ? unknown
  : T extends { readonly "~types"?: { readonly output: infer O } }
    ? O
    : T extends abstract new (...args: never[]) => infer C
      ? C extends { run: unknown }
        ? OutputOf<C, "run">
        : never
      : never;

/**
 * Where decorators leave a class's ref: on the class for `run`, and for marked methods under their key.
 * A registered symbol, so that two copies of this package read each other's.
 */
const REFS = Symbol.for("nestjs-stem:refs");

/** Records that `method` of `owner` handles `ref`. Called by decorators. */
export function markRef(owner: object, method: string, ref: TaskRef): void {
  const own = Object.hasOwn(owner, REFS) ? (owner as { [REFS]: Record<string, TaskRef> })[REFS] : {};
  Object.defineProperty(owner, REFS, { value: { ...own, [method]: ref }, configurable: true });
}

/**
 * The ref of a decorated method, for tasks that are methods:
 * `stem.enqueue(taskOf(MailTasks, "welcome"), { to })`.
 *
 * @throws {StemError} `STEM_NOT_A_TASK`
 */
export function taskOf<C, M extends keyof C & string>(
  owner: abstract new (...args: never[]) => C,
  method: M,
): TaskRef<InputOf<C, M>, OutputOf<C, M>> {
  const ref = markedRef(owner, method);
  if (ref === undefined) {
    throw new StemError(
      "STEM_NOT_A_TASK",
      `${owner.name}.${method} is not a task.`,
      method === "run" ? `Decorate class ${owner.name} with @Task() or @Workflow().` : `Decorate the method with @Task().`,
    );
  }
  return ref as TaskRef<InputOf<C, M>, OutputOf<C, M>>;
}

/**
 * The ref of the class itself, or of the nearest parent that marks the method.
 * A class inherits the marks that it does not repeat.
 */
function markedRef(owner: object, method: string): TaskRef | undefined {
  for (let at: object | null = owner; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const refs = Object.hasOwn(at, REFS) ? (at as { [REFS]: Record<string, TaskRef> })[REFS] : undefined;
    if (refs !== undefined && Object.hasOwn(refs, method)) return refs[method];
  }
  return undefined;
}

/**
 * Turns any target into a ref. A bare name becomes a ref without a queue.
 * @throws {StemError} `STEM_NOT_A_TASK`
 */
export function refOf(target: Target): TaskRef {
  if (typeof target === "string") return { name: target };
  if (typeof target === "function") return taskOf(target, "run") as TaskRef;
  if (typeof target !== "object" || target === null || isInstance(target)) throw noTask(target);
  return target;
}

/** Whether it is an instance of a class, without the name that a ref has. */
function isInstance(target: object): boolean {
  if (typeof (target as { readonly name?: unknown }).name === "string") return false;
  const type: unknown = target.constructor;
  return typeof type === "function" && type.name !== "Object";
}

/** The error, with the remedy. A class is undefined while files that import each other in a circle load. */
function noTask(given: unknown): StemError {
  if (typeof given === "object" && given !== null) {
    const { name } = given.constructor;
    const hint =
      markedRef(given.constructor, "run") === undefined
        ? `Give a class that carries @Task(), a generated client, or a task's name.`
        : `Give the class: ${name}.`;
    return new StemError("STEM_NOT_A_TASK", `What was enqueued is an instance of ${name}, not a task.`, hint);
  }
  return new StemError(
    "STEM_NOT_A_TASK",
    `What was enqueued is ${String(given)}, not a task.`,
    given === undefined || given === null
      ? "Is the class imported in a circle? Import it from its own file."
      : "Give a class that carries @Task() or @Workflow(), a generated client, or a task's name.",
  );
}
