import type { Failure } from "./job.js";

/** The most characters of a message and of a stack; fewer for errors below the first. */
const LONG = 4_000;
const SHORT = 1_000;
/** How deep causes are followed, and how many of the errors of one are read. */
const DEPTH = 4;
const ERRORS = 4;
/** The most failures below the error itself. */
const BELOW = 8;

/**
 * Turns any thrown value into the data to keep: name, message, code, stack, causes.
 * Causes (`cause`, `errors`) are short. The result is bounded for any value; circles are cut. Never throws.
 */
export function toFailure(thrown: unknown, attempt?: number): Failure {
  return flatten(thrown, { seen: new Set(), left: BELOW }, 0, attempt);
}

interface Walk {
  /** The errors above this one. */
  readonly seen: Set<unknown>;
  left: number;
}

function flatten(thrown: unknown, walk: Walk, depth: number, attempt?: number): Failure {
  const most = depth === 0 ? LONG : SHORT;
  const code = field(thrown, "code");
  const stack = text(field(thrown, "stack"));
  walk.seen.add(thrown);
  const cause = below(field(thrown, "cause"), walk, depth);
  const errors = severalOf(field(thrown, "errors"), walk, depth);
  walk.seen.delete(thrown);
  return {
    name: cut(text(field(thrown, "name")) ?? "Error", most),
    message: cut(text(field(thrown, "message")) ?? shown(thrown), most),
    ...((typeof code === "string" || typeof code === "number") && { code: cut(String(code), most) }),
    ...(stack !== undefined && { stack: cut(stack, most) }),
    ...(attempt !== undefined && { attempt }),
    ...(cause !== undefined && { cause }),
    ...(errors.length > 0 && { errors }),
  };
}

/** Cut between whole characters: some stores would change half a character. */
function cut(given: string, most: number): string {
  return given.slice(0, most).toWellFormed();
}

function below(thrown: unknown, walk: Walk, depth: number): Failure | undefined {
  if (thrown === undefined || thrown === null || depth >= DEPTH || walk.left === 0 || walk.seen.has(thrown)) return undefined;
  walk.left--;
  return flatten(thrown, walk, depth + 1);
}

function severalOf(errors: unknown, walk: Walk, depth: number): readonly Failure[] {
  const failures: Failure[] = [];
  try {
    if (!Array.isArray(errors)) return failures;
    for (let i = 0; i < Math.min(errors.length, ERRORS); i++) {
      const failure = isError(errors[i]) ? below(errors[i], walk, depth) : undefined;
      if (failure !== undefined) failures.push(failure);
    }
  } catch {
    // A proxy or getter that throws: only what was read so far is kept.
  }
  return failures;
}

/**
 * Whether an entry of a field `errors` counts: other classes have one too, such as a list of wrong fields.
 */
function isError(value: unknown): boolean {
  return value instanceof Error || typeof field(value, "stack") === "string";
}

function field(value: unknown, key: string): unknown {
  try {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function shown(thrown: unknown): string {
  try {
    return typeof thrown === "object" ? (JSON.stringify(thrown) ?? String(thrown)) : String(thrown);
  } catch {
    // Not Object.prototype.toString, which asks the value for its tag: a proxy may throw even then.
    return "a value that cannot be shown";
  }
}
