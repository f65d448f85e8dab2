import { isObject, type Schema } from "./manifest.js";

/** Why a value of one type may not be a value of another. */
export interface Reason {
  /** Where: `to`, `lines[].count`; empty for the value itself. */
  readonly path: string;
  readonly why: string;
}

const KINDS = new Set(["string", "number", "integer", "boolean", "null", "array", "object"]);

/** The members of a union, also one written as several types. */
export function alternativesOf(schema: Schema): readonly Schema[] | undefined {
  const { anyOf, type } = schema;
  if (Array.isArray(anyOf)) return schemas(anyOf);
  return Array.isArray(type) ? type.filter((one) => KINDS.has(String(one))).map((one) => ({ ...schema, type: String(one) })) : undefined;
}

/** The values of a literal, an enumeration, `boolean` or `null`; undefined for other types. */
export function valuesOf(schema: Schema): readonly unknown[] | undefined {
  if ("const" in schema) return [schema["const"]];
  if (Array.isArray(schema["enum"])) return schema["enum"] as readonly unknown[];
  if (schema["type"] === "boolean") return [true, false];
  return schema["type"] === "null" ? [null] : undefined;
}

/** Whether a type is `never`. */
export function isNothing({ not }: Schema): boolean {
  return isObject(not) && Object.keys(not).length === 0;
}

/** Whether a type says nothing about the content of its values, as the lists and objects of `object`. */
export function isBare(schema: Schema): boolean {
  return Object.keys(schema).every((keyword) => keyword === "type" || keyword === "description" || keyword === "deprecated");
}

/** The name of a type in a sentence. */
export function name(schema: Schema): string {
  const { "x-stem": special, type } = schema;
  if (typeof special === "string") return ({ date: "a Date", bigint: "a bigint", map: "a Map", set: "a Set", bytes: "bytes" })[special] ?? special; // prettier-ignore
  const values = valuesOf(schema);
  if (type === "null") return "null";
  if (type === "boolean") return "a boolean";
  if (values !== undefined) return list(values);
  if (alternativesOf(schema) !== undefined) return isPresent(schema) ? "anything but null" : "a union";
  if (type === "object" || type === "array" || type === "integer") return `an ${String(type)}`;
  return type === undefined ? "anything" : `a ${String(type)}`;
}

/** Whether a union is type `{}`. */
export function isPresent(schema: Schema): boolean {
  const of = new Set((alternativesOf(schema) ?? []).filter(isBare).map(({ type }) => type));
  return ["array", "boolean", "number", "object", "string"].every((one) => of.has(one));
}

export function list(values: readonly unknown[]): string {
  const shown = values.slice(0, 5).map(show).join(", ");
  return values.length > 5 ? `${shown} and ${values.length - 5} more` : shown;
}

export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

export function schemas(value: unknown): readonly Schema[] {
  return Array.isArray(value) ? value.map((one) => (isObject(one) ? one : {})) : [];
}
