import { FORMATS } from "./formats.js";
import { kindOf } from "./kinds.js";
import type { JsonSchema } from "./json-schema.js";
import { isNothing } from "./schemas.js";

/** Values or characters shown of a long list or text. */
const SHOWN = 8;
const LONGEST = 40;

const STEM = { date: "a Date", bigint: "a bigint", map: "a Map", set: "a Set", bytes: "bytes (a Uint8Array)" } as const;
const PLAIN: Readonly<Record<string, string>> = { boolean: "true or false", null: "null", object: "an object" };

/** The parts of a union that takes everything but null. */
const EVERY = ["an array", "true or false", "a number", "an object", "a string"];

/**
 * The expectation of a schema, in the words of an error: `an integer ≥ 1`, `"a" or "b"`, `a Date`.
 *
 * @param resolve finds what a `$ref` stands for
 */
export function describe(schema: JsonSchema, resolve: (ref: string) => JsonSchema, depth = 0): string {
  if (schema.$ref !== undefined) return depth > SHOWN ? "a value" : describe(resolve(schema.$ref), resolve, depth + 1);
  if (schema.anyOf !== undefined) {
    const members = membersOf(schema, resolve, new Set());
    return EVERY.every((one) => members.has(one)) && !members.has(PLAIN["null"]!) ? "anything but null" : either([...members]);
  }
  if (isNothing(schema)) return "nothing";
  if (schema.const !== undefined) return literal(schema.const, schema);
  if (schema.enum !== undefined) return either(schema.enum.map((one) => literal(one, schema)));
  const stem = schema["x-stem"];
  if (stem === "bigint") return STEM.bigint + bounds(schema);
  if (stem === "map" || stem === "set") return STEM[stem] + counts(schema, "entries");
  if (stem !== undefined) return STEM[stem];
  switch (schema.type) {
    case "string":
      return text(schema);
    case "number":
    case "integer":
      return `${schema.type === "integer" ? "an integer" : "a number"}${bounds(schema)}`;
    case "array":
      return `an array${counts(schema, "items")}`;
    default:
      return PLAIN[String(schema.type)] ?? "any value";
  }
}

/** The names of the members of a union, those of unions in it included. */
function membersOf(schema: JsonSchema, resolve: (ref: string) => JsonSchema, seen: Set<JsonSchema>): ReadonlySet<string> {
  if (seen.has(schema)) return new Set();
  seen.add(schema);
  if (schema.$ref !== undefined) return membersOf(resolve(schema.$ref), resolve, seen);
  if (schema.anyOf === undefined) return new Set([describe(schema, resolve)]);
  return new Set(schema.anyOf.flatMap((member) => [...membersOf(member, resolve, seen)]));
}

function either(members: readonly string[]): string {
  const shown = members.length > SHOWN ? [...members.slice(0, SHOWN), `one of ${members.length - SHOWN} more`] : members;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
}

function literal(value: unknown, schema: JsonSchema): string {
  return schema["x-stem"] === "bigint" ? `${String(value)}n` : JSON.stringify(value);
}

function text({ format, pattern, minLength, maxLength }: JsonSchema): string {
  const known = format === undefined ? undefined : FORMATS.get(format);
  const length = range(minLength, maxLength, "characters");
  return `${known?.called ?? "a string"}${length === undefined ? "" : ` of ${length}`}${pattern === undefined ? "" : ` that matches /${pattern}/`}`;
}

function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: JsonSchema): string {
  const said = [
    minimum !== undefined && `≥ ${minimum}`,
    exclusiveMinimum !== undefined && `> ${exclusiveMinimum}`,
    maximum !== undefined && `≤ ${maximum}`,
    exclusiveMaximum !== undefined && `< ${exclusiveMaximum}`,
  ].filter((one) => one !== false);
  return `${said.length === 0 ? "" : ` ${said.join(" and ")}`}${multipleOf === undefined ? "" : ` that is a multiple of ${multipleOf}`}`;
}

function counts({ minItems, maxItems, uniqueItems, prefixItems, items }: JsonSchema, what: string): string {
  const length = range(minItems, maxItems ?? (items === false ? prefixItems?.length : undefined), what);
  return `${length === undefined ? "" : ` of ${length}`}${uniqueItems === true ? " without repetition" : ""}`;
}

function range(least: number | undefined, most: number | undefined, what: string): string | undefined {
  if (least === undefined || least === 0) return most === undefined ? undefined : `at most ${count(most, what)}`;
  if (most === undefined) return `at least ${count(least, what)}`;
  return least === most ? `exactly ${count(least, what)}` : `${least} to ${count(most, what)}`;
}

function count(n: number, what: string): string {
  return `${n} ${n === 1 ? (what === "entries" ? "entry" : what.slice(0, -1)) : what}`;
}

/** A value, in the words of an error: `"two"`, `an array of 3`, `nothing`. Long texts are cut. */
export function show(value: unknown): string {
  switch (kindOf(value)) {
    case "undefined":
      return "nothing";
    case "string":
      return (value as string).length > LONGEST ? `${JSON.stringify((value as string).slice(0, LONGEST))}…` : JSON.stringify(value);
    case "bigint":
      return `${String(value)}n`;
    case "array":
      return `an array of ${(value as unknown[]).length}`;
    case "object":
      return "an object";
    case "date":
      return Number.isNaN((value as Date).getTime()) ? "an invalid Date" : `the Date ${(value as Date).toISOString()}`;
    case "map":
      return `a Map of ${(value as Map<unknown, unknown>).size}`;
    case "set":
      return `a Set of ${(value as Set<unknown>).size}`;
    case "bytes":
      return `${(value as Uint8Array).length} bytes`;
    case "other":
      return typeof value === "object" ? `a ${Object.prototype.toString.call(value).slice(8, -1)}` : `a ${typeof value}`;
    default:
      return String(value);
  }
}
