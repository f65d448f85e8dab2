import { StemError } from "../../contract/errors.js";
import type { Handled, OwnedMark } from "../decorators/marks.js";
import type { StandIn } from "./candidates.js";

/** The metadata of `@UseGuards` and similar decorators of Nest. */
const ENHANCERS = {
  __guards__: "guards",
  __interceptors__: "interceptors",
  __pipes__: "pipes",
  __exceptionFilters__: "exception filters",
} as const;

/** The place of a mark, for messages: `SendMail`, `SendMail.run`, `static Tools.clean`. */
export function placeOf(type: Handled, { method, isStatic }: Pick<OwnedMark, "method" | "isStatic">): string {
  if (method === undefined) return type.name;
  return `${isStatic ? "static " : ""}${type.name}${typeof method === "symbol" ? `[${String(method)}]` : `.${method}`}`;
}

/** The place of a handler in place of a marked class: `FakeMail.run, in place of SendMail`. */
export function placeInstead(type: Handled, method: string, standIn: StandIn): string {
  return standIn.type === undefined
    ? `${type.name}.${method}, ${standIn.what} in its place`
    : `${standIn.type.name}.${method}, in place of ${type.name}`;
}

/** A provider in place of a class needs the marked methods; without them its jobs would wait for ever. */
export function standInMisuse(type: Handled, mark: OwnedMark, { what, has }: StandIn): StemError | undefined {
  const method = mark.method === undefined ? "run" : String(mark.method);
  if (mark.by === "Step" || has(method)) return undefined;
  const asks = mark.method === undefined ? `@${mark.by} on class ${type.name} calls` : `@${mark.by} on ${placeOf(type, mark)} calls`;
  return new StemError(
    "STEM_RUN_MISSING",
    `What is provided for ${type.name} (${what}) has no method ${method}, which ${asks}.`,
    `Give it one, also in a test: { provide: ${type.name}, useValue: { ${method}: async () => {} } }. Or provide a class that has ${method}(payload, context?).`,
  );
}

/** A decorator stands where it cannot work. */
export function misplaced(what: string, remedy: string): StemError {
  return new StemError("STEM_DECORATOR_MISPLACED", what, remedy);
}

/**
 * All marks of a controller are wrong.
 * Nest uses controllers for requests, and ignores their guards elsewhere.
 */
export function controllerMisuses(type: Handled, marks: readonly OwnedMark[]): readonly StemError[] {
  return marks.map((one) =>
    misplaced(
      `@${one.by} is on ${placeOf(type, one)}, and ${type.name} is a controller.`,
      "Move it to a provider; let the controller enqueue it.",
    ),
  );
}

/** The mistake in the place of one mark, by the other marks of its class. */
export function misuseOf(type: Handled, mark: OwnedMark, all: readonly OwnedMark[]): StemError | undefined {
  const place = placeOf(type, mark);
  const name = `@${mark.by}`;
  const classMark = all.find(({ by, method }) => method === undefined && (by === "Task" || by === "Workflow"));
  if (mark.method === undefined) return classMisuse(type, mark, classMark);
  if (mark.isStatic)
    return misplaced(`${name} is on ${place}, a static method.`, "Make it a method of the instance: Nest injects instances.");
  if (typeof mark.method === "symbol")
    return misplaced(`${name} is on ${place}, whose name is a symbol.`, "Give the method a name of letters.");
  if (typeof (type.prototype as Record<string, unknown> | undefined)?.[mark.method] !== "function")
    return misplaced(
      `${name} is on ${place}, which is not a method.`,
      "Put it on a method; arrow functions in fields cannot be decorated.",
    );
  if (mark.by === "Workflow")
    return misplaced(`@Workflow is on the method ${place}.`, "A workflow is a class with a method run; put @Workflow on the class.");
  if (mark.by === "Step") {
    return classMark?.by === "Workflow"
      ? undefined
      : misplaced(`@Step is on ${place}, and ${type.name} is not a workflow.`, `Put @Workflow() on class ${type.name}, or remove @Step.`);
  }
  if (classMark !== undefined && mark.method === "run")
    return misplaced(
      `${name} is on ${place}, and @${classMark.by} on the class says the same of run.`,
      `Put ${name} on the class, or remove it.`,
    );
  if (all.some((one) => one !== mark && one.method === mark.method && one.by === "Step"))
    return misplaced(`${place} carries both ${name} and @Step.`, "A step is called by its workflow. Make the task a method of its own.");
  if (mark.by === "Task" && firstOf(all, mark) !== mark) return misplaced(`${place} carries @Task twice.`, "Keep one of them.");
  return undefined;
}

/**
 * Enhancers on a handler, which do not run for jobs.
 * A guard must not be ignored silently.
 */
export function enhancerMisuses(type: Handled, method: string): readonly StemError[] {
  const handler = (type.prototype as Record<string, object | undefined>)[method];
  const found = Object.entries(ENHANCERS).filter(
    ([key]) => Reflect.hasMetadata(key, type) || (handler !== undefined && Reflect.hasMetadata(key, handler)),
  );
  return found.map(
    ([, kind]) =>
      new StemError(
        "STEM_ENHANCER_UNSUPPORTED",
        `${type.name}.${method} has ${kind}, which do not run for jobs.`,
        "Move the handler to a provider without them; check what must be checked in the handler, in its input schema, or in a middleware.",
      ),
  );
}

function classMisuse(type: Handled, mark: OwnedMark, classMark: OwnedMark | undefined): StemError | undefined {
  if (mark.by === "Step") return misplaced(`@Step is on class ${type.name}.`, "Put it on methods of a @Workflow class.");
  if (mark.by === "Cron") {
    return classMark === undefined
      ? misplaced(
          `@Cron is on class ${type.name}, which is neither a task nor a workflow.`,
          "Add @Task() or @Workflow(), or put @Cron on a method.",
        )
      : undefined;
  }
  if (classMark !== mark)
    return misplaced(
      `Class ${type.name} carries @${classMark!.by} and @${mark.by}.`,
      "One class is one task or one workflow; keep one of them.",
    );
  if (typeof (type.prototype as { run?: unknown } | undefined)?.run !== "function")
    return new StemError(
      "STEM_RUN_MISSING",
      `Class ${type.name} carries @${mark.by}, but has no method run.`,
      "Add run(payload, context?), or put @Task on the method that does the work.",
    );
  return undefined;
}

function firstOf(all: readonly OwnedMark[], mark: OwnedMark): OwnedMark | undefined {
  return all.find((one) => one.by === mark.by && one.method === mark.method);
}
