import "reflect-metadata";
import { Injectable } from "@nestjs/common";

/**
 * Where a class keeps its marks.
 * A registered symbol, so that two copies of this package see each other's.
 */
const MARKS = Symbol.for("nestjs-stem:marks");

/** The metadata that Nest leaves on a class with `@Injectable()`. */
const INJECTABLE = "__injectable__";

/**
 * The arguments of one decorator, unchecked.
 * The boot checks all marks together and reports every mistake at once.
 */
export interface Mark {
  readonly by: "Task" | "Workflow" | "Step" | "Cron";
  /** The method it is on; undefined for the class itself. */
  readonly method: string | symbol | undefined;
  readonly isStatic: boolean;
  /** The name given, if any; for a `@Cron` its expression. */
  readonly text: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A mark with the class whose source carries it, which may be a parent of the provider's class. */
export interface OwnedMark extends Mark {
  readonly owner: Handled;
}

/** A class, seen as something that may carry marks. */
export type Handled = abstract new (...args: never[]) => unknown;

/**
 * Records a decorator.
 * `target` and `key` come from TypeScript: a class alone, or a prototype (or class, if static) and a key.
 */
export function mark(target: object, key: string | symbol | undefined, said: Pick<Mark, "by" | "text" | "options">): void {
  const onStatic = key !== undefined && typeof target === "function";
  const owner = (key === undefined || onStatic ? target : target.constructor) as Handled;
  const own = ownMarks(owner);
  Reflect.defineMetadata(MARKS, [...own, { ...said, options: { ...said.options }, method: key, isStatic: onStatic }], owner);
}

/** Marks written on the class itself. */
export function ownMarks(owner: Handled): readonly Mark[] {
  return (Reflect.getOwnMetadata(MARKS, owner) as readonly Mark[] | undefined) ?? [];
}

/**
 * All marks that count for a class: its own, and those it inherits and does not repeat.
 * A class that extends a task is that task, too, unless it has `@Task` or `@Workflow` itself: then it is
 * another one, and the parent's mark does not count.
 */
export function marksOf(type: Handled): readonly OwnedMark[] {
  const found: OwnedMark[] = ownMarks(type).map((one) => ({ ...one, owner: type }));
  for (let parent = parentOf(type); parent !== undefined; parent = parentOf(parent)) {
    const owner = parent;
    const known = [...found];
    const another = known.some(isHandlerClass);
    found.push(
      ...ownMarks(owner)
        .filter(({ method }) => method !== undefined || !another)
        .filter(({ by, method }) => !known.some((one) => one.by === by && one.method === method))
        .map((one) => ({ ...one, owner })),
    );
  }
  return found;
}

/** Whether a mark makes its class a task or a workflow. */
export function isHandlerClass({ by, method }: Mark): boolean {
  return method === undefined && (by === "Task" || by === "Workflow");
}

/**
 * Makes a class injectable unless it, or a parent, has `@Injectable()`: its scope must not be overwritten.
 */
export function injectable(target: object): void {
  if (!Reflect.hasMetadata(INJECTABLE, target)) Injectable()(target as never);
}

/**
 * Splits the two ways to call `@Task` and the like.
 * They are `(name?, options?)` and `(options with the name among them)`.
 */
export function spoken(
  first: string | object | undefined,
  second: object | undefined,
): { readonly text: string | undefined; readonly options: Readonly<Record<string, unknown>> } {
  if (typeof first !== "object" || first === null) return { text: first, options: { ...second } };
  const { name, ...options } = first as { name?: string } & Record<string, unknown>;
  return { text: name, options };
}

function parentOf(type: Handled): Handled | undefined {
  const parent = Object.getPrototypeOf(type) as Handled | null;
  return parent === null || parent === Function.prototype ? undefined : parent;
}
