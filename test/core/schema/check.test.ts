import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import { compile } from "../../../lib/core/schema/compile.js";
import type { JsonSchema } from "../../../lib/core/schema/json-schema.js";

/** What a check says: one line per offending path. */
function said(schema: JsonSchema, value: unknown, defs?: Record<string, JsonSchema>): readonly string[] {
  return (compile(schema, defs).check(value) ?? []).map(({ path, expected, got }) => `payload${path}: expected ${expected}, got ${got}`);
}

const date: JsonSchema = { type: "string", format: "date-time", "x-stem": "date" };
const bigint: JsonSchema = { type: "string", pattern: "^-?(0|[1-9][0-9]*)$", "x-stem": "bigint" };
const bytes: JsonSchema = { type: "string", contentEncoding: "base64", "x-stem": "bytes" };
const setOf = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: "array", items, "x-stem": "set", ...more });
const mapOf = (key: JsonSchema, member: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: "array",
  items: { type: "array", prefixItems: [key, member], items: false, minItems: 2 },
  "x-stem": "map",
  ...more,
});
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties), more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  required,
  ...more,
});

interface Case {
  readonly schema: JsonSchema;
  readonly good: readonly unknown[];
  /** Each with what is said of it, after `payload`. */
  readonly bad: readonly (readonly [unknown, ...string[]])[];
}

const CASES: Readonly<Record<string, Case>> = {
  "a string": {
    schema: { type: "string" },
    good: ["", "a", "🙂"],
    bad: [
      [1, ": expected a string, got 1"],
      [null, ": expected a string, got null"],
      [undefined, ": expected a string, got nothing"],
      [["a"], ": expected a string, got an array of 1"],
      [new String("a"), ": expected a string, got a String"],
    ],
  },
  "a number": {
    schema: { type: "number" },
    good: [0, -1.5, 1e300],
    bad: [
      ["1", ': expected a number, got "1"'],
      [NaN, ": expected a number, got NaN"],
      [Infinity, ": expected a number, got Infinity"],
      [1n, ": expected a number, got 1n"],
    ],
  },
  "an integer": {
    schema: { type: "integer" },
    good: [0, -3, 2 ** 53],
    bad: [
      [1.5, ": expected an integer, got 1.5"],
      ["two", ': expected an integer, got "two"'],
    ],
  },
  "a property that must not be there": {
    schema: { type: "object", properties: { a: { not: {} } } },
    good: [{}, { b: 1 }, { a: undefined }],
    bad: [[{ a: 1 }, ".a: expected nothing, got 1"]],
  },
  "a list whose last members have types of their own": {
    schema: {
      type: "array",
      prefixItems: [{ type: "null" }],
      items: { anyOf: [{ type: "number" }, { type: "string" }] },
      minItems: 2,
      "x-stem-rest": [{ type: "string" }, { type: "number" }],
    },
    good: [
      [null, 1],
      [null, "a", 1],
      [null, "a", "b", 1],
    ],
    bad: [
      [[null], ": expected an array of at least 2 items, got an array of 1"],
      [[null, "a"], '[1]: expected a number, got "a"'],
      [[null, 1, 1], "[1]: expected a string, got 1"],
      [["a", 1], '[0]: expected null, got "a"'],
    ],
  },
  "anything but null": {
    schema: { anyOf: ["array", "boolean", "number", "object", "string"].map((type) => ({ type: type as "array" })) },
    good: [0, "", false, [], {}, { a: null }],
    bad: [
      [null, ": expected anything but null, got null"],
      [undefined, ": expected anything but null, got nothing"],
    ],
  },
  "a boolean": { schema: { type: "boolean" }, good: [true, false], bad: [[0, ": expected true or false, got 0"]] },
  null: {
    schema: { type: "null" },
    good: [null],
    bad: [
      [0, ": expected null, got 0"],
      [undefined, ": expected null, got nothing"],
    ],
  },
  anything: { schema: {}, good: [1, "a", null, {}, []], bad: [] },
  "a literal": {
    schema: { const: "a" },
    good: ["a"],
    bad: [
      ["b", ': expected "a", got "b"'],
      [1, ': expected "a", got 1'],
    ],
  },
  "a literal that is false": { schema: { const: false }, good: [false], bad: [[0, ": expected false, got 0"]] },
  "a literal that is null": { schema: { const: null }, good: [null], bad: [["", ': expected null, got ""']] },
  "an enum": {
    schema: { enum: ["de", "en", 3] },
    good: ["de", "en", 3],
    bad: [
      ["fr", ': expected "de", "en" or 3, got "fr"'],
      ["3", ': expected "de", "en" or 3, got "3"'],
    ],
  },
  "a long enum": {
    schema: { enum: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
    good: [10],
    bad: [[11, ": expected 1, 2, 3, 4, 5, 6, 7, 8 or one of 2 more, got 11"]],
  },
  "an enum of objects": { schema: { enum: [{ a: 1 }] }, good: [{ a: 1 }], bad: [[{ a: 2 }, ': expected {"a":1}, got an object']] },
  minimum: {
    schema: { type: "integer", minimum: 1 },
    good: [1, 2],
    bad: [
      [0, ": expected an integer ≥ 1, got 0"],
      ["two", ': expected an integer ≥ 1, got "two"'],
    ],
  },
  maximum: { schema: { type: "number", maximum: 5 }, good: [5, -9], bad: [[5.1, ": expected a number ≤ 5, got 5.1"]] },
  exclusiveMinimum: { schema: { type: "number", exclusiveMinimum: 0 }, good: [0.1], bad: [[0, ": expected a number > 0, got 0"]] },
  exclusiveMaximum: { schema: { type: "number", exclusiveMaximum: 1 }, good: [0.9], bad: [[1, ": expected a number < 1, got 1"]] },
  "both bounds": { schema: { type: "number", minimum: 1, maximum: 2 }, good: [1, 2], bad: [[3, ": expected a number ≥ 1 and ≤ 2, got 3"]] },
  multipleOf: {
    schema: { type: "number", multipleOf: 0.01 },
    good: [19.99, 0, -4.2, 1.1],
    bad: [[0.005, ": expected a number that is a multiple of 0.01, got 0.005"]],
  },
  minLength: {
    schema: { type: "string", minLength: 2 },
    good: ["ab", "🙂🙂"],
    bad: [
      ["a", ': expected a string of at least 2 characters, got "a"'],
      ["🙂", ': expected a string of at least 2 characters, got "🙂"'],
    ],
  },
  maxLength: {
    schema: { type: "string", maxLength: 2 },
    good: ["ab", "🙂🙂", ""],
    bad: [
      ["abc", ': expected a string of at most 2 characters, got "abc"'],
      ["🙂🙂🙂", ': expected a string of at most 2 characters, got "🙂🙂🙂"'],
    ],
  },
  "an exact length": {
    schema: { type: "string", minLength: 1, maxLength: 1 },
    good: ["a"],
    bad: [["", ': expected a string of exactly 1 character, got ""']],
  },
  pattern: {
    schema: { type: "string", pattern: "^order-\\d+$" },
    good: ["order-12"],
    bad: [["order-x", ': expected a string that matches /^order-\\d+$/, got "order-x"']],
  },
  "a pattern that is right without the flag u only": {
    schema: { type: "string", pattern: "^a\\-b$" },
    good: ["a-b"],
    bad: [["ab", ': expected a string that matches /^a\\-b$/, got "ab"']],
  },
  "a long text": {
    schema: { type: "integer" },
    good: [],
    bad: [["x".repeat(50), `: expected an integer, got "${"x".repeat(40)}"…`]],
  },
  "format date-time": {
    schema: { type: "string", format: "date-time" },
    good: ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123+02:00", "2024-02-29T00:00:00Z"],
    bad: [
      ["2026-02-29T00:00:00Z", ': expected a date and time (RFC 3339), got "2026-02-29T00:00:00Z"'],
      ["2026-01-31", ': expected a date and time (RFC 3339), got "2026-01-31"'],
      ["2026-01-31T10:00:00", ': expected a date and time (RFC 3339), got "2026-01-31T10:00:00"'],
      ["2026-01-31T25:00:00Z", ': expected a date and time (RFC 3339), got "2026-01-31T25:00:00Z"'],
    ],
  },
  "format date": {
    schema: { type: "string", format: "date" },
    good: ["2026-12-31", "2000-02-29"],
    bad: [
      ["2026-04-31", ': expected a date (YYYY-MM-DD), got "2026-04-31"'],
      ["1900-02-29", ': expected a date (YYYY-MM-DD), got "1900-02-29"'],
      ["31.12.2026", ': expected a date (YYYY-MM-DD), got "31.12.2026"'],
    ],
  },
  "format time": {
    schema: { type: "string", format: "time" },
    good: ["10:00:00", "23:59:59.5Z", "10:00:00+02:00"],
    bad: [["24:00:00", ': expected a time (HH:MM:SS), got "24:00:00"']],
  },
  "format email": {
    schema: { type: "string", format: "email" },
    good: ["ada@example.com", "a.b+c@sub.example.org"],
    bad: [
      ["ada", ': expected an email address, got "ada"'],
      ["ada@localhost", ': expected an email address, got "ada@localhost"'],
      ["a b@example.com", ': expected an email address, got "a b@example.com"'],
      [".a@example.com", ': expected an email address, got ".a@example.com"'],
    ],
  },
  "format uuid": {
    schema: { type: "string", format: "uuid" },
    good: ["0b6f2d5e-3c1a-4b8f-9f58-6f4f1d0b7a11", "0B6F2D5E-3C1A-4B8F-9F58-6F4F1D0B7A11"],
    bad: [["0b6f2d5e3c1a4b8f9f586f4f1d0b7a11", ': expected a UUID, got "0b6f2d5e3c1a4b8f9f586f4f1d0b7a11"']],
  },
  "format uri": {
    schema: { type: "string", format: "uri" },
    good: ["https://example.com/a?b=c#d", "mailto:ada@example.com", "urn:isbn:0451450523"],
    bad: [
      ["/relative", ': expected a URI, got "/relative"'],
      ["https://exa mple.com", ': expected a URI, got "https://exa mple.com"'],
      ["http://", ': expected a URI, got "http://"'],
    ],
  },
  "format hostname": {
    schema: { type: "string", format: "hostname" },
    good: ["example.com", "localhost", "a-b.c"],
    bad: [
      ["-a.com", ': expected a host name, got "-a.com"'],
      ["a_b.com", ': expected a host name, got "a_b.com"'],
    ],
  },
  "format ipv4": {
    schema: { type: "string", format: "ipv4" },
    good: ["127.0.0.1"],
    bad: [["256.0.0.1", ': expected an IPv4 address, got "256.0.0.1"']],
  },
  "format ipv6": {
    schema: { type: "string", format: "ipv6" },
    good: ["::1", "2001:db8::1"],
    bad: [
      ["127.0.0.1", ': expected an IPv6 address, got "127.0.0.1"'],
      ["fe80::1%eth0", ': expected an IPv6 address, got "fe80::1%eth0"'],
    ],
  },
  "a format nobody knows": { schema: { type: "string", format: "phone" }, good: ["anything"], bad: [[1, ": expected a string, got 1"]] },
  "an array": {
    schema: { type: "array", items: { type: "integer" } },
    good: [[], [1, 2]],
    bad: [
      [{}, ": expected an array, got an object"],
      [[1, "b", 2, "d"], '[1]: expected an integer, got "b"', '[3]: expected an integer, got "d"'],
      [Object.assign([], { 1: 1 }), "[0]: expected an integer, got nothing"],
      [new Set([1]), ": expected an array, got a Set of 1"],
    ],
  },
  minItems: {
    schema: { type: "array", items: { type: "integer" }, minItems: 1 },
    good: [[1]],
    bad: [[[], ": expected an array of at least 1 item, got an array of 0"]],
  },
  maxItems: {
    schema: { type: "array", items: { type: "integer" }, maxItems: 2 },
    good: [[1, 2]],
    bad: [[[1, "b", 3], ": expected an array of at most 2 items, got an array of 3", '[1]: expected an integer, got "b"']],
  },
  uniqueItems: {
    schema: { type: "array", uniqueItems: true },
    good: [
      [1, "1", 2],
      [{ a: 1 }, { a: 2 }],
      [["a"], ["b"]],
      [new Date(1), new Date(2)],
      [null, "null"],
    ],
    bad: [
      [[1, 2, 1], ": expected an array without repetition, got an array of 3"],
      [
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
        ": expected an array without repetition, got an array of 2",
      ],
      [[new Map([[1, 2]]), new Map([[1, 2]])], ": expected an array without repetition, got an array of 2"],
    ],
  },
  "a tuple": {
    schema: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], items: false, minItems: 2 },
    good: [["a", 1]],
    bad: [
      [["a"], ": expected an array of exactly 2 items, got an array of 1"],
      [["a", 1, 2], ": expected an array of exactly 2 items, got an array of 3"],
      [[1, "a"], "[0]: expected a string, got 1", '[1]: expected an integer, got "a"'],
    ],
  },
  "a tuple with an optional member": {
    schema: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], items: false, minItems: 1 },
    good: [["a"], ["a", 1]],
    bad: [[[], ": expected an array of 1 to 2 items, got an array of 0"]],
  },
  "a tuple with a rest": {
    schema: { type: "array", prefixItems: [{ type: "string" }], items: { type: "integer" }, minItems: 1 },
    good: [["a"], ["a", 1, 2]],
    bad: [[["a", "b"], '[1]: expected an integer, got "b"']],
  },
  "an object": {
    schema: object({ a: { type: "string" }, b: { type: "integer" } }, ["a"]),
    good: [{ a: "x" }, { a: "x", b: 1 }, { a: "x", b: undefined }, { a: "x", more: [1] }, Object.assign(Object.create(null), { a: "x" })],
    bad: [
      [{}, ".a: expected a string, got nothing"],
      [{ a: undefined }, ".a: expected a string, got nothing"],
      [{ a: 1, b: "2" }, ".a: expected a string, got 1", '.b: expected an integer, got "2"'],
      [null, ": expected an object, got null"],
      [[], ": expected an object, got an array of 0"],
      [new Map([["a", "x"]]), ": expected an object, got a Map of 1"],
      [new Date(0), ": expected an object, got the Date 1970-01-01T00:00:00.000Z"],
      [() => 1, ": expected an object, got a function"],
      [/x/, ": expected an object, got a RegExp"],
    ],
  },
  "a property that may be anything": { schema: object({ a: {} }), good: [{ a: null }], bad: [[{}, ".a: expected a value, got nothing"]] },
  "a property that is named only as required": {
    schema: { type: "object", required: ["a"] },
    good: [{ a: 1 }],
    bad: [[{}, ".a: expected a value, got nothing"]],
  },
  "properties with odd names": {
    schema: object(
      { "odd key": { type: "integer" }, constructor: { type: "string" }, ["__proto__"]: { type: "integer" } } as Record<string, JsonSchema>,
      ["odd key", "constructor"],
    ),
    good: [JSON.parse('{ "odd key": 1, "constructor": "x", "__proto__": 1 }')],
    bad: [
      [{ "odd key": "1" }, '["odd key"]: expected an integer, got "1"', ".constructor: expected a string, got nothing"],
      [JSON.parse('{ "odd key": 1, "constructor": "x", "__proto__": "y" }'), '.__proto__: expected an integer, got "y"'],
    ],
  },
  "a getter of a class, which does not travel": {
    schema: object({ a: { type: "integer" } }),
    good: [
      new (class {
        a = 1;
      })(),
    ],
    bad: [
      [
        new (class {
          get a() {
            return 1;
          }
        })(),
        ".a: expected an integer, got nothing",
      ],
    ],
  },
  "a record": {
    schema: { type: "object", additionalProperties: { type: "integer" } },
    good: [{}, { a: 1, b: 2 }, { a: undefined }],
    bad: [[{ a: 1, b: "2", c: null }, '.b: expected an integer, got "2"', ".c: expected an integer, got null"]],
  },
  "a record beside named properties": {
    schema: object({ id: { type: "string" } }, ["id"], { additionalProperties: { type: "integer" } }),
    good: [{ id: "x", n: 1 }],
    bad: [[{ id: "x", n: "1" }, '.n: expected an integer, got "1"']],
  },
  "no more properties": {
    schema: object({ a: { type: "integer" } }, [], { additionalProperties: false }),
    good: [{}, { a: 1 }],
    bad: [[{ b: 1 }, ".b: expected no property of that name, got 1"]],
  },
  propertyNames: {
    schema: { type: "object", propertyNames: { pattern: "^x-" }, additionalProperties: { type: "string" } },
    good: [{ "x-a": "b" }],
    bad: [[{ y: "b" }, '.y: expected a string that matches /^x-/, got "y"']],
  },
  patternProperties: {
    schema: { type: "object", patternProperties: { "^n_": { type: "integer" } }, additionalProperties: { type: "string" } },
    good: [{ n_a: 1, b: "c" }],
    bad: [[{ n_a: "1", b: 2 }, '.n_a: expected an integer, got "1"', ".b: expected a string, got 2"]],
  },
  "a list of types": {
    schema: { type: ["string", "null"], minLength: 1 },
    good: ["a", null],
    bad: [["", ': expected a string of at least 1 character, got ""']],
  },
  "a type read off its keywords": { schema: { pattern: "^a" }, good: ["ab"], bad: [[1, ": expected a string that matches /^a/, got 1"]] },
  "a union of kinds": {
    schema: { anyOf: [{ type: "string" }, { type: "integer", minimum: 1 }, { type: "null" }] },
    good: ["a", 1, null],
    bad: [
      [true, ": expected a string, an integer ≥ 1 or null, got true"],
      [0, ": expected an integer ≥ 1, got 0"],
    ],
  },
  "a union of one kind": {
    schema: { anyOf: [{ enum: ["a", "b"] }, { type: "string", pattern: "^x" }] },
    good: ["a", "xy"],
    bad: [["c", ': expected "a" or "b" or a string that matches /^x/, got "c"']],
  },
  "a union told apart by a literal": {
    schema: {
      anyOf: [
        object({ by: { const: "card" }, last4: { type: "string" } }),
        object({ by: { const: "iban" }, iban: { type: "string" } }),
        object({ by: { enum: ["cash", "none"] } }),
      ],
    },
    good: [{ by: "card", last4: "1234" }, { by: "iban", iban: "DE" }, { by: "none" }],
    bad: [
      [{ by: "iban", last4: "1234" }, ".iban: expected a string, got nothing"],
      [{ by: "cheque" }, '.by: expected "card", "iban", "cash" or "none", got "cheque"'],
      [{}, '.by: expected "card", "iban", "cash" or "none", got nothing'],
      ["card", ': expected an object, got "card"'],
    ],
  },
  "a union told apart by nothing": {
    schema: { anyOf: [object({ a: { type: "integer" }, b: { type: "integer" } }), object({ c: { type: "string" } })] },
    good: [{ a: 1, b: 2 }, { c: "x" }],
    bad: [
      [{ c: 1 }, ".c: expected a string, got 1"],
      [{ a: 1, b: "x" }, '.b: expected an integer, got "x"'],
    ],
  },
  "constraints beside a union": {
    schema: { anyOf: [{ type: "string" }, { type: "null" }], minLength: 2 },
    good: ["ab", null],
    bad: [["a", ': expected a string of at least 2 characters, got "a"']],
  },
  "a Date": {
    schema: date,
    good: [new Date(0), runInNewContext("new Date(0)")],
    bad: [
      ["2026-01-01T00:00:00.000Z", ': expected a Date, got "2026-01-01T00:00:00.000Z"'],
      [new Date(NaN), ": expected a Date, got an invalid Date"],
      [0, ": expected a Date, got 0"],
    ],
  },
  "a bigint": {
    schema: { ...bigint, minimum: 1, multipleOf: 2 },
    good: [2n, 10n ** 30n],
    bad: [
      ["2", ': expected a bigint ≥ 1 that is a multiple of 2, got "2"'],
      [2, ": expected a bigint ≥ 1 that is a multiple of 2, got 2"],
      [0n, ": expected a bigint ≥ 1 that is a multiple of 2, got 0n"],
      [3n, ": expected a bigint ≥ 1 that is a multiple of 2, got 3n"],
    ],
  },
  "a literal bigint": {
    schema: { ...bigint, const: "5" },
    good: [5n],
    bad: [
      [6n, ": expected 5n, got 6n"],
      ["5", ': expected 5n, got "5"'],
    ],
  },
  bytes: {
    schema: bytes,
    good: [new Uint8Array(3), Buffer.from("a"), runInNewContext("new Uint8Array(2)")],
    bad: [
      ["AAAA", ': expected bytes (a Uint8Array), got "AAAA"'],
      [new ArrayBuffer(2), ": expected bytes (a Uint8Array), got a ArrayBuffer"],
      [[1, 2], ": expected bytes (a Uint8Array), got an array of 2"],
    ],
  },
  "a Set": {
    schema: setOf({ type: "string" }, { minItems: 1, maxItems: 2 }),
    good: [new Set(["a"]), runInNewContext("new Set(['a'])")],
    bad: [
      [["a"], ": expected a Set of 1 to 2 entries, got an array of 1"],
      [new Set(), ": expected a Set of 1 to 2 entries, got a Set of 0"],
      [new Set(["a", 1]), "[1]: expected a string, got 1"],
    ],
  },
  "a Map": {
    schema: mapOf({ type: "string" }, { type: "integer" }, { maxItems: 2 }),
    good: [new Map(), new Map([["a", 1]]), runInNewContext("new Map([['a', 1]])")],
    bad: [
      [{ a: 1 }, ": expected a Map of at most 2 entries, got an object"],
      [new Map([["eur", "1"]]), '.get("eur"): expected an integer, got "1"'],
      [new Map([[1, 1]]), ".keys()[0]: expected a string, got 1"],
      [
        new Map([
          ["a", 1],
          ["b", 2],
          ["c", 3],
        ]),
        ": expected a Map of at most 2 entries, got a Map of 3",
      ],
    ],
  },
  "a Date or nothing, in a list": {
    schema: { type: "array", items: { anyOf: [date, { type: "null" }] } },
    good: [[new Date(0), null]],
    bad: [[["x"], '[0]: expected a Date or null, got "x"']],
  },
};

describe("A check", () => {
  for (const [what, { schema, good, bad }] of Object.entries(CASES)) {
    it(`knows ${what}`, () => {
      for (const value of good) expect({ value, said: said(schema, value) }).toEqual({ value, said: [] });
      for (const [value, ...lines] of bad) expect(said(schema, value)).toEqual(lines.map((line) => `payload${line}`));
    });
  }

  it("has a table of at least 150 values", () => {
    const values = Object.values(CASES).reduce((sum, { good, bad }) => sum + good.length + bad.length, 0);
    expect(values).toBeGreaterThanOrEqual(150);
  });

  it("lists every offending path, however deep", () => {
    const line = object({ sku: { type: "string" }, qty: { type: "integer", minimum: 1 } });
    const schema = object({ order: object({ lines: { type: "array", items: line }, placed: date }) });
    const lines = [{ sku: "a", qty: 1 }, { sku: 2, qty: 0 }, { sku: "c", qty: 3 }, { qty: "two" }];
    expect(said(schema, { order: { lines, placed: "today" } })).toEqual([
      "payload.order.lines[1].sku: expected a string, got 2",
      "payload.order.lines[1].qty: expected an integer ≥ 1, got 0",
      "payload.order.lines[3].sku: expected a string, got nothing",
      'payload.order.lines[3].qty: expected an integer ≥ 1, got "two"',
      'payload.order.placed: expected a Date, got "today"',
    ]);
  });

  it("follows references, to themselves too", () => {
    const defs: Record<string, JsonSchema> = {
      Node: object({ name: { type: "string" }, next: { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }] } }),
      Tree: { type: "array", items: { $ref: "#/$defs/Tree", minItems: 1 } },
    };
    expect(said({ $ref: "#/$defs/Node" }, { name: "a", next: { name: "b", next: null } }, defs)).toEqual([]);
    expect(said({ $ref: "#/$defs/Node" }, { name: "a", next: { name: 1, next: 2 } }, defs)).toEqual([
      "payload.next.name: expected a string, got 1",
      "payload.next.next: expected an object or null, got 2",
    ]);
    expect(said({ $ref: "#/$defs/Tree", maxItems: 2, description: "of lists" }, [[[]], [], []], defs)).toEqual([
      "payload: expected an array of at most 2 items, got an array of 3",
      "payload[0][0]: expected an array of at least 1 item, got an array of 0",
      "payload[1]: expected an array of at least 1 item, got an array of 0",
      "payload[2]: expected an array of at least 1 item, got an array of 0",
    ]);
  });

  it("tells the members of a union apart through references and unions in it", () => {
    const defs: Record<string, JsonSchema> = {
      Kind: { const: "b" },
      B: object({ kind: { $ref: "#/$defs/Kind" }, n: { type: "integer" } }),
      AB: { anyOf: [object({ kind: { const: "a" } }), { $ref: "#/$defs/B" }] },
    };
    const schema: JsonSchema = { anyOf: [{ $ref: "#/$defs/AB" }, object({ kind: { const: "c" } })] };
    expect(said(schema, { kind: "b", n: 1 }, defs)).toEqual([]);
    expect(said(schema, { kind: "b", n: "1" }, defs)).toEqual(['payload.n: expected an integer, got "1"']);
    expect(said(schema, { kind: "d" }, defs)).toEqual(['payload.kind: expected "a", "b" or "c", got "d"']);
  });

  it("names the place where a value contains itself, or nests without end", () => {
    const defs: Record<string, JsonSchema> = { Node: object({ next: { $ref: "#/$defs/Node" }, other: { $ref: "#/$defs/Node" } }, []) };
    const { check, encode } = compile(
      { $ref: "#/$defs/Node" },
      { ...defs, Node: { ...defs["Node"], properties: { ...defs["Node"]!.properties, at: date } } },
    );
    const loop: Record<string, unknown> = {};
    loop["next"] = { other: loop };
    for (const run of [() => check(loop), () => encode!(loop), () => check({ at: 1, next: loop })])
      expect(run).toThrow(
        /payload(\.next)?\.next\.other is an object that contains itself, which JSON cannot carry\.[^]*STEM_PAYLOAD_UNSERIALISABLE/,
      );
    let deep: object = {};
    for (let n = 0; n < 10_000; n++) deep = { next: deep };
    expect(() => check(deep)).toThrow("The payload is more than 500 levels deep");
    expect(check({ next: { next: {} } })).toBeUndefined();
  });

  it("keeps to a thousand issues", () => {
    expect(
      said(
        { type: "array", items: { type: "string" } },
        Array.from({ length: 5_000 }, () => 1),
      ),
    ).toHaveLength(1_000);
  });

  it("reads what stands in itself: what leads to itself alone is no schema, a union that is a member of itself adds nothing", () => {
    const A: JsonSchema = { $ref: "#/$defs/A" };
    const several = compile(A, { A: { type: ["array", "null"], items: A, minItems: 1 } });
    expect([[[null]], null].map((one) => several.check(one))).toEqual([undefined, undefined]);
    expect(several.check([[]])).toMatchObject([{ path: "[0]", expected: "an array of at least 1 item" }]);
    const circular = { type: ["array", "null"], items: {} };
    circular.items = circular;
    expect(compile(circular as JsonSchema).check([[null], 1])).toMatchObject([{ expected: "an array or null" }]);
    for (const [of, right, wrong, said] of [
      [{ anyOf: [A, { type: "string" }] }, "x", 1, "a string"],
      [{ anyOf: [{ ...A, minItems: 2 }, { type: "array" }] }, [1], "x", "an array"],
      [{ anyOf: [{ ...A, required: ["a"] }, { type: "object" }] }, {}, "x", "an object"],
      [{ anyOf: [{ $ref: "#/$defs/B" }, { type: "null" }] }, new Date(0), 1, "a Date or null"],
    ] as const) {
      const { check, encode, decode } = compile(A, { A: of, B: { anyOf: [A, { type: "string", "x-stem": "date" }] } } as never);
      expect([check(right), check(wrong)]).toMatchObject([undefined, [{ expected: said }]]);
      const sent: unknown = JSON.parse(JSON.stringify(encode === undefined ? right : encode(right)));
      expect(decode === undefined ? sent : decode(sent)).toEqual(right);
    }
    for (const one of [A, { ...A, minItems: 1 }, { $ref: "#/$defs/B" }])
      expect(() => compile(A, { A: one, B: A })).toThrow(/leads back to itself and to nothing else[^]*STEM_SCHEMA_INVALID/);
  });

  it("says so when a schema cannot be used", () => {
    expect(() => compile({ $ref: "#/$defs/Missing" })).toThrow(/refers to "#\/\$defs\/Missing", which is not there[^]*STEM_SCHEMA_INVALID/);
    expect(() => compile({ type: "string", pattern: "(" })).toThrow(
      /The pattern "\(" of a schema is not a regular expression[^]*STEM_SCHEMA_INVALID/,
    );
  });
});
