import { isHandlerClass, marksOf, type Handled, type OwnedMark } from "../decorators/marks.js";
import type { Provided } from "./resolver.js";

/**
 * A provider with the marks that count for it.
 * They are those of its own class, or those of the class it is provided in place of.
 */
export interface Candidate {
  readonly provided: Provided;
  /** The class that counts as marked. */
  readonly type: Handled;
  readonly marks: readonly OwnedMark[];
  /** The provider in place of that class. Undefined: the class itself. */
  readonly standIn: StandIn | undefined;
  /** Equal for providers of the same thing: a task that one of them handles is no duplicate of another's. */
  readonly identity: object;
}

/**
 * A provider under a marked class as token that is not of that class.
 * Examples are `{ provide: SendMail, useClass: FakeMail }`, `useValue`, `useFactory` and `useExisting`.
 */
export interface StandIn {
  /** Undefined for plain values and for what only a job makes. */
  readonly type: Handled | undefined;
  readonly what: string;
  readonly has: (method: string) => boolean;
}

/**
 * Everything that may handle jobs.
 * A class listed in several modules has several providers, but handles its jobs once.
 */
export function candidatesOf(all: readonly Provided[]): readonly Candidate[] {
  const byToken = new Map(all.map((one) => [one.token as unknown, one]));
  const found: Candidate[] = [];
  for (const provided of all) {
    const type = classOf(provided, byToken);
    const { token } = provided;
    const replaced = typeof token === "function" && token !== type ? (token as Handled) : undefined;
    const asked = replaced === undefined ? [] : marksOf(replaced);
    if (type !== undefined && !provided.isAlias && !found.some((one) => one.type === type && one.standIn === undefined)) {
      const all = marksOf(type);
      // Steps of a provider in place of a workflow are steps of that workflow.
      const marks = isWorkflow(asked) && !isWorkflow(all) ? all.filter(({ by }) => by !== "Step") : all;
      if (marks.length > 0) found.push({ provided, type, marks, standIn: undefined, identity: type });
    }
    if (replaced === undefined || asked.length === 0) continue;
    const standIn = standInOf(provided, type);
    found.push({ provided, type: replaced, marks: asked, standIn, identity: type ?? provided.metatype ?? objectOf(provided) ?? provided });
  }
  return found;
}

function isWorkflow(marks: readonly OwnedMark[]): boolean {
  return marks.some((one) => one.by === "Workflow" && isHandlerClass(one));
}

/**
 * The class of a provider; for values and results of factories, that of the object.
 * Undefined: a plain value, or one that only a job makes.
 */
function classOf(provided: Provided, byToken: ReadonlyMap<unknown, Provided>, steps = 0): Handled | undefined {
  if (!provided.isNotMetatype) return provided.metatype as Handled;
  const made = objectOf(provided);
  if (made === undefined) {
    // An alias of a request-scoped provider.
    const target = provided.isAlias && steps < 10 ? byToken.get(provided.inject?.[0]) : undefined;
    return target === undefined ? undefined : classOf(target, byToken, steps + 1);
  }
  if (typeof made === "function") return undefined;
  // By its prototype, since a mock may return anything as its constructor.
  const prototype = Object.getPrototypeOf(made) as { readonly constructor?: unknown } | null;
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain || typeof prototype.constructor !== "function" ? undefined : (prototype.constructor as Handled);
}

function standInOf(provided: Provided, type: Handled | undefined): StandIn {
  const made = objectOf(provided) as Record<string, unknown> | undefined;
  const methods = type?.prototype as Record<string, unknown> | undefined;
  const knownLater = !provided.isDependencyTreeStatic() || provided.isTransient;
  return {
    type,
    what:
      type !== undefined ? `class ${type.name}` : provided.metatype === null || provided.metatype === undefined ? "a value" : "a factory",
    has: (method) => knownLater || typeof methods?.[method] === "function" || typeof made?.[method] === "function",
  };
}

function objectOf({ instance }: Provided): object | undefined {
  const made = instance as unknown;
  return (typeof made === "object" && made !== null) || typeof made === "function" ? made : undefined;
}
