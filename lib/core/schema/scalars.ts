import { FORMATS } from "./formats.js";
import type { JsonSchema } from "./json-schema.js";
import { regExpOf } from "./schemas.js";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** True for text in base64, padded. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && BASE64.test(text);
}

/** Tests of a string, after that of its type; lengths count code points, as JSON Schema says. */
export function stringTests(schema: JsonSchema, wire: boolean): readonly ((text: string) => boolean)[] {
  const { minLength, maxLength, pattern, format, contentEncoding } = schema;
  const tests: ((text: string) => boolean)[] = [];
  // A code point is one or two units, so counting is needed in between only.
  if (minLength !== undefined)
    tests.push((text) => text.length >= minLength && (text.length >= 2 * minLength || points(text) >= minLength));
  if (maxLength !== undefined)
    tests.push((text) => text.length <= maxLength || (text.length <= 2 * maxLength && points(text) <= maxLength));
  if (pattern !== undefined) {
    const expression = regExpOf(pattern);
    tests.push((text) => expression.test(text));
  }
  const known = format === undefined ? undefined : FORMATS.get(format);
  if (known !== undefined) tests.push(known.fits);
  if (wire && contentEncoding === "base64") tests.push(isBase64);
  return tests;
}

function points(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Tests of a number or bigint, after that of its type. */
export function numberTests(schema: JsonSchema): readonly ((value: number | bigint) => boolean)[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const tests: ((value: number | bigint) => boolean)[] = [];
  if (schema.type === "integer" && schema["x-stem"] === undefined) tests.push(Number.isInteger);
  if (minimum !== undefined) tests.push((value) => value >= minimum);
  if (maximum !== undefined) tests.push((value) => value <= maximum);
  if (exclusiveMinimum !== undefined) tests.push((value) => value > exclusiveMinimum);
  if (exclusiveMaximum !== undefined) tests.push((value) => value < exclusiveMaximum);
  if (multipleOf !== undefined) tests.push((value) => isMultiple(value, multipleOf));
  return tests;
}

/** 19.99 is a multiple of 0.01, although not to the last bit. */
function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === "bigint") return !Number.isInteger(of) || value % BigInt(of) === 0n;
  const times = value / of;
  return Math.abs(times - Math.round(times)) <= Number.EPSILON * Math.abs(times);
}
