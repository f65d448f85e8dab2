import { isObject, type Schema } from "./manifest.js";

/** Why a value of one type may not be a value of another. */
export interface Reason {
  /** Where: `to`, `lines[].count`; empty for the value itself. */
  readonly path: string;
  readonly why: string;
}

type Defs = Readonly<Record<string, Schema>>;

/** A schema, and where its references lead. */
export interface Typed {
  readonly schema: Schema;
  readonly defs: Defs;
}

const KINDS = new Set(["string", "number", "integer", "boolean", "null", "array", "object"]);

/**
 * Why not every value that fits `from` fits `to`; empty if every one does. Compares what is written, so it may find a reason where the
 * two only say the same in other words (two patterns, say), but never misses one. Values are taken as they are written today: members
 * that `from` does not list count as absent, though objects are open.
 */
export function misfits(from: Typed, to: Typed): readonly Reason[] {
  return new Comparison(from.defs, to.defs).of(from.schema, to.schema, "");
}

class Comparison {
  readonly #from: Defs;
  readonly #to: Defs;
  /** Pairs under way: a recursive type fits if nothing on the way round does not. */
  readonly #open = new Set<string>();

  constructor(from: Defs, to: Defs) {
    this.#from = from;
    this.#to = to;
  }

  of(given: Schema, wanted: Schema, path: string): readonly Reason[] {
    const [from, to] = [resolve(given, this.#from), resolve(wanted, this.#to)];
    const pair = typeof given["$ref"] === "string" || typeof wanted["$ref"] === "string" ? `${keyOf(given)}\0${keyOf(wanted)}` : undefined;
    if (pair === undefined) return this.#compare(from, to, path);
    if (this.#open.has(pair)) return [];
    const before = [...this.#open];
    this.#open.add(pair);
    const reasons = this.#compare(from, to, path);
    // What failed on one way may be asked again on another, with another path to tell; and what was found to fit meanwhile may have fitted only if this did.
    if (reasons.length > 0) this.#restore(before);
    return reasons;
  }

  #restore(before: readonly string[]): void {
    this.#open.clear();
    for (const pair of before) this.#open.add(pair);
  }

  #compare(from: Schema, to: Schema, path: string): readonly Reason[] {
    if (isNothing(from)) return [];
    if (isNothing(to)) return [{ path, why: "is no longer allowed" }];
    const alternatives = alternativesOf(from);
    if (alternatives !== undefined) return distinct(alternatives.flatMap((one) => this.of(one, to, path)));
    const choices = alternativesOf(to);
    if (choices !== undefined) return this.#choice(from, choices, path);
    if (from["x-stem"] !== to["x-stem"]) {
      return [{ path, why: `was ${name(from)} and is now ${name(to)}, which travels in another form` }];
    }
    // Of the same form on the wire, so the texts can be compared as such.
    const [special, bare] = [from["x-stem"], { ...to, "x-stem": undefined }];
    const values = valuesOf(from);
    if (values !== undefined) {
      const outside = values.filter((value) => !fits(value, special === undefined ? to : bare));
      return outside.length === 0 ? [] : [{ path, why: `${list(outside)} ${outside.length === 1 ? "is" : "are"} no longer allowed` }];
    }
    if (valuesOf(to) !== undefined) return [{ path, why: `was ${name(from)} and is now one of ${list(valuesOf(to)!)}` }];
    const kind = to["type"];
    if (kind === undefined) return this.#plain(from, path, new Set());
    if (from["type"] !== kind && !(from["type"] === "integer" && kind === "number")) {
      return [{ path, why: `was ${name(from)} and is now ${name(to)}` }];
    }
    if (isBare(to)) return this.#plain(from, path, new Set());
    if (kind === "object") return this.#object(from, to, path);
    return [...limits(from, to, path), ...(kind === "array" ? this.#array(from, to, path) : [])];
  }

  /** What has a form of its own on the wire is not itself any more where anything is expected: nothing makes a Date of it. */
  #plain(schema: Schema, path: string, seen: Set<Schema>): readonly Reason[] {
    const from = resolve(schema, this.#from);
    if (seen.has(from)) return [];
    seen.add(from);
    if (from["x-stem"] !== undefined) return [{ path, why: `was ${name(from)} and is now anything, which travels in another form` }];
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    const items = [...schemas(from["prefixItems"]), from["items"]].filter(isObject);
    const others = from["additionalProperties"];
    return [
      ...(alternativesOf(from) ?? []).flatMap((one) => this.#plain(one, path, seen)),
      ...Object.entries(members(from)).flatMap(([key, one]) => this.#plain(one, below(key), seen)),
      ...items.flatMap((one) => this.#plain(one, `${path}[]`, seen)),
      ...(isObject(others) ? this.#plain(others, below("*"), seen) : []),
    ];
  }

  /** Of several alternatives one must take the value; told is what is wrong with the one that comes nearest. */
  #choice(from: Schema, choices: readonly Schema[], path: string): readonly Reason[] {
    let best: readonly Reason[] | undefined;
    // Values of an enumeration may go to different alternatives.
    const values = valuesOf(from);
    if (values !== undefined && from["x-stem"] === undefined) {
      const outside = values.filter((value) => !choices.some((one) => fits(value, resolve(one, this.#to))));
      if (outside.length === 0) return [];
      return [{ path, why: `${list(outside)} ${outside.length === 1 ? "is" : "are"} no longer allowed` }];
    }
    for (const choice of choices) {
      const reasons = this.of(from, choice, path);
      if (reasons.length === 0) return [];
      const near = sameTag(from, resolve(choice, this.#to)) && reasons.every((one) => one.path !== path);
      if (near && (best === undefined || reasons.length < best.length)) best = reasons;
    }
    return best ?? [{ path, why: `${name(from)} is no longer among the alternatives` }];
  }

  #object(from: Schema, to: Schema, path: string): readonly Reason[] {
    const reasons: Reason[] = [];
    const [had, has] = [members(from), members(to)];
    const [wasRequired, isRequired] = [strings(from["required"]), strings(to["required"])];
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    for (const key of isRequired) {
      if (wasRequired.includes(key)) continue;
      reasons.push({ path: below(key), why: Object.hasOwn(had, key) ? "was optional and is now required" : "is new and required" });
    }
    const [before, after] = [from["additionalProperties"], to["additionalProperties"]];
    for (const [key, schema] of Object.entries(had)) {
      const wanted = Object.hasOwn(has, key) ? has[key]! : isObject(after) ? after : undefined;
      if (wanted !== undefined) reasons.push(...this.of(schema, wanted, below(key)));
      else if (after === false) reasons.push({ path: below(key), why: "is no longer allowed" });
    }
    if (isObject(before)) {
      if (isObject(after)) reasons.push(...this.of(before, after, below("*")));
      if (after === false) reasons.push({ path: below("*"), why: "other members are no longer allowed" });
      for (const [key, schema] of Object.entries(has)) if (!Object.hasOwn(had, key)) reasons.push(...this.of(before, schema, below(key)));
    }
    const [names, wantedNames] = [from["propertyNames"], to["propertyNames"]];
    if (isObject(wantedNames)) {
      const given = isObject(names) ? names : { type: "string" };
      reasons.push(...this.of({ type: "string", ...given }, { type: "string", ...wantedNames }, below("(names)")));
    }
    return reasons;
  }

  #array(from: Schema, to: Schema, path: string): readonly Reason[] {
    const reasons: Reason[] = [];
    const [firstOld, firstNew] = [schemas(from["prefixItems"]), schemas(to["prefixItems"])];
    const [restOld, restNew] = [from["items"], to["items"]];
    for (let at = 0; at < Math.max(firstOld.length, firstNew.length); at++) {
      const given = firstOld[at] ?? (isObject(restOld) ? restOld : restOld === false ? undefined : {});
      const wanted = firstNew[at] ?? (isObject(restNew) ? restNew : restNew === false ? false : {});
      if (given === undefined) continue;
      if (wanted === false) reasons.push({ path: `${path}[${at}]`, why: "is no longer allowed" });
      else reasons.push(...this.of(given, wanted, `${path}[${at}]`));
    }
    if (restNew === false && restOld !== false)
      reasons.push({ path, why: `may no longer have more than ${count(firstNew.length, "item")}` });
    if (isObject(restNew) && restOld !== false) reasons.push(...this.of(isObject(restOld) ? restOld : {}, restNew, `${path}[]`));
    return reasons;
  }
}

/** Bounds of numbers, texts and lists: each must have been at least as tight before. */
function limits(from: Schema, to: Schema, path: string): readonly Reason[] {
  const reasons: Reason[] = [];
  const tell = (keyword: string): void => {
    const before = from[keyword] === undefined ? `had no ${keyword}` : `had ${keyword} ${show(from[keyword])}`;
    reasons.push({ path, why: `${before} and now has ${show(to[keyword])}` });
  };
  const number = (schema: Schema, keyword: string): number | undefined => {
    const value = schema[keyword];
    return typeof value === "number" ? value : undefined;
  };
  for (const [closed, open, sign] of [
    ["minimum", "exclusiveMinimum", 1],
    ["maximum", "exclusiveMaximum", -1],
  ] as const) {
    const bounds = (schema: Schema): readonly [at: number, open: boolean] | undefined => {
      const [c, o] = [number(schema, closed), number(schema, open)];
      if (c === undefined && o === undefined) return undefined;
      return o !== undefined && (c === undefined || o * sign >= c * sign) ? [o, true] : [c!, false];
    };
    const [old, now] = [bounds(from), bounds(to)];
    if (now === undefined) continue;
    if (old === undefined || old[0] * sign < now[0] * sign || (old[0] === now[0] && now[1] && !old[1])) tell(now[1] ? open : closed);
  }
  for (const [keyword, sign] of [
    ["minLength", 1],
    ["maxLength", -1],
    ["minItems", 1],
    ["maxItems", -1],
  ] as const) {
    // prettier-ignore
    const [old, now] = [number(from, keyword), number(to, keyword)];
    if (now === undefined || (sign === 1 && now <= 0)) continue;
    if (old === undefined ? !(keyword === "maxItems" && sized(from, now)) : old * sign < now * sign) tell(keyword);
  }
  const [step, wanted] = [number(from, "multipleOf"), number(to, "multipleOf")];
  const whole = from["type"] === "integer" ? 1 : undefined;
  if (wanted !== undefined && !isMultiple(step ?? whole, wanted)) tell("multipleOf");
  for (const keyword of ["pattern", "format", "contentEncoding"])
    if (to[keyword] !== undefined && from[keyword] !== to[keyword]) tell(keyword);
  if (to["uniqueItems"] === true && from["uniqueItems"] !== true) tell("uniqueItems");
  return reasons;
}

/** Whether a tuple is no longer than `most` by its shape. */
function sized(schema: Schema, most: number): boolean {
  return schema["items"] === false && schemas(schema["prefixItems"]).length <= most;
}

function isMultiple(value: number | undefined, of: number): boolean {
  return value !== undefined && Number.isInteger(Number((value / of).toPrecision(12)));
}

function resolve(schema: Schema, defs: Defs): Schema {
  let at = schema;
  for (let hops = 0; hops < 64; hops++) {
    const name = typeof at["$ref"] === "string" ? /^#\/\$defs\/(.*)$/.exec(at["$ref"])?.[1] : undefined;
    if (name === undefined) return at;
    at = defs[name.replaceAll("~1", "/").replaceAll("~0", "~")] ?? {};
  }
  return {};
}

/** The members of a union, also one written as several types. */
function alternativesOf(schema: Schema): readonly Schema[] | undefined {
  const { anyOf, type } = schema;
  if (Array.isArray(anyOf)) return schemas(anyOf);
  return Array.isArray(type) ? type.filter((one) => KINDS.has(String(one))).map((one) => ({ ...schema, type: String(one) })) : undefined;
}

/** The values of a literal, an enumeration, `boolean` or `null`; of other types there are too many. */
function valuesOf(schema: Schema): readonly unknown[] | undefined {
  if ("const" in schema) return [schema["const"]];
  if (Array.isArray(schema["enum"])) return schema["enum"] as readonly unknown[];
  if (schema["type"] === "boolean") return [true, false];
  return schema["type"] === "null" ? [null] : undefined;
}

/** Whether a plain value of an enumeration fits a type. */
function fits(value: unknown, to: Schema): boolean {
  const alternatives = alternativesOf(to);
  if (alternatives !== undefined) return alternatives.some((one) => fits(value, one));
  if (to["x-stem"] !== undefined) return false;
  const allowed = valuesOf(to);
  if (allowed !== undefined) return allowed.some((one) => JSON.stringify(one) === JSON.stringify(value));
  const { type } = to;
  if (type === undefined) return true;
  if (typeof value === "number") {
    const point = { type: "number", minimum: value, maximum: value, multipleOf: value };
    return (type === "number" || (type === "integer" && Number.isInteger(value))) && limits(point, to, "").length === 0;
  }
  if (typeof value !== "string" || type !== "string") return false;
  if (typeof to["pattern"] === "string" && !matches(to["pattern"], value)) return false;
  const length = [...value].length;
  // Formats are not looked into: a literal that had one is the rarest of cases, and is then reported.
  return limits({ type, minLength: length, maxLength: length, pattern: to["pattern"] }, to, "").length === 0;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return false;
  }
}

/** Whether two objects are the same alternative of a union, by a member that is a literal in both; true if they have none. */
function sameTag(from: Schema, to: Schema): boolean {
  const [had, has] = [members(from), members(to)];
  const tags = Object.keys(had).filter(
    (key) => had[key] !== undefined && "const" in had[key] && has[key] !== undefined && "const" in has[key],
  );
  return tags.length === 0 ? from["type"] === to["type"] : tags.every((key) => had[key]!["const"] === has[key]!["const"]);
}

/** Whether a type is `never`. */
function isNothing({ not }: Schema): boolean {
  return isObject(not) && Object.keys(not).length === 0;
}

/** Whether a type says nothing of what is in its values, as the lists and objects of `object`. */
function isBare(schema: Schema): boolean {
  return Object.keys(schema).every((keyword) => keyword === "type" || keyword === "description" || keyword === "deprecated");
}

/** What a type is called in a sentence. */
function name(schema: Schema): string {
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
function isPresent(schema: Schema): boolean {
  const of = new Set((alternativesOf(schema) ?? []).filter(isBare).map(({ type }) => type));
  return ["array", "boolean", "number", "object", "string"].every((one) => of.has(one));
}

function list(values: readonly unknown[]): string {
  const shown = values.slice(0, 5).map(show).join(", ");
  return values.length > 5 ? `${shown} and ${values.length - 5} more` : shown;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function members(schema: Schema): Readonly<Record<string, Schema>> {
  return isObject(schema["properties"]) ? (schema["properties"] as Readonly<Record<string, Schema>>) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function schemas(value: unknown): readonly Schema[] {
  return Array.isArray(value) ? value.map((one) => (isObject(one) ? one : {})) : [];
}

function keyOf(schema: Schema): string {
  return typeof schema["$ref"] === "string" ? schema["$ref"] : JSON.stringify(schema);
}

function distinct(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((one) => [`${one.path}\0${one.why}`, one])).values()];
}
