import type { JsonSchema } from "./json-schema.js";

type Defs = Readonly<Record<string, JsonSchema>>;

/** Keywords for people, which change nothing about values; `handler` is the place of a task. */
const NOTES = new Set(["handler", "title", "description", "deprecated", "default", "examples", "$comment"]);

/**
 * True if two schemas with their references describe the same values in the same way.
 * The names of types do not matter.
 */
export function sameSchema(a: unknown, defsOfA: Defs, b: unknown, defsOfB: Defs, seen: ReadonlySet<string> = new Set()): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [refA, refB] = [refOf(a), refOf(b)];
  if (refA !== undefined && refB !== undefined) {
    const pair = `${refA} ${refB}`;
    // Counts as equal while it is being compared: a difference is found elsewhere.
    if (seen.has(pair)) return true;
    return (
      sameSchema(defsOfA[refA], defsOfA, defsOfB[refB], defsOfB, new Set([...seen, pair])) && sameMembers(a, defsOfA, b, defsOfB, seen)
    );
  }
  return refA === refB && sameMembers(a, defsOfA, b, defsOfB, seen);
}

/** @param named the members are named by the author, who may call one `title` */
function sameMembers(a: object, defsOfA: Defs, b: object, defsOfB: Defs, seen: ReadonlySet<string>, named = false): boolean {
  const keys = (one: object): readonly string[] => Object.keys(one).filter((key) => named || (key !== "$ref" && !NOTES.has(key)));
  const [ofA, ofB] = [keys(a), keys(b)];
  return (
    ofA.length === ofB.length &&
    ofA.every((key) => {
      if (!Object.hasOwn(b, key)) return false;
      const [ofA, ofB] = [a[key as never] as unknown, b[key as never] as unknown];
      return !named && NAMED.has(key) && isObject(ofA) && isObject(ofB)
        ? sameMembers(ofA, defsOfA, ofB, defsOfB, seen, true)
        : sameSchema(ofA, defsOfA, ofB, defsOfB, seen);
    })
  );
}

/** Keywords whose members bear names. */
const NAMED = new Set(["properties", "patternProperties", "steps", "signals"]);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function refOf(schema: object): string | undefined {
  const ref = (schema as JsonSchema).$ref;
  return typeof ref === "string" ? ref.replace("#/$defs/", "") : undefined;
}
