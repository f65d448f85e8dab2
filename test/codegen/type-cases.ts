/** A type, what it becomes, or why it is refused. Every one is a row of docs/maintaining/types.md. */
export interface TypeCase {
  /** What stands after `payload:`. */
  readonly type: string;
  /** Declarations it needs, in the same file. */
  readonly with?: string;
  /** The schema. */
  readonly schema?: unknown;
  readonly $defs?: Readonly<Record<string, unknown>>;
  /** `undefined` may be given too. */
  readonly optional?: true;
  /** The codes of the diagnostics, and the line each is at if it is not the line of the type. */
  readonly refused?: readonly string[];
  /** No way but the checker's leads to it. */
  readonly inferred?: true;
}

export interface TypeGroup {
  readonly title: string;
  readonly cases: readonly TypeCase[];
}

const text = { type: "string" };
const num = { type: "number" };
const flag = { type: "boolean" };
const nothing = { type: "null" };
const date = { type: "string", format: "date-time", "x-stem": "date" };
const big = { type: "string", pattern: "^-?(0|[1-9][0-9]*)$", "x-stem": "bigint" };
const bytes = { type: "string", contentEncoding: "base64", "x-stem": "bytes" };
const some = { anyOf: ["array", "boolean", "number", "object", "string"].map((type) => ({ type })) };
const list = (items: unknown) => ({ type: "array", items });
const set = (items: unknown) => ({ type: "array", items, "x-stem": "set" });
const map = (key: unknown, value: unknown) => ({
  type: "array",
  items: { type: "array", prefixItems: [key, value], items: false, minItems: 2 },
  "x-stem": "map",
});
const either = (...anyOf: unknown[]) => ({ anyOf });
const tuple = (prefixItems: unknown[], minItems = prefixItems.length, items: unknown = false) => ({
  type: "array",
  ...(prefixItems.length > 0 && { prefixItems }),
  items,
  ...(minItems > 0 && { minItems }),
});
/** A list whose last members have types of their own. */
const ended = (prefixItems: unknown[], rest: unknown, last: unknown[]) => {
  const items = [...new Map([rest, ...last].map((one) => [JSON.stringify(one), one])).values()].sort((a, b) =>
    JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
  );
  return {
    ...tuple(prefixItems, prefixItems.length + last.length, items.length === 1 ? items[0] : either(...items)),
    "x-stem-rest": [rest, ...last],
  };
};
/** Properties, those whose names end in `?` not required. */
const obj = (properties: Readonly<Record<string, unknown>>, more: object = {}) => {
  const required = Object.keys(properties).filter((name) => !name.endsWith("?"));
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name.replace(/\?$/, ""), schema])),
    ...(required.length > 0 && { required: required.toSorted() }),
    ...more,
  };
};
const dict = (additionalProperties: unknown, more: object = {}) => ({ type: "object", additionalProperties, ...more });

/** A number in a template literal type: whatever converts to one. */
const NUMERAL =
  "(?:\\s*(?:[+\\-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE](?:-[0-9]+|\\+?0*(?:[0-9]{1,2}|[12][0-9]{2}|30[0-8])))?|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)\\s*|\\s+)";
const ORDER = "interface Order { id: string; lines: { sku: string; count: number }[]; note?: string }";
const LINES = list(obj({ sku: text, count: num }));

export const TYPES: readonly TypeGroup[] = [
  {
    title: "Plain values",
    cases: [
      { type: "string", schema: text },
      { type: "number", schema: num },
      { type: "boolean", schema: flag },
      { type: "null", schema: nothing },
      { type: "unknown", schema: {} },
      { type: "any", schema: {} },
      { type: "object", schema: either({ type: "array" }, { type: "object" }) },
      { type: "{}", schema: some },
      { type: "Object", schema: some },
      { type: "{} | null", schema: {} },
      { type: "{} | undefined", schema: some, optional: true },
      { type: "unknown & {}", schema: some },
      { type: "any & {}", schema: {} },
      { type: "NonNullable<unknown>", schema: some },
      { type: "Empty", with: "interface Empty {}", schema: some },
      { type: "More", with: "class Empty {} class More extends Empty { a!: string }", schema: obj({ a: text }) },
      { type: "Record<never, string>", schema: some },
      { type: "Record<string, never>", schema: { type: "object", additionalProperties: false } },
      { type: "`${string}${string}`", schema: text },
      { type: "Size", with: 'enum Size { Small = "s".length, Large = 2 }', schema: num, inferred: true },
      { type: "Mixed", with: 'enum Mixed { Text = "t", Size = "s".length }', schema: either({ const: "t" }, num), inferred: true },
      { type: 'Omit<{ a: string }, "a">', schema: some },
      { type: "(string | null) & {}", schema: text },
      { type: "{ a: {}; b: {} & { c: number } } & { a: string | null }", schema: obj({ a: text, b: obj({ c: num }) }) },
      { type: "{ a: any } & { a: string }", schema: obj({ a: {} }) },
      { type: "{ a: unknown } & { a: string }", schema: obj({ a: text }) },
      { type: "undefined" },
      { type: "void" },
      { type: '"draft"', schema: { const: "draft" } },
      { type: "-1", schema: { const: -1 } },
      { type: "true", schema: { const: true } },
      { type: '"a" | "b" | 3', schema: { enum: [3, "a", "b"] } },
      { type: '"a" | null', schema: { enum: ["a", null] } },
      { type: "true | false", schema: flag },
      { type: "string | number", schema: either(num, text) },
      { type: "string | null", schema: either(text, nothing) },
      { type: '"small" | (string & {})', schema: text },
      { type: 'string | "a"', schema: text },
      { type: "string | undefined", schema: text, optional: true },
    ],
  },
  {
    title: "Values that JSON has no word for",
    cases: [
      { type: "Date", schema: date },
      { type: "bigint", schema: big },
      { type: "10n", schema: { type: "string", const: "10", "x-stem": "bigint" } },
      { type: "Uint8Array", schema: bytes },
      { type: "Buffer", schema: bytes },
      { type: "Map<string, Date>", schema: map(text, date) },
      { type: "ReadonlyMap<number, { at: Date }>", schema: map(num, obj({ at: date })) },
      { type: "Set<bigint>", schema: set(big) },
      { type: "ReadonlySet<string>", schema: set(text) },
      { type: "Date | null", schema: either(date, nothing) },
      { type: "Date | number", schema: either(num, date) },
      { type: "Date | bigint", schema: either(date, big) },
      { type: "Date[] | null", schema: either(list(date), nothing) },
    ],
  },
  {
    title: "Lists and tuples",
    cases: [
      { type: "string[]", schema: list(text) },
      { type: "readonly string[]", schema: list(text) },
      { type: "Array<number | null>", schema: list(either(num, nothing)) },
      { type: "ReadonlyArray<Date>", schema: list(date) },
      { type: "string[][]", schema: list(list(text)) },
      { type: "[string, number]", schema: tuple([text, num]) },
      { type: "[string, number?]", schema: tuple([text, num], 1) },
      { type: "[x: number, y: number]", schema: tuple([num, num]) },
      { type: "[string, ...number[]]", schema: tuple([text], 1, num) },
      { type: "readonly [Date, ...[string, boolean]]", schema: tuple([date, text, flag]) },
      { type: "[]", schema: tuple([]) },
      { type: "{ items: never[]; n: 1 }", schema: obj({ items: list({ not: {} }), n: { const: 1 } }) },
      { type: "[string, ...never[]]", schema: tuple([text], 1, { not: {} }) },
      { type: "[never?]", schema: tuple([{ not: {} }], 0) },
      { type: "Set<never>", schema: set({ not: {} }) },
      { type: "Map<string, never>", schema: map(text, { not: {} }) },
      { type: "[string, never]", refused: ["STEM2007"] },
    ],
  },
  {
    title: "Objects",
    cases: [
      { type: "{ to: string; subject?: string }", schema: obj({ to: text, "subject?": text }) },
      { type: "{ a: string | undefined; b?: number | null }", schema: obj({ "a?": text, "b?": either(num, nothing) }) },
      { type: '{ "odd name": 1; 2: string }', schema: obj({ "odd name": { const: 1 }, 2: text }) },
      { type: "{ readonly deep: { readonly er: Date } }", schema: obj({ deep: obj({ er: date }) }) },
      { type: "Order", with: ORDER, schema: obj({ id: text, lines: LINES, "note?": text }) },
      {
        type: "Big",
        with: `${ORDER} interface Big extends Order { id: "x"; size: number }`,
        schema: obj({ id: { const: "x" }, lines: LINES, "note?": text, size: num }),
      },
      { type: "Both", with: "interface Both { a: string } interface Both { b: number }", schema: obj({ a: text, b: num }) },
      { type: "A & B", with: "type A = { a: string }; interface B { b?: Date }", schema: obj({ a: text, "b?": date }) },
      {
        type: "(A | B) & { at: Date }",
        with: 'type A = { kind: "a" }; type B = { kind: "b"; n: number }',
        schema: either(obj({ at: date, kind: { const: "a" } }), obj({ at: date, kind: { const: "b" }, n: num })),
      },
      { type: "{ [key: string]: number }", schema: dict(num) },
      { type: "{ total: number; [key: string]: number }", schema: obj({ total: num }, { additionalProperties: num }) },
      { type: "Record<string, Date>", schema: dict(date) },
      { type: 'Record<"a" | "b", boolean>', schema: obj({ a: flag, b: flag }) },
      { type: "Record<`x-${string}`, string>", schema: dict(text, { propertyNames: { type: "string", pattern: "^x-[\\s\\S]*$" } }) },
      { type: "Partial<Order>", with: ORDER, schema: obj({ "id?": text, "lines?": LINES, "note?": text }) },
      { type: "Required<Order>", with: ORDER, schema: obj({ id: text, lines: LINES, note: text }) },
      { type: "Readonly<Order>", with: ORDER, schema: obj({ id: text, lines: LINES, "note?": text }) },
      { type: 'Pick<Order, "id" | "note">', with: ORDER, schema: obj({ id: text, "note?": text }) },
      { type: 'Omit<Order, "lines">', with: ORDER, schema: obj({ id: text, "note?": text }) },
      { type: "Partial<Record<Size, number>>", with: 'type Size = "s" | "m"', schema: obj({ "s?": num, "m?": num }) },
      {
        type: "Dto",
        with: "class Dto { name!: string; tags?: string[] = []; static from() { return new Dto(); } }",
        schema: obj({ name: text, "tags?": list(text) }),
      },
    ],
  },
  {
    title: "Enums, names and operators",
    cases: [
      { type: "State", with: 'enum State { Open = "open", Shut = "shut" }', schema: { enum: ["open", "shut"] } },
      { type: "Level", with: "enum Level { Low, Mid = 5, High }", schema: { enum: [0, 5, 6] } },
      { type: "Way.Up", with: 'const enum Way { Up = "up", Down = "down" }', schema: { const: "up" } },
      { type: "keyof Order", with: ORDER, schema: { enum: ["id", "lines", "note"] } },
      { type: "keyof typeof SIZES", with: "const SIZES = { small: 1, large: 2 }", schema: { enum: ["large", "small"] } },
      {
        type: "typeof SIZES",
        with: "const SIZES = { small: 1, name: 'x' } as const",
        schema: obj({ small: { const: 1 }, name: { const: "x" } }),
      },
      { type: "(typeof KINDS)[number]", with: 'const KINDS = ["a", "b"] as const', schema: { enum: ["a", "b"] } },
      { type: 'Order["lines"][number]["sku"]', with: ORDER, schema: text },
      { type: 'Order["note"]', with: ORDER, schema: text, optional: true },
      { type: "`order-${number}`", schema: { type: "string", pattern: `^order-${NUMERAL}$` } },
      { type: "`${string}-${bigint}`", schema: { type: "string", pattern: "^(?:(?!-)[\\s\\S])*-(?:0|(?:-)?[1-9](?:[0-9])*)$" } },
      { type: "Uppercase<string>", schema: { type: "string", pattern: "^(?:\\P{Changes_When_Uppercased})*$" } },
      { type: 'Capitalize<"ada" | "bob">', schema: { enum: ["Ada", "Bob"] } },
      { type: "`x-${Lowercase<string>}`", schema: { type: "string", pattern: "^x-(?:\\P{Changes_When_Lowercased})*$" } },
      { type: 'Extract<"a-1" | "b-1", `a-${string}`>', schema: { const: "a-1" } },
      { type: 'Exclude<"a-1" | "b-1", `a-${string}`>', schema: { const: "b-1" } },
      {
        type: "keyof typeof STATUS",
        with: 'const STATUS = { 200: "ok", 404: "nf", gone: "g" } as const',
        schema: { enum: [200, 404, "gone"] },
      },
      { type: "keyof Codes", with: "interface Codes { 1: string; two: string }", schema: { enum: [1, "two"] } },
      { type: 'keyof Record<200 | "a", string>', schema: { enum: [200, "a"] } },
      {
        type: "Record<`a-${string}` | `b-${string}`, number>",
        schema: dict(num, {
          propertyNames: either({ type: "string", pattern: "^a-[\\s\\S]*$" }, { type: "string", pattern: "^b-[\\s\\S]*$" }),
        }),
      },
      { type: "Perm", with: "enum Perm { R = 1, W = 2, X = 4 }", schema: { enum: [0, 1, 2, 3, 4, 5, 6, 7] } },
      {
        type: "Perm",
        with: "enum Perm { None, R = 1 << 0, W = 1 << 1, X = 1 << 2, All = R | W | X }",
        schema: { enum: [0, 1, 2, 3, 4, 5, 6, 7] },
        inferred: true,
      },
      { type: "Twice", with: 'enum Twice { A = "a" } enum Twice { B = "b" }', schema: { enum: ["a", "b"] } },
      { type: '`${"a" | "b"}.${1 | 2}`', schema: { enum: ["a.1", "a.2", "b.1", "b.2"] } },
      { type: 'Exclude<"a" | "b" | "c", "a">', schema: { enum: ["b", "c"] } },
      { type: 'Extract<"a" | 1, string>', schema: { const: "a" } },
      { type: "NonNullable<string | null | undefined>", schema: text },
      { type: "Id", with: 'type Id = string & { readonly __brand: "id" }', schema: text },
      {
        type: "Brand<number, 'cents'>",
        with: "declare const brand: unique symbol; type Brand<T, B> = T & { readonly [brand]: B }",
        schema: num,
      },
      {
        type: "Page<Order>",
        with: `${ORDER} interface Page<T, C = string> { items: T[]; next?: C }`,
        schema: obj({ items: list(obj({ id: text, lines: LINES, "note?": text })), "next?": text }),
      },
      { type: "Maybe<Date>", with: "type Maybe<T> = T | null", schema: either(date, nothing) },
      { type: 'import("./order.js").Far', schema: obj({ at: date }) },
      { type: "Far", with: 'import type { Far } from "./barrel.js"', schema: obj({ at: date }) },
      { type: "far.Far", with: 'import type * as far from "./order.js"', schema: obj({ at: date }) },
      { type: "Shared", with: 'import type { Shared } from "shared"', schema: obj({ n: num }) },
    ],
  },
  {
    title: "Declared more than once, and extended",
    cases: [
      { type: "U", with: "class U { a!: string } interface U { b: Date }", schema: obj({ a: text, b: date }) },
      { type: "U", with: "interface U { b: Date } class U { a!: string }", schema: obj({ a: text, b: date }) },
      {
        type: "U",
        with: "interface Base { c: number } interface U { a: string } interface U extends Base { b: Date }",
        schema: obj({ a: text, b: date, c: num }),
      },
      {
        type: "Added",
        with: 'import type { Added } from "./added.js"; declare module "./added.js" { interface Added { more: Kind } }',
        schema: obj({ at: date, more: { enum: ["a", "b"] } }),
      },
      { type: "Rows", with: "interface Rows extends Array<{ id: string }> {}", schema: list(obj({ id: text })) },
      { type: "Rows<Date>", with: "interface Rows<T> extends ReadonlyArray<T> {}", schema: list(date) },
      {
        type: "{ at?: Deep<Date>; of: Deep<Uint8Array> }",
        with: "type Deep<T> = { [K in keyof T]?: T[K] }",
        schema: obj({ "at?": date, of: bytes }),
        inferred: true,
      },
      {
        type: "DeepPartial<{ at: Date; by: { n: number } }>",
        with: "type DeepPartial<T> = T | (T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T)",
        schema: either(obj({ "at?": date, "by?": either(obj({ n: num }), obj({ "n?": num })) }), obj({ at: date, by: obj({ n: num }) })),
        inferred: true,
      },
      {
        type: "{ a: string } & { [brand]: true }",
        with: "declare const brand: unique symbol",
        schema: obj({ a: text }),
        inferred: true,
      },
      { type: "{ a: string; [brand]: true }", with: "declare const brand: unique symbol", refused: ["STEM2002"], inferred: true },
      {
        type: "{ json: Input }",
        with: "type Input = string | Values | { toJSON(): unknown }; interface Values { readonly [key: string]: Input | null }",
        schema: obj({ json: { $ref: "#/$defs/Input" } }),
        $defs: { Input: either(dict(either({ $ref: "#/$defs/Input" }, nothing)), text) },
      },
      { type: "{ toJSON(): unknown }", refused: ["STEM2001"] },
      { type: "Tags", with: "interface Tags extends Set<string> {}", schema: set(text) },
      { type: "Rows", with: "class Rows extends Array<string> {}", schema: list(text) },
      {
        type: "{ json: JsonValue }",
        with: "type JsonValue = string | JsonObject | JsonArray; interface JsonObject { [key: string]: JsonValue } interface JsonArray extends Array<JsonValue> {}",
        schema: obj({ json: { $ref: "#/$defs/JsonValue" } }),
        $defs: {
          JsonValue: either(dict({ $ref: "#/$defs/JsonValue" }), list({ $ref: "#/$defs/JsonValue" }), text),
        },
        inferred: true,
      },
      { type: "Required<{ a?: string | undefined }>", schema: obj({ a: text }) },
      {
        type: "All<{ a?: string | undefined }>",
        with: "type All<T> = { [K in keyof T]-?: T[K] }",
        schema: obj({ a: text }),
        inferred: true,
      },
      { type: "[...string[], number]", schema: ended([], text, [num]) },
      { type: "[Date, ...string[], number]", schema: ended([date], text, [num]) },
      { type: "[...string[], Date]", schema: ended([], text, [date]) },
      { type: "[...string[], string]", schema: ended([], text, [text]) },
      { type: "[string, ...[number, ...string[], Date], boolean]", schema: ended([text, num], text, [date, flag]) },
      { type: "Ended<number[]>", with: "type Ended<T extends unknown[]> = [...T, Date]", schema: ended([], num, [date]) },
      { type: "[...string[], Date] | null", schema: either(ended([], text, [date]), nothing) },
      { type: "[...string[], Date] | Date[]", refused: ["STEM2005"] },
      { type: "[...(string | undefined)[], number]", refused: ["STEM2006"] },
      { type: "Rows", with: "interface Rows extends Array<string> { total: number }", refused: ["STEM2003"] },
    ],
  },
  {
    title: "Recursive and shared types",
    cases: [
      {
        type: "Tree",
        with: "interface Tree { value: Date; below: Tree[] }",
        schema: { $ref: "#/$defs/Tree" },
        $defs: { Tree: obj({ below: list({ $ref: "#/$defs/Tree" }), value: date }) },
      },
      {
        type: "{ json: Json }",
        with: "type Json = string | number | boolean | null | Json[] | { [key: string]: Json }",
        schema: obj({ json: { $ref: "#/$defs/Json" } }),
        $defs: { Json: either(dict({ $ref: "#/$defs/Json" }), list({ $ref: "#/$defs/Json" }), flag, num, text, nothing) },
      },
      {
        type: "{ from: Point; to: Point }",
        with: "type Point = { x: number }",
        schema: obj({ from: { $ref: "#/$defs/Point" }, to: { $ref: "#/$defs/Point" } }),
        $defs: { Point: obj({ x: num }) },
      },
      {
        type: "List<string>",
        with: "interface List<T> { head: T; tail?: List<T> }",
        schema: { $ref: "#/$defs/List" },
        $defs: { List: obj({ head: text, "tail?": { $ref: "#/$defs/List" } }) },
      },
      {
        type: "A",
        with: "interface A { b?: B } interface B { a?: A }",
        schema: { $ref: "#/$defs/A" },
        $defs: { A: obj({ "b?": obj({ "a?": { $ref: "#/$defs/A" } }) }) },
      },
      {
        type: "{ l: L }",
        with: "type L = (L | string)[]",
        schema: obj({ l: { $ref: "#/$defs/L" } }),
        $defs: { L: list(either({ $ref: "#/$defs/L" }, text)) },
      },
      {
        type: "{ l: L }",
        with: "type L = readonly L[]",
        schema: obj({ l: { $ref: "#/$defs/L" } }),
        $defs: { L: list({ $ref: "#/$defs/L" }) },
      },
      {
        type: "{ l: L }",
        with: "type L = [number, L?]",
        schema: obj({ l: { $ref: "#/$defs/L" } }),
        $defs: { L: tuple([num, { $ref: "#/$defs/L" }], 1) },
      },
      {
        type: "{ m: M }",
        with: "type M = Map<string, M>",
        schema: obj({ m: { $ref: "#/$defs/M" } }),
        $defs: { M: map(text, { $ref: "#/$defs/M" }) },
      },
      {
        type: "{ s: S<Date> }",
        with: "type S<T> = Set<S<T> | T>",
        schema: obj({ s: { $ref: "#/$defs/S" } }),
        $defs: { S: set(either({ $ref: "#/$defs/S" }, date)) },
      },
      {
        type: "ReturnType<typeof make>",
        with: "type L = (L | string)[]; function make() { return { a: null! as L, at: new Date() }; }",
        schema: obj({ a: { $ref: "#/$defs/L" }, at: date }),
        $defs: { L: list(either({ $ref: "#/$defs/L" }, text)) },
        inferred: true,
      },
    ],
  },
  {
    title: "Unions of objects",
    cases: [
      {
        type: "A | B",
        with: 'interface A { kind: "a"; at: Date } interface B { kind: "b"; at: string }',
        schema: either(obj({ at: date, kind: { const: "a" } }), obj({ at: text, kind: { const: "b" } })),
      },
      { type: "{ a: string; b?: never } | { b: number }", schema: either(obj({ a: text, "b?": { not: {} } }), obj({ b: num })) },
      {
        type: "{ at: Date; raw?: never } | { at: string; raw: string }",
        schema: either(obj({ at: date, "raw?": { not: {} } }), obj({ at: text, raw: text })),
      },
      { type: "{ at: Date; raw?: never } | { at: string; raw?: string }", refused: ["STEM2005"] },
      { type: "{ at?: Date } | { at: Date; n: 1 }", schema: either(obj({ at: date, n: { const: 1 } }), obj({ "at?": date })) },
      { type: "{ a: string; b?: undefined }", schema: obj({ a: text, "b?": { not: {} } }) },
    ],
  },
  {
    title: "Left to the checker",
    cases: [
      {
        type: "ReturnType<typeof make>",
        with: "function make() { return { id: 'x', at: new Date() }; }",
        schema: obj({ at: date, id: text }),
        inferred: true,
      },
      {
        type: "Nullable<Order>",
        with: `${ORDER} type Nullable<T> = { [K in keyof T]: T[K] | null }`,
        schema: obj({ id: either(text, nothing), lines: either(LINES, nothing), "note?": either(text, nothing) }),
        inferred: true,
      },
      {
        type: "Dated<{ a: string }>",
        with: "type Dated<T> = T extends { a: string } ? { at: Date } : never",
        schema: obj({ at: date }),
        inferred: true,
      },
      {
        type: "z.infer<typeof schema>",
        with: 'import * as z from "zod-like"; const schema = z.object({ name: z.string(), age: z.number() })',
        schema: obj({ name: text, age: num }),
        inferred: true,
      },
    ],
  },
  {
    title: "Constraints in doc comments",
    cases: [
      { type: "{\n/** @minimum 1 @maximum 9 */ n: number }", refused: ["STEM2010"] },
      {
        type: "{\n/** Pieces.\n * @minimum 1\n * @maximum 9\n * @integer\n */ n: number }",
        schema: obj({ n: { type: "integer", minimum: 1, maximum: 9, description: "Pieces." } }),
      },
      { type: "{\n/** @pattern ^[A-Z]{2}-\\d+$ */ sku: string }", schema: obj({ sku: { type: "string", pattern: "^[A-Z]{2}-\\d+$" } }) },
      { type: "{\n/** @format email */ to: string | null }", schema: obj({ to: either({ type: "string", format: "email" }, nothing) }) },
      { type: "{\n/** @minItems 1 */ to: string[] }", schema: obj({ to: { ...list(text), minItems: 1 } }) },
      { type: "{ to: Email }", with: "/** @format email */ type Email = string", schema: obj({ to: { type: "string", format: "email" } }) },
      {
        type: "{\n/** @deprecated\n * @default 3\n * @example 4\n */ n?: number }",
        schema: obj({ "n?": { type: "number", deprecated: true, default: 3, examples: [4] } }),
      },
      { type: "{\n/** @minLength 1 */ n: number }", refused: ["STEM2009"] },
      { type: "{\n/** @minimum 0 */ n: bigint }", refused: ["STEM2009"] },
      { type: "{\n/** @minimum low */ n: number }", refused: ["STEM2010"] },
      { type: "{\n/** @pattern /a/ */ s: string }", refused: ["STEM2010"] },
    ],
  },
  {
    title: "Refused",
    cases: [
      { type: "{ done: () => void }", refused: ["STEM2001"] },
      { type: "{ done(): void }", refused: ["STEM2001"] },
      { type: "Function", refused: ["STEM2001"] },
      { type: "new () => object", refused: ["STEM2001"] },
      { type: "{ (): void }", refused: ["STEM2001"] },
      { type: "{ key: symbol }", refused: ["STEM2002"] },
      { type: "{ [key: symbol]: string }", refused: ["STEM2002"] },
      { type: "Account", with: "class Account { id = ''; close() {} }", refused: ["STEM2003"] },
      { type: "{ by: Account }", with: "class Account { constructor(private readonly id: string) {} }", refused: ["STEM2003"] },
      { type: "{ by: Account }", with: "class Account { #id = 1 }", refused: ["STEM2003"] },
      { type: "{ by: Account }", with: "class Account { get id() { return 1 } }", refused: ["STEM2003"] },
      { type: "{ match: RegExp }", refused: ["STEM2004"] },
      { type: "Error", refused: ["STEM2004"] },
      { type: "WeakMap<object, string>", refused: ["STEM2004"] },
      { type: "{ later: Promise<string> }", refused: ["STEM2004"] },
      { type: "Float32Array", refused: ["STEM2004"] },
      { type: "{ body: ReadableStream }", refused: ["STEM2004"] },
      { type: "URL", refused: ["STEM2004"] },
      { type: "{ at: Date | string }", refused: ["STEM2005"] },
      { type: "bigint | string", refused: ["STEM2005"] },
      { type: "Map<string, number> | string[]", refused: ["STEM2005"] },
      { type: "{ at: Date } | { at: string }", refused: ["STEM2005"] },
      { type: "Set<string> | Map<string, string>", refused: ["STEM2005"] },
      { type: "(string | undefined)[]", refused: ["STEM2006"] },
      { type: "[string | undefined]", refused: ["STEM2006"] },
      { type: "Map<string, number | undefined>", refused: ["STEM2006"] },
      { type: "never", refused: ["STEM2007"] },
      { type: "{ gone: never }", refused: ["STEM2007"] },
      { type: "{ x: Missing }", refused: ["STEM2011"] },
      { type: "Box<number>", with: "interface Box<T> { in?: Box<T[]> }", refused: ["STEM2012"] },
    ],
  },
];
