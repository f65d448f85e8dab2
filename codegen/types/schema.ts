/**
 * The part of JSON Schema 2020-12 that types become, with two keywords of Stem.
 * `x-stem` says which JavaScript value the JSON stands for, `x-stem-rest` what stands at the end of a list.
 * The library reads the same (`lib/core/schema`), but the generator does not import the library.
 */
export type JsonSchema = { readonly [keyword: string]: unknown };

export const DATE: JsonSchema = { type: "string", format: "date-time", "x-stem": "date" };
export const BIGINT: JsonSchema = { type: "string", pattern: "^-?(0|[1-9][0-9]*)$", "x-stem": "bigint" };
export const BYTES: JsonSchema = { type: "string", contentEncoding: "base64", "x-stem": "bytes" };

/** No value at all. */
export const ABSENT: JsonSchema = { not: {} };

/** Every value but null. */
export const PRESENT: JsonSchema = { anyOf: ["array", "boolean", "number", "object", "string"].map((type) => ({ type })) };

export function mapSchema(key: JsonSchema, value: JsonSchema): JsonSchema {
  return { type: "array", items: { type: "array", prefixItems: [key, value], items: false, minItems: 2 }, "x-stem": "map" };
}
