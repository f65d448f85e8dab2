import assert from "node:assert/strict";
import { describe, expect, it } from "@jest/globals";
import { compile } from "../../../lib/core/schema/compile.js";
import type { JsonSchema } from "../../../lib/core/schema/json-schema.js";

const date: JsonSchema = { type: "string", format: "date-time", "x-stem": "date" };
const bigint: JsonSchema = { type: "string", pattern: "^-?(0|[1-9][0-9]*)$", "x-stem": "bigint" };
const bytes: JsonSchema = { type: "string", contentEncoding: "base64", "x-stem": "bytes" };
const setOf = (items: JsonSchema): JsonSchema => ({ type: "array", items, "x-stem": "set" });
const mapOf = (key: JsonSchema, member: JsonSchema): JsonSchema => ({
  type: "array",
  items: { type: "array", prefixItems: [key, member], items: false, minItems: 2 },
  "x-stem": "map",
});
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: "object",
  properties,
  required,
});

/** The same numbers on every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A schema with a maker of values for it. */
interface Kind {
  readonly schema: JsonSchema;
  readonly make: () => unknown;
}

/**
 * A random type, nested up to `depth` times. Members of unions differ in kind on both sides, as the generator
 * sees to it.
 */
function anyKind(roll: (below: number) => number, depth: number): Kind {
  const text = (): string => ["", "a", "__proto__", "2026-01-01T00:00:00.000Z", "12", "AAAA", "🙂 ü"][roll(7)]!;
  const leaves: readonly Kind[] = [
    { schema: { type: "string" }, make: text },
    { schema: { type: "integer" }, make: () => roll(100) - 50 },
    { schema: { type: "number" }, make: () => roll(1_000) / 7 },
    { schema: { type: "boolean" }, make: () => roll(2) === 1 },
    { schema: { type: "null" }, make: () => null },
    { schema: { enum: ["a", "b", 3] }, make: () => ["a", "b", 3][roll(3)] },
    { schema: date, make: () => new Date(roll(2) === 0 ? roll(2 ** 31) * 1_000 + roll(1_000) : -62_198_755_200_000 - roll(1_000)) },
    { schema: bigint, make: () => BigInt(roll(1_000) - 500) * 10n ** BigInt(roll(30)) },
    { schema: bytes, make: () => Buffer.from(Array.from({ length: roll(6) }, () => roll(256))) },
  ];
  const shape = depth === 0 ? 0 : roll(10);
  const inner = (): Kind => anyKind(roll, depth - 1);
  if (shape < 3) return leaves[roll(leaves.length)]!;
  if (shape === 3) {
    const item = inner();
    return { schema: { type: "array", items: item.schema }, make: () => Array.from({ length: roll(4) }, item.make) };
  }
  if (shape === 4) {
    const [first, rest] = [inner(), inner()];
    return {
      schema: { type: "array", prefixItems: [first.schema], items: rest.schema, minItems: 1 },
      make: () => [first.make(), ...Array.from({ length: roll(3) }, rest.make)],
    };
  }
  if (shape === 5) {
    const item = inner();
    return { schema: setOf(item.schema), make: () => new Set(Array.from({ length: roll(4) }, item.make)) };
  }
  if (shape === 6) {
    const [key, member] = [inner(), inner()];
    return {
      schema: mapOf(key.schema, member.schema),
      make: () => new Map(Array.from({ length: roll(4) }, () => [key.make(), member.make()])),
    };
  }
  if (shape === 7) {
    const member = inner();
    return {
      schema: { type: "object", additionalProperties: member.schema },
      make: () => {
        const value = {};
        for (const key of ["a", "odd key", "__proto__", "constructor"].slice(0, roll(5)))
          Object.defineProperty(value, key, { value: member.make(), enumerable: true, writable: true, configurable: true });
        return value;
      },
    };
  }
  if (shape === 8) {
    const members = [{ type: "null" }, { type: "boolean" }].map(
      (schema) => ({ schema, make: () => (schema.type === "null" ? null : true) }) as Kind,
    );
    const kinds = [...members.slice(roll(2)), inner()];
    return { schema: { anyOf: kinds.map(({ schema }) => schema) }, make: () => kinds[roll(kinds.length)]!.make() };
  }
  const named = Array.from({ length: 1 + roll(3) }, inner);
  return {
    schema: object(Object.fromEntries(named.map(({ schema }, n) => [`p${n}`, schema]))),
    make: () => Object.fromEntries(named.map(({ make }, n) => [`p${n}`, make()])),
  };
}

describe("What travels", () => {
  it("comes back as it was sent, whatever the type", () => {
    let translated = 0;
    for (let seed = 1; seed <= 3_000; seed++) {
      const roll = dice(seed);
      const { schema, make } = anyKind(roll, 4);
      const { check, encode, decode } = compile(schema);
      const value = make();
      expect({ seed, schema, issues: check(value) }).toEqual({ seed, schema, issues: undefined });
      const wire: unknown = JSON.parse(JSON.stringify(encode === undefined ? value : encode(value)));
      const back = decode === undefined ? wire : decode(wire);
      // Not toStrictEqual, which is misled by a property called constructor.
      assert.deepStrictEqual({ seed, schema, back }, { seed, schema, back: value });
      expect({ seed, issues: check(back) }).toEqual({ seed, issues: undefined });
      if (encode !== undefined) translated++;
    }
    expect(translated).toBeGreaterThan(1_000);
  });

  it("is what JSON Schema says beside each type", () => {
    const schema = object({ at: date, n: bigint, raw: bytes, tags: setOf({ type: "string" }), prices: mapOf({ type: "string" }, bigint) });
    const value = {
      at: new Date(1_000),
      n: -5n,
      raw: new Uint8Array([1, 2, 255]).subarray(1),
      tags: new Set(["a"]),
      prices: new Map([["eur", 5n]]),
    };
    const { encode, decode } = compile(schema);
    expect(encode!(value)).toEqual({ at: "1970-01-01T00:00:01.000Z", n: "-5", raw: "Av8=", tags: ["a"], prices: [["eur", "5"]] });
    expect(value.prices.get("eur")).toBe(5n);
    const back = decode!(encode!(value)) as typeof value;
    expect(back).toEqual({ ...value, raw: Buffer.from([2, 255]) });
    expect(back.raw).toBeInstanceOf(Uint8Array);
    expect(back.raw.buffer.byteLength).toBe(2);
  });

  it("needs no translation where JSON says it all, so that it costs nothing", () => {
    const defs = { Node: object({ next: { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }] } }) };
    for (const schema of [
      {},
      { type: "string", format: "date-time" },
      object({ a: { type: "array", items: { type: "integer" } } }),
      { $ref: "#/$defs/Node" },
    ] as JsonSchema[])
      expect(compile(schema, defs)).toMatchObject({ encode: undefined, decode: undefined });
  });

  it("keeps the members of a union apart by what they are, there and back", () => {
    const cases: readonly (readonly [JsonSchema, readonly unknown[]])[] = [
      [{ anyOf: [date, { type: "null" }] }, [new Date(5), null]],
      [{ anyOf: [date, bigint] }, [new Date(5), 5n]],
      [{ anyOf: [date, { enum: ["now", "never"] }] }, [new Date(5), "now", "never"]],
      [{ anyOf: [{ type: "integer" }, bigint] }, [5, 5n]],
      [{ anyOf: [mapOf({ type: "string" }, { type: "integer" }), { type: "string" }] }, [new Map([["a", 1]]), "a"]],
      [{ anyOf: [setOf(date), object({ at: date })] }, [new Set([new Date(5)]), { at: new Date(5) }]],
      [
        { anyOf: [object({ by: { const: "time" }, at: date }), object({ by: { const: "text" }, at: { type: "string" } })] },
        [
          { by: "time", at: new Date(5) },
          { by: "text", at: "1970-01-01T00:00:00.005Z" },
        ],
      ],
      [{ anyOf: [object({ a: date }), object({ b: bigint })] }, [{ a: new Date(5) }, { b: 5n }]],
    ];
    for (const [schema, values] of cases) {
      const { encode, decode } = compile(schema);
      for (const value of values) expect(decode!(JSON.parse(JSON.stringify(encode!(value))))).toStrictEqual(value);
    }
  });

  it("goes with recursive types, constraints beside the reference too", () => {
    const defs: Record<string, JsonSchema> = {
      Event: object({ at: date, after: { type: "array", items: { $ref: "#/$defs/Event", description: "what came of it" } } }),
      Tree: { type: "array", items: { anyOf: [{ $ref: "#/$defs/Tree", minItems: 1 }, bigint] } },
    };
    const event = { at: new Date(1), after: [{ at: new Date(2), after: [] }] };
    for (const [schema, value] of [
      [{ $ref: "#/$defs/Event" }, event],
      [{ $ref: "#/$defs/Tree" }, [[1n], [[2n, 3n]]]],
    ] as const) {
      const { check, encode, decode } = compile(schema, defs);
      expect(check(value)).toBeUndefined();
      expect(decode!(JSON.parse(JSON.stringify(encode!(value))))).toStrictEqual(value);
    }
  });

  it("leaves what does not fit as it is, for the check to name", () => {
    const schema = object({ at: date, n: bigint, raw: bytes, tags: setOf(date), prices: mapOf({ type: "string" }, date) });
    const { check, encode, decode } = compile(schema);
    const odd = { at: "tomorrow", n: "five", raw: "a b", tags: "x", prices: [["a"]], more: [1] };
    expect(decode!(odd)).toEqual(odd);
    expect(decode!("x")).toBe("x");
    expect(check(decode!(odd))!.map(({ path }) => path)).toEqual([".at", ".n", ".raw", ".tags", ".prices"]);
    const wrong = { at: new Date(NaN), n: 5, raw: [1], tags: [new Date(1)], prices: { a: 1 } };
    expect(encode!(wrong)).toEqual(wrong);
    expect(encode!({ at: new Map() })).toEqual({ at: new Map() });
    expect(encode!(new Map([["at", 1]]))).toEqual(new Map([["at", 1]]));
  });

  it("poisons no prototype, and changes nothing it was given", () => {
    const { encode, decode } = compile({ type: "object", additionalProperties: { type: "object", additionalProperties: date } });
    const wire = JSON.parse(
      '{ "__proto__": { "polluted": "1970-01-01T00:00:00.000Z" }, "a": { "at": "1970-01-01T00:00:00.000Z" } }',
    ) as object;
    const copy = structuredClone(wire);
    const back = decode!(wire) as Record<string, unknown>;
    expect(wire).toEqual(copy);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.keys(back)).toEqual(["__proto__", "a"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(JSON.stringify(encode!(back))).toBe(JSON.stringify(wire));
  });

  it("takes a property for absent that only every object inherits", () => {
    const { encode, decode } = compile(object({ toString: date, at: date }, []));
    for (const translate of [encode!, decode!]) expect(Object.keys(translate({}) as object)).toEqual([]);
  });

  it("goes as wide as it likes", () => {
    const { check, encode, decode } = compile({ type: "array", items: { $ref: "#/$defs/At" } }, { At: object({ at: date }) });
    const wide = Array.from({ length: 2_000 }, (_, n) => ({ at: new Date(n) }));
    expect(check(wide)).toBeUndefined();
    expect(decode!(encode!(wide))).toEqual(wide);
  });

  it("reads dates as other languages write them, and no others", () => {
    const { decode } = compile(date);
    expect(decode!("2026-01-31T10:00:00+02:00")).toEqual(new Date("2026-01-31T08:00:00Z"));
    expect(decode!("2026-01-31T10:00:00.123456Z")).toEqual(new Date("2026-01-31T10:00:00.123Z"));
    for (const text of ["5", "2026-01-31", "2026-02-30T00:00:00Z", "Sat, 31 Jan 2026 10:00:00 GMT"]) expect(decode!(text)).toBe(text);
  });
});

it.each<[string, JsonSchema, unknown, unknown]>([
  ["list", { type: "array", items: { not: {} } }, [], [1]],
  ["tuple", { type: "array", prefixItems: [{ not: {} }], items: false }, [], [1]],
  ["rest", { type: "array", prefixItems: [bigint], items: { not: {} }, minItems: 1 }, [1n], [1n, 1]],
  ["Set", setOf({ not: {} }), new Set(), new Set([1])],
  ["Map", mapOf(bigint, { not: {} }), new Map(), new Map([[1n, 1]])],
])("A %s of never is the empty one, and travels", (_, schema, empty, other) => {
  const { check, encode, decode } = compile(schema);
  expect([check(empty), check(other)]).toMatchObject([undefined, [{}]]);
  const sent: unknown = JSON.parse(JSON.stringify(encode === undefined ? empty : encode(empty)));
  expect(decode === undefined ? sent : decode(sent)).toEqual(empty);
});
