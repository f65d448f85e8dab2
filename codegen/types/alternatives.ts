import { byCodeUnit } from "../model.js";
import type { JsonSchema } from "./schema.js";

type Value = string | number | boolean;

/**
 * The schemas of a union's members: its literals in one, the other members, and null, always in this order.
 */
export function alternatives(values: readonly Value[], others: readonly JsonSchema[], nothing: boolean): readonly JsonSchema[] {
  const listed = values.toSorted(byKindAndValue);
  const [only] = listed;
  const alone = others.length === 0;
  return [
    ...(listed.length === 1 && (!nothing || !alone) ? [{ const: only }] : []),
    ...(listed.length > 1 || (listed.length === 1 && nothing && alone) ? [{ enum: nothing ? [...listed, null] : listed }] : []),
    ...others,
    ...(nothing && (listed.length === 0 || (listed.length === 1 && !alone)) ? [{ type: "null" }] : []),
  ];
}

/** Any of some schemas. */
export function anyOf(schemas: readonly JsonSchema[]): JsonSchema {
  const different = new Map(schemas.map((schema) => [JSON.stringify(schema), schema]));
  const sorted = [...different].sort(([a], [b]) => byCodeUnit(a, b)).map(([, schema]) => schema);
  return sorted.length === 1 ? sorted[0]! : { anyOf: sorted };
}

function byKindAndValue(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return byCodeUnit(typeof a, typeof b) || byCodeUnit(String(a), String(b));
}
