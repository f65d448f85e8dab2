import type { StepOptions } from "../../core/context/workflow.js";
import { currentRun } from "../../core/workflow/current.js";
import { mark, spoken, type Handled, type OwnedMark } from "./marks.js";

/** Options of `@Step` with the name among them. */
export interface NamedStepOptions extends StepOptions {
  /** Its name in the journal. Default: the method's name. */
  readonly name?: string;
}

/** Goes on a method that returns a promise. */
export type StepDecorator = <M extends (...args: never[]) => Promise<unknown>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Makes a method of a `@Workflow` class a step.
 * Called within a run it is journaled, and never runs again once it has returned. A second call in the same
 * run is a second step (`charge#2`). Called outside a run, from a test or another service, it is a plain
 * method.
 *
 * The step in flight at a crash runs again: pass `currentStep().idempotencyKey` to services that must not act
 * twice.
 */
export function Step(name: string, options?: StepOptions): StepDecorator;
export function Step(options?: NamedStepOptions): StepDecorator;
export function Step(first?: string | NamedStepOptions, second?: StepOptions): StepDecorator {
  const said = spoken(first, second);
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor) => {
    mark(target, key, { by: "Step", ...said });
    if (typeof descriptor?.value !== "function") return;
    descriptor.value = steppedOf(descriptor.value as Plain, typeof said.text === "string" ? said.text : String(key), said.options);
  };
}

/**
 * Makes an override of a step without `@Step` a step too: it would run at each replay if not journaled.
 * `super.charge()` in it is part of the step. Called at boot, for each class that handles jobs.
 */
export function keepStep(type: Handled, { owner, method, text, options }: OwnedMark): void {
  for (let at = type; at !== owner; at = Object.getPrototypeOf(at) as Handled) {
    const own = Object.getOwnPropertyDescriptor(at.prototype as object, String(method));
    if (typeof own?.value !== "function" || !own.configurable) continue;
    const value = own.value as Plain & { readonly [STEPPED]?: true };
    if (value[STEPPED] === true) continue;
    Object.defineProperty(at.prototype, String(method), { ...own, value: steppedOf(value, text ?? String(method), options) });
  }
}

/** On methods that are steps. A registered symbol, so that two copies of this package see each other's. */
const STEPPED = Symbol.for("nestjs-stem:stepped");

type Plain = (...args: unknown[]) => Promise<unknown>;

function steppedOf(plain: Plain, name: string, options: StepOptions): Plain {
  const stepped = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const run = currentRun();
    return run === undefined ? plain.apply(this, args) : run.step(name, () => plain.apply(this, args), options);
  };
  return Object.defineProperty(dressedAs(stepped, plain), STEPPED, { value: true });
}

/** Gives `cover` the name, arity and metadata of what it covers, for tools that look at the method. */
function dressedAs<F extends object>(cover: F, plain: object): F {
  for (const property of ["name", "length"] as const)
    Object.defineProperty(cover, property, { ...Object.getOwnPropertyDescriptor(plain, property), configurable: true });
  for (const key of Reflect.getOwnMetadataKeys(plain)) Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, plain), cover);
  return cover;
}
