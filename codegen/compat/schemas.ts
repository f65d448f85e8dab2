import { limits } from "./limits.js";
import { isObject, type Schema } from "./manifest.js";
import { alternativesOf, count, isBare, isNothing, list, name, type Reason, schemas, valuesOf } from "./reading.js";

export type { Reason } from "./reading.js";

type Defs = Readonly<Record<string, Schema>>;

/** A schema, and where its references lead. */
export interface Typed {
  readonly schema: Schema;
  readonly defs: Defs;
}

/**
 * Why not every value that fits `from` fits `to`; empty if every one does.
 * Schemas are compared as written, so there may be a reason although the two mean the same (two patterns,
 * say), but a difference is never missed. Members that `from` does not list count as absent, though objects
 * are open.
 */
export function misfits(from: Typed, to: Typed): readonly Reason[] {
  return new Comparison(from.defs, to.defs).of(from.schema, to.schema, "");
}

class Comparison {
  readonly #from: Defs;
  readonly #to: Defs;
  /** Pairs being compared: a recursive type fits if no pair on the way round fails. */
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
    // A pair that failed on one way may be compared again on another, with another path; and pairs that
    // fitted meanwhile may depend on this one.
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
    // The form on the wire is the same, so the texts can be compared.
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

  /**
   * A value with a special form on the wire does not fit a type that takes anything: it would not become a
   * Date there.
   */
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

  /** One of several alternatives must take the value. The reasons are those of the nearest alternative. */
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
    if (schemas(to["x-stem-rest"]).length > 0) {
      const pairs = placesOf(from, to);
      if (pairs === undefined) return [{ path, why: "was a list and now has items of their own at its end" }];
      return pairs.flatMap(([given, wanted, at]) => this.of(given, wanted, `${path}[${at}]`));
    }
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

/**
 * The types at the places of one list, and of another whose items stand at its end.
 * Undefined if these may stand at several places.
 */
function placesOf(from: Schema, to: Schema): readonly (readonly [given: Schema, wanted: Schema, at: number | ""])[] | undefined {
  const [firstOld, firstNew] = [schemas(from["prefixItems"]), schemas(to["prefixItems"])];
  const [restNew = {}, ...lastNew] = schemas(to["x-stem-rest"]);
  if (from["items"] === false) {
    const after = firstOld.length - lastNew.length;
    if (from["minItems"] !== firstOld.length || after < firstNew.length) return undefined;
    return firstOld.map((one, at) => [one, firstNew[at] ?? lastNew[at - after] ?? restNew, at]);
  }
  const [restOld = {}, ...lastOld] = schemas(from["x-stem-rest"]);
  if (lastOld.length !== lastNew.length) return undefined;
  const first = Array.from({ length: Math.max(firstOld.length, firstNew.length) }, (_, at) => at);
  return [
    ...first.map((at) => [firstOld[at] ?? restOld, firstNew[at] ?? restNew, at] as const),
    [restOld, restNew, ""],
    ...lastOld.map((one, at) => [one, lastNew[at]!, at - lastOld.length] as const),
  ];
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
  // Formats are not compared: a literal with a format is rare, and is then reported.
  return limits({ type, minLength: length, maxLength: length, pattern: to["pattern"] }, to, "").length === 0;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return false;
  }
}

/**
 * Whether two objects are the same alternative of a union, by a member that is a literal in both.
 * True if they have none.
 */
function sameTag(from: Schema, to: Schema): boolean {
  const [had, has] = [members(from), members(to)];
  const tags = Object.keys(had).filter(
    (key) => had[key] !== undefined && "const" in had[key] && has[key] !== undefined && "const" in has[key],
  );
  return tags.length === 0 ? from["type"] === to["type"] : tags.every((key) => had[key]!["const"] === has[key]!["const"]);
}

function members(schema: Schema): Readonly<Record<string, Schema>> {
  return isObject(schema["properties"]) ? (schema["properties"] as Readonly<Record<string, Schema>>) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function keyOf(schema: Schema): string {
  return typeof schema["$ref"] === "string" ? schema["$ref"] : JSON.stringify(schema);
}

function distinct(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((one) => [`${one.path}\0${one.why}`, one])).values()];
}
