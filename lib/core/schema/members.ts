import { types } from "node:util";
import type { JsonSchema } from "./json-schema.js";
import { isRecord } from "./kinds.js";
import { deeper } from "./nesting.js";
import { get, keyAt, step } from "./path.js";
import type { Check, Report } from "./report.js";
import { regExpOf } from "./schemas.js";

type Expected = () => string;

/** Names that every object has by inheritance. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * Objects: named properties, then the other ones.
 * A property that is undefined counts as absent, as JSON leaves it out.
 */
export function objectCheck(schema: JsonSchema, of: (schema: JsonSchema) => Check, expected: Expected): Check {
  const { properties = {}, required = [] } = schema;
  const keys = [...new Set([...Object.keys(properties), ...required])];
  const fields = keys.map((key) => ({
    key,
    check: of(Object.hasOwn(properties, key) ? properties[key]! : {}),
    needed: required.includes(key),
    inherited: INHERITED.has(key),
    step: step(key),
  }));
  const rest = restCheck(schema, new Set(keys), of);
  return (value, report) => {
    if (!isRecord(value)) return report !== undefined && report.refuse(expected(), value);
    // Only own properties travel. A plain object inherits nothing but the names every object has.
    const parent: unknown = Object.getPrototypeOf(value);
    const plain = parent === Object.prototype || parent === null;
    let fits = true;
    for (const field of fields) {
      const member = (plain && !field.inherited) || Object.hasOwn(value, field.key) ? value[field.key] : undefined;
      if (member === undefined && !field.needed) continue;
      if (report === undefined) {
        if (member === undefined || !field.check(member, undefined)) return false;
      } else fits = inside(report, field.step, field.check, member) && fits;
    }
    return rest === undefined ? fits : rest(value, report) && fits;
  };
}

/** A member of any type must still be there. */
function inside(report: Report, at: string, check: Check, member: unknown): boolean {
  const before = report.issues.length;
  if (report.under(at, check, member) && member !== undefined) return true;
  if (report.issues.length === before) report.under(at, (_, there) => there!.refuse("a value", member), member);
  return false;
}

/** The check of properties that are not named. Undefined: nothing is said about them. */
function restCheck(
  { additionalProperties, patternProperties = {}, propertyNames }: JsonSchema,
  named: ReadonlySet<string>,
  of: (schema: JsonSchema) => Check,
): ((value: Record<string, unknown>, report: Report | undefined) => boolean) | undefined {
  const patterns = Object.entries(patternProperties).map(([pattern, member]) => ({ pattern: regExpOf(pattern), check: of(member) }));
  const others =
    additionalProperties === undefined || additionalProperties === true
      ? undefined
      : additionalProperties === false
        ? NOTHING
        : of(additionalProperties);
  const names = propertyNames === undefined ? undefined : of(propertyNames);
  if (patterns.length === 0 && others === undefined && names === undefined) return undefined;
  return (value, report) => {
    let fits = true;
    const look = (at: string, check: Check, member: unknown): boolean =>
      (report === undefined ? check(member, undefined) : report.under(at, check, member)) || (fits = false);
    for (const key of Object.keys(value)) {
      const member = value[key];
      if (member === undefined) continue;
      const at = report === undefined ? "" : step(key);
      if (names !== undefined) look(at, names, key);
      const matching = patterns.filter(({ pattern }) => pattern.test(key));
      for (const { check } of matching) look(at, check, member);
      if (others !== undefined && matching.length === 0 && !named.has(key)) look(at, others, member);
      if (!fits && report === undefined) return false;
    }
    return fits;
  };
}

const NOTHING: Check = (value, report) => report !== undefined && report.refuse("no property of that name", value);

/** Arrays and tuples. */
export function listCheck(schema: JsonSchema, of: (schema: JsonSchema) => Check, items: Check | undefined, expected: Expected): Check {
  const first = (schema.prefixItems ?? []).map(of);
  const [rest = items, ...last] = (schema["x-stem-rest"] ?? []).map(of);
  const fitting = countTest(schema, schema.items === false ? first.length : undefined);
  const unique = schema.uniqueItems === true;
  return (value, report) => {
    if (!Array.isArray(value) || !fitting(value.length)) {
      if (report === undefined) return false;
      report.refuse(expected(), value);
      if (!Array.isArray(value)) return false;
    }
    let fits = report === undefined || fitting(value.length);
    for (let i = 0; i < value.length; i++) {
      const check = i < first.length ? first[i]! : (last[i - value.length + last.length] ?? rest);
      if (check === undefined) break;
      if (report === undefined ? check(value[i], undefined) : report.under(step(i), check, value[i])) continue;
      if (report === undefined) return false;
      fits = false;
    }
    return unique && hasTwins(value) ? report !== undefined && report.refuse(expected(), value) : fits;
  };
}

/** Sets; their members have places, in the order they were added. */
export function setCheck(schema: JsonSchema, item: Check | undefined, expected: Expected): Check {
  const fitting = countTest(schema, undefined);
  return (value, report) => {
    if (!types.isSet(value)) return report !== undefined && report.refuse(expected(), value);
    let fits = fitting(value.size) || (report !== undefined && report.refuse(expected(), value));
    if (item === undefined || (!fits && report === undefined)) return fits;
    let i = 0;
    for (const member of value) {
      if (!(report === undefined ? item(member, undefined) : report.under(step(i), item, member))) {
        if (report === undefined) return false;
        fits = false;
      }
      i++;
    }
    return fits;
  };
}

export function mapCheck(schema: JsonSchema, ofKey: Check, ofValue: Check, expected: Expected): Check {
  const fitting = countTest(schema, undefined);
  return (value, report) => {
    if (!types.isMap(value)) return report !== undefined && report.refuse(expected(), value);
    let fits = fitting(value.size) || (report !== undefined && report.refuse(expected(), value));
    let i = 0;
    for (const [key, member] of value) {
      if (report === undefined) {
        if (!fits || !ofKey(key, undefined) || !ofValue(member, undefined)) return false;
      } else {
        fits = report.under(keyAt(i), ofKey, key) && fits;
        fits = report.under(get(key), ofValue, member) && fits;
      }
      i++;
    }
    return fits;
  };
}

function countTest({ minItems = 0, maxItems }: JsonSchema, length: number | undefined): (count: number) => boolean {
  const most = Math.min(maxItems ?? Number.POSITIVE_INFINITY, length ?? Number.POSITIVE_INFINITY);
  return (count) => count >= minItems && count <= most;
}

/** True if two members are the same as data. */
function hasTwins(list: readonly unknown[]): boolean {
  const seen = new Set<unknown>();
  for (const member of list) {
    const key =
      typeof member === "object" && member !== null ? `{${canonical(member)}` : typeof member === "string" ? `"${member}` : member;
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}

/** The same text for the same data, in any order of its properties. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? "");
  return deeper(canonicalObject, value, undefined);
}

function canonicalObject(value: object): string {
  if (types.isDate(value)) return `d${value.getTime()}`;
  if (types.isMap(value) || types.isSet(value) || Array.isArray(value))
    return `[${[...(value as Iterable<unknown>)].map(canonical).join()}]`;
  if (types.isUint8Array(value)) return `b${Buffer.from(value).toString("base64")}`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)
    .join()}}`;
}
