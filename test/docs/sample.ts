import { compile } from "../../lib/core/schema/compile.js";
import type { JsonSchema } from "../../lib/core/schema/json-schema.js";

type Defs = Readonly<Record<string, JsonSchema>>;

/** What is tried where a schema narrows a value: the first that fits is taken. */
const VALUES = ["text", "x-1", "a-1", "TEXT", "order-7", "text-12", "AB-12", "ada@example.com", 1, 2.5, 10];

/** Values of a schema, of a union one for each alternative; as a handler would get them. */
export function samplesOf(schema: JsonSchema, defs: Defs = {}, depth = 0): readonly unknown[] {
  if (schema.$ref !== undefined) return samplesOf(defs[schema.$ref.replace("#/$defs/", "")]!, defs, depth + 1);
  if (schema.anyOf !== undefined) return schema.anyOf.filter((one) => depth < 3 || one.$ref === undefined).flatMap((one) => samplesOf(one, defs, depth)); // prettier-ignore
  if (schema.enum !== undefined) return schema.enum;
  // There is no such value.
  if (schema.not !== undefined) return [];
  const one = (of: JsonSchema): unknown => samplesOf(of, defs, depth + 1)[0];
  const items = typeof schema.items === "object" ? schema.items : undefined;
  switch (schema["x-stem"]) {
    case "date":
      return [new Date("2026-01-02T03:04:05.678Z")];
    case "bigint":
      return [schema.const === undefined ? 12_345_678_901_234_567_890n : BigInt(schema.const as string)];
    case "bytes":
      return [Buffer.from("stem")];
    case "set":
      return [new Set(samplesOf(items!, defs, depth + 1).slice(0, 1))];
    case "map":
      if (depth > 3 || items!.prefixItems!.some(isNever)) return [new Map()];
      return [new Map([[one(items!.prefixItems![0]!), one(items!.prefixItems![1]!)]])];
  }
  if (schema.const !== undefined) return [schema.const];
  switch (schema.type) {
    case undefined:
      return [{ any: ["JSON", 1, null] }];
    case "null":
      return [null];
    case "boolean":
      return [true];
    case "array":
      if (schema["x-stem-rest"] !== undefined) return [[...(schema.prefixItems ?? []), ...schema["x-stem-rest"]].map(one)];
      if (schema.prefixItems !== undefined) {
        const { minItems = 0 } = schema;
        const first = schema.prefixItems.filter((of, at) => at < minItems || (depth <= 3 && !isNever(of)));
        return [[...first.map(one), ...(items === undefined || isNever(items) ? [] : [one(items)])]];
      }
      return [depth > 3 || items === undefined || isNever(items) ? [] : [one(items)]];
    case "object": {
      const { properties = {}, required = [], additionalProperties: others, propertyNames: names } = schema;
      const there = Object.entries(properties).filter(([name, { not }]) => not === undefined && (depth <= 3 || required.includes(name)));
      const known = there.map(([name, of]): [string, unknown] => [name, one(of)]);
      const other = typeof others === "object" && depth <= 3 ? [[one(names ?? { type: "string" }), one(others)] as [string, unknown]] : [];
      return [Object.fromEntries([...known, ...other])];
    }
    default:
      return [VALUES.find((value) => compile(schema, defs).check(value) === undefined)];
  }
}

function isNever(schema: JsonSchema): boolean {
  return schema.not !== undefined;
}
