import { isMap, sortedKeys } from "../types/plain.js";
import type { JsonSchema } from "../types/schema.js";
import { literalKey, quote } from "./text.js";

/** Above this level each member of an object has its own line: one per task, event and shared type. */
const LEVELS = 2;

/** Keywords of schemas for readers; they are in the manifest. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(["description", "deprecated", "default", "examples"]);

/** Texts of schemas that have been written before, which stay the same objects from pass to pass. */
const written = new WeakMap<object, string>();

/** The definitions as an object literal: keys sorted, one line per schema. */
export function definitionsText(value: JsonSchema, indent: string): string {
  const out: string[] = [];
  byLine(value, indent, 0, out);
  return out.join("");
}

function byLine(value: unknown, indent: string, depth: number, out: string[]): void {
  if (!isMap(value) || depth >= LEVELS) return inline(value, false, 0, out);
  const keys = sortedKeys(value);
  if (keys.length === 0) return void out.push("{}");
  out.push("{\n");
  for (const key of keys) {
    out.push(indent, "  ", literalKey(key), ": ");
    byLine(value[key], `${indent}  `, depth + 1, out);
    out.push(kept(key), ",\n");
  }
  out.push(indent, "}");
}

/**
 * @param names whether the keys are names of members, which may be called like a keyword
 * @param depth in the line. A shared type begins at 0 and what a task takes or gives at 1: these are kept,
 *   and what is within them need not be
 */
function inline(value: unknown, names: boolean, depth: number, out: string[]): void {
  if (typeof value === "string") return void out.push(quote(value));
  if (Array.isArray(value)) {
    for (const [at, one] of value.entries()) {
      out.push(at === 0 ? "[" : ", ");
      inline(one, false, depth + 1, out);
    }
    return void out.push(value.length === 0 ? "[]" : "]");
  }
  if (!isMap(value)) return void out.push(JSON.stringify(value));
  if (depth > 1) return members(value, names, depth, out);
  let text = written.get(value);
  if (text === undefined) {
    const own: string[] = [];
    members(value, names, depth, own);
    written.set(value, (text = own.join("")));
  }
  out.push(text);
}

function members(value: Readonly<Record<string, unknown>>, names: boolean, depth: number, out: string[]): void {
  let first = true;
  for (const key of sortedKeys(value)) {
    if (!names && FOR_PEOPLE.has(key)) continue;
    out.push(first ? "{ " : ", ", literalKey(key), ": ");
    first = false;
    inline(value[key], !names && (key === "properties" || key === "steps" || key === "signals"), depth + 1, out);
    out.push(kept(key));
  }
  out.push(first ? "{}" : " }");
}

/** Keeps text literals under a name that every object has (`toString`), which the language would widen. */
function kept(key: string): string {
  return key in Object.prototype ? " as const" : "";
}
