import { types } from "node:util";
import type { Checks } from "./check.js";
import { Circles } from "./circles.js";
import { momentOf } from "./formats.js";
import type { JsonSchema, StemType } from "./json-schema.js";
import { isRecord } from "./kinds.js";
import { deeper } from "./nesting.js";
import type { Check } from "./report.js";
import { isBase64 } from "./scalars.js";
import { regExpOf, type Schemas } from "./schemas.js";
import { Chooser } from "./union.js";

/**
 * Turns one value into another. A value that does not fit its schema is left as it is: the check refuses it.
 */
export type Translate = (value: unknown) => unknown;

/** The translation of each type that JSON cannot carry; undefined: not of that type. */
export interface Dictionary {
  readonly wire: boolean;
  readonly leaves: Readonly<Record<Exclude<StemType, "map" | "set">, Translate>>;
  /** Lists the members of a collection, translated, or makes a collection of such a list. */
  readonly map: (value: unknown, key: Translate, member: Translate) => unknown;
  readonly set: (value: unknown, member: Translate) => unknown;
}

/** From JavaScript to what travels. */
export const ENCODE: Dictionary = {
  wire: false,
  leaves: {
    date: (value) => (types.isDate(value) && !Number.isNaN(value.getTime()) ? value.toISOString() : value),
    bigint: (value) => (typeof value === "bigint" ? String(value) : value),
    bytes: (value) =>
      types.isUint8Array(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") : value,
  },
  map: (value, key, member) => (types.isMap(value) ? Array.from(value, ([one, other]) => [key(one), member(other)]) : value),
  set: (value, member) => (types.isSet(value) ? Array.from(value, member) : value),
};

/** From what travels to JavaScript. */
export const DECODE: Dictionary = {
  wire: true,
  leaves: {
    date: (value) => (typeof value === "string" ? (momentOf(value) ?? value) : value),
    bigint: (value) => (typeof value === "string" && /^-?(0|[1-9]\d*)$/.test(value) ? BigInt(value) : value),
    bytes: (value) => (typeof value === "string" && isBase64(value) ? bytesOf(value) : value),
  },
  map: (value, key, member) => (isPairs(value) ? new Map(value.map(([one, other]) => [key(one), member(other)])) : value),
  set: (value, member) => (Array.isArray(value) ? new Set(value.map((one) => member(one))) : value),
};

/** A copy, because Node's pool would show its other bytes through `buffer`. */
function bytesOf(base64: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(base64, "base64"));
  bytes.write(base64, "base64");
  return bytes;
}

function isPairs(value: unknown): value is readonly (readonly [unknown, unknown])[] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}

const SAME: Translate = (value) => value;

/**
 * Compiles translations of schemas, in one direction.
 * There is none for a schema that only describes JSON, so that plain payloads cost nothing.
 */
export class Translations {
  readonly #schemas: Schemas;
  readonly #checks: Checks;
  readonly #by: Dictionary;
  readonly #byRef = new Map<string, Translate>();
  readonly #circles = new Circles<Translate>();
  /** Whether a part of a schema travels in another form. */
  readonly #known = new Map<JsonSchema | string, boolean>();

  /** @param checks for values before their translation; they find the member of a union */
  constructor(schemas: Schemas, checks: Checks, by: Dictionary) {
    this.#schemas = schemas;
    this.#checks = checks;
    this.#by = by;
  }

  of(given: JsonSchema): Translate | undefined {
    if (!this.#differs(given)) return undefined;
    if (given.$ref !== undefined) return this.#once(given);
    return this.#circles.make(
      given,
      () => this.#make(this.#schemas.normal(given)),
      (made) => (value) => deeper((one: unknown) => made()(one), value, undefined),
    );
  }

  /** The same translation for every use of the reference, also within itself. */
  #once(given: JsonSchema): Translate {
    const key = JSON.stringify(given);
    const known = this.#byRef.get(key);
    if (known !== undefined) return known;
    let inner: Translate;
    const outer: Translate = (value) => deeper(inner, value, undefined);
    this.#byRef.set(key, outer);
    const schema = this.#schemas.normal(given);
    this.#circles.follow(() => {
      inner = schema.$ref === undefined ? this.#make(schema) : (this.of(this.#schemas.resolve(schema.$ref)) ?? SAME);
    });
    return outer;
  }

  /**
   * Whether a part of the schema travels in another form.
   * The search uses no recursion: there may be thousands of types.
   */
  #differs(given: JsonSchema): boolean {
    const looked = new Set<JsonSchema | string>();
    const open = [given];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const key = keyOf(one);
      if (looked.has(key)) continue;
      looked.add(key);
      const schema = this.#schemas.normal(one);
      const known = this.#known.get(key) ?? (schema["x-stem"] === undefined ? undefined : true);
      if (known === true) {
        this.#known.set(keyOf(given), true);
        return true;
      }
      if (known === undefined) open.push(...(schema.$ref === undefined ? below(schema) : [this.#schemas.resolve(schema.$ref)]));
    }
    for (const one of looked) this.#known.set(one, false);
    return false;
  }

  #make(schema: JsonSchema): Translate {
    if (schema.anyOf !== undefined) return this.#union(schema);
    const stem = schema["x-stem"];
    const items = typeof schema.items === "object" ? schema.items : {};
    if (stem === "map") {
      const [key = {}, member = {}] = items.prefixItems ?? [];
      const [ofKey, ofMember] = [this.of(key) ?? SAME, this.of(member) ?? SAME];
      return (value) => this.#by.map(value, ofKey, ofMember);
    }
    if (stem === "set") {
      const ofMember = this.of(items) ?? SAME;
      return (value) => this.#by.set(value, ofMember);
    }
    if (stem !== undefined) return this.#by.leaves[stem];
    return schema.type === "array" ? this.#list(schema) : this.#object(schema);
  }

  #list({ prefixItems = [], items, "x-stem-rest": places }: JsonSchema): Translate {
    const first = prefixItems.map((item) => this.of(item) ?? SAME);
    const [rest, ...last] = (places ?? [items]).map((item) => (typeof item === "object" ? (this.of(item) ?? SAME) : SAME));
    return (value) => {
      if (!Array.isArray(value)) return value;
      return Array.from(value, (member: unknown, i) => (first[i] ?? last[i - value.length + last.length] ?? rest!)(member));
    };
  }

  #object({ properties = {}, patternProperties = {}, additionalProperties }: JsonSchema): Translate {
    const named = new Map(Object.entries(properties).map(([key, member]) => [key, this.of(member)]));
    const patterns = Object.entries(patternProperties).map(([pattern, member]) => ({ pattern: regExpOf(pattern), of: this.of(member) }));
    const others = typeof additionalProperties === "object" ? this.of(additionalProperties) : undefined;
    const changing = [...named].flatMap(([key, of]) => (of === undefined ? [] : [{ key, of }]));
    const nameless = others !== undefined || patterns.some(({ of }) => of !== undefined);
    return (value) => {
      if (!isRecord(value)) return value;
      // A copy has every property as its own, `__proto__` too, so that setting it changes no prototype.
      const copy: Record<string, unknown> = { ...value };
      for (const { key, of } of changing) if (Object.hasOwn(copy, key)) copy[key] = of(copy[key]);
      if (!nameless) return copy;
      for (const key of Object.keys(copy)) {
        if (named.has(key)) continue;
        const of = patterns.find(({ pattern }) => pattern.test(key))?.of ?? others;
        if (of !== undefined) copy[key] = of(copy[key]);
      }
      return copy;
    };
  }

  #union(schema: JsonSchema): Translate {
    const members = this.#schemas.membersOf(schema).map((member) => ({ schema: member, made: this.#member(member) }));
    const chooser = new Chooser(members, this.#schemas, this.#by.wire);
    return (value) => {
      const among = chooser.among(value);
      const member = among.length < 2 ? among[0] : among.find(({ check }) => check(value, undefined));
      return member === undefined ? value : member.translate(value);
    };
  }

  #member(schema: JsonSchema): { readonly check: Check; readonly translate: Translate } {
    return { check: this.#checks.of(schema), translate: this.of(schema) ?? SAME };
  }
}

function keyOf(schema: JsonSchema): JsonSchema | string {
  return schema.$ref === undefined ? schema : JSON.stringify(schema);
}

/** The schemas directly inside one. */
function below(schema: JsonSchema): readonly JsonSchema[] {
  const {
    anyOf = [],
    prefixItems = [],
    "x-stem-rest": places = [],
    properties = {},
    patternProperties = {},
    items,
    additionalProperties,
  } = schema;
  const others = [items, additionalProperties].filter((one) => typeof one === "object");
  return [...anyOf, ...prefixItems, ...places, ...Object.values(properties), ...Object.values(patternProperties), ...others];
}
