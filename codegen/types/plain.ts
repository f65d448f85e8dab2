import { byCodeUnit } from "../model.js";

/** Whether a value is an object and not a list. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The keys in code-unit order, the usual order of schemas. */
export function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value);
  for (let at = 1; at < keys.length; at++) if (keys[at - 1]! > keys[at]!) return keys.sort(byCodeUnit);
  return keys;
}
