import { byCodeUnit } from "../model.js";
import { isMap } from "../types/plain.js";
import { literalKey, quote } from "./text.js";

/** Below this many levels each member of an object has a line of its own: one per task, event and shared type. */
const LEVELS = 2;

/** Keywords of schemas that are for people to read; they are in the manifest. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(["description", "deprecated", "default", "examples"]);

/** Texts of schemas that have been written before; they stay the same objects from pass to pass. */
const written = new WeakMap<object, string>();

/** The definitions as an object literal: keys sorted, one line per schema. */
export function definitionsText(value: unknown, indent: string, depth = 0): string {
  if (!isMap(value) || depth >= LEVELS) return inline(value, false);
  const keys = Object.keys(value).sort(byCodeUnit);
  if (keys.length === 0) return "{}";
  const lines = keys.map((key) => `${indent}  ${literalKey(key)}: ${definitionsText(value[key], `${indent}  `, depth + 1)},`);
  return `{\n${lines.join("\n")}\n${indent}}`;
}

/** @param names whether the keys are names of members, which may be called like a keyword */
function inline(value: unknown, names: boolean): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map((one) => inline(one, false)).join(", ")}]`;
  if (!isMap(value)) return JSON.stringify(value);
  const known = written.get(value);
  if (known !== undefined) return known;
  let text = "";
  for (const key of Object.keys(value).sort(byCodeUnit)) {
    if (!names && FOR_PEOPLE.has(key)) continue;
    const named = !names && (key === "properties" || key === "steps" || key === "signals");
    text += `${text === "" ? " " : ", "}${literalKey(key)}: ${inline(value[key], named)}`;
  }
  text = text === "" ? "{}" : `{${text} }`;
  written.set(value, text);
  return text;
}
