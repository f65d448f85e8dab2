import {
  BOOLEAN,
  isPrimitive,
  members,
  NEVER,
  NUMBER,
  object,
  type ObjectShape,
  plain,
  type Prop,
  type Shape,
  STRING,
  union,
} from "./shape.js";

/** A number as a template literal type writes it, as the source of a regular expression. */
const NUMERAL = "-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:e[+-]?[0-9]+)?";

/** Names that an index signature by `number` allows. */
export const NUMERIC_KEYS: Shape = { kind: "string", pattern: `^${NUMERAL}$` };

/** The elements of a tuple type. A rest that is not last leaves a list of any of them. */
export function tuple(elements: readonly { readonly of: Shape; readonly optional: boolean; readonly rest: boolean }[]): Shape {
  const at = elements.findIndex(({ rest }) => rest);
  if (at !== -1 && at !== elements.length - 1) return { kind: "array", of: union(elements.map(({ of }) => of)) };
  const items = elements.filter(({ rest }) => !rest);
  return {
    kind: "tuple",
    items: items.map(({ of }) => of),
    required: items.filter(({ optional }) => !optional).length,
    rest: at === -1 ? undefined : elements[at]!.of,
  };
}

/** The most alternatives a template literal type is written out into. */
const MOST = 1_000;

/**
 * A template literal type: `texts` around `types`, one more than these. Written out where all parts are literals, else a pattern.
 *
 * @returns undefined if one of the parts cannot stand in a template, or there are too many ways to fill it
 */
export function template(texts: readonly string[], types: readonly Shape[]): Shape | undefined {
  type Part = { readonly literal: string } | { readonly pattern: string };
  let ways: readonly (readonly Part[])[] = [[{ literal: texts[0]! }]];
  for (const [index, type] of types.entries()) {
    const parts = members(type)?.flatMap((one): readonly (Part | undefined)[] => partsOf(plain(one)));
    if (parts === undefined || parts.includes(undefined) || parts.length * ways.length > MOST) return undefined;
    ways = ways.flatMap((way) => (parts as Part[]).map((part) => [...way, part, { literal: texts[index + 1]! }]));
  }
  return union(
    ways.map((way): Shape => {
      if (way.every((part) => "literal" in part)) return { kind: "literal", value: way.map((part) => part.literal).join("") };
      const source = way.map((part) => ("literal" in part ? escape(part.literal) : part.pattern)).join("");
      return source === ANY_TEXT ? STRING : { kind: "string", pattern: `^${source}$` };
    }),
  );
}

const ANY_TEXT = "[\\s\\S]*";

function partsOf(shape: Shape | undefined): readonly ({ readonly literal: string } | { readonly pattern: string } | undefined)[] {
  if (shape?.kind === "literal") return [{ literal: String(shape.value) }];
  if (shape?.kind === "null" || shape?.kind === "undefined") return [{ literal: shape.kind }];
  if (shape?.kind === "boolean") return [{ literal: "false" }, { literal: "true" }];
  if (shape?.kind === "number") return [{ pattern: NUMERAL }];
  if (shape?.kind === "bigint") return [{ pattern: "-?(?:0|[1-9][0-9]*)" }];
  if (shape?.kind === "string") return [{ pattern: shape.pattern === undefined ? ANY_TEXT : `(?:${shape.pattern.slice(1, -1)})` }];
  return [undefined];
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Both at once, as far as structure tells; undefined if it takes the checker. */
export function intersection(of: readonly Shape[]): Shape | undefined {
  // A brand: the value is the primitive, and what is laid over it exists in types only.
  const primitive = of.find(isPrimitive) ?? of.find((one) => ["date", "bytes"].includes(plain(one)?.kind ?? ""));
  if (primitive !== undefined) {
    const others = of.filter((one) => one !== primitive && plain(one)?.kind !== "object" && plain(one)?.kind !== "refused");
    return others.length === 0 ? primitive : undefined;
  }
  let all: readonly ObjectShape[] = [object(new Map())];
  for (const one of of) {
    const alternatives = members(one)?.map((member) => plain(member));
    if (alternatives === undefined || !alternatives.every((member) => member?.kind === "object")) return undefined;
    const merged = all.flatMap((left) => alternatives.map((right) => merge(left, right)));
    if (merged.includes(undefined)) return undefined;
    all = merged as readonly ObjectShape[];
  }
  return union(all);
}

function merge(a: ObjectShape, b: ObjectShape): ObjectShape | undefined {
  if (a.index !== undefined && b.index !== undefined) return undefined;
  const props = new Map(a.props);
  for (const [name, prop] of b.props) {
    const before = props.get(name);
    const of = before === undefined ? prop.of : both(before.of, prop.of);
    if (of === undefined) return undefined;
    props.set(name, { of, optional: prop.optional && (before?.optional ?? true), node: before?.node ?? prop.node });
  }
  return object(props, a.index ?? b.index, a.keys ?? b.keys);
}

function both(a: Shape, b: Shape): Shape | undefined {
  if (a === b || plain(a)?.kind === "any") return b;
  if (plain(b)?.kind === "any") return a;
  const [left, right] = [plain(a), plain(b)];
  if (left?.kind === "literal" && right?.kind === typeof left.value) return a;
  if (right?.kind === "literal" && left?.kind === typeof right.value) return b;
  if (left?.kind === "literal" && right?.kind === "literal") return left.value === right.value ? a : NEVER;
  return left?.kind === "object" && right?.kind === "object" ? merge(left, right) : undefined;
}

/** `keyof`. Undefined if it takes the checker. */
export function keysOf(shape: Shape): Shape | undefined {
  const of = plain(shape);
  if (of?.kind !== "object") return undefined;
  const names = [...of.props.keys()].map((value): Shape => ({ kind: "literal", value }));
  const others = of.index === undefined ? [] : of.keys === undefined ? [STRING, NUMBER] : of.keys === NUMERIC_KEYS ? [NUMBER] : [of.keys];
  return union([...names, ...others]);
}

/** The names that a union of literals gives; undefined if it is anything else. */
export function namesIn(shape: Shape): readonly string[] | undefined {
  const all = members(shape)?.map((one) => plain(one));
  if (all?.every((one) => one?.kind === "literal" || one?.kind === "never") !== true) return undefined;
  return all.flatMap((one) => (one?.kind === "literal" ? [String(one.value)] : []));
}

/** An object type with every property changed; over each member of a union. Undefined if it is no object. */
export function overProps(
  shape: Shape,
  change: (props: ReadonlyMap<string, Prop>) => Iterable<readonly [string, Prop]>,
): Shape | undefined {
  const all = members(shape)?.map((one) => plain(one));
  if (all?.every((one) => one?.kind === "object") !== true) return undefined;
  return union(
    all.map((one) => object(new Map(change((one as ObjectShape).props)), (one as ObjectShape).index, (one as ObjectShape).keys)),
  );
}

/** `Record<K, V>`. Undefined if it takes the checker. */
export function record(keys: Shape, of: Shape): Shape | undefined {
  const props = new Map<string, Prop>();
  let index: Shape | undefined;
  for (const one of members(keys) ?? [undefined]) {
    const key = one && plain(one);
    if (key?.kind === "literal") props.set(String(key.value), { of, optional: false, node: undefined });
    else if (key?.kind === "string" || key?.kind === "number") {
      const kind = key.kind === "number" ? NUMERIC_KEYS : key;
      index = index === undefined || index === kind || kind === STRING ? kind : index;
    } else if (key?.kind !== "never") return undefined;
  }
  if (index === undefined) return object(props);
  return object(props, of, index === STRING ? undefined : index);
}

/** Member `key` of an object, list or tuple type, by a shape of its name. Undefined if it takes the checker. */
export function indexed(shape: Shape, key: Shape): Shape | undefined {
  const found = members(key)?.map((one): Shape | undefined => {
    const [at, name] = [plain(shape), plain(one)];
    if (at?.kind === "array") return name?.kind === "number" ? at.of : undefined;
    if (at?.kind === "tuple") {
      if (name?.kind === "number") return union([...at.items, ...(at.rest === undefined ? [] : [at.rest])]);
      return name?.kind === "literal" ? at.items[Number(name.value)] : undefined;
    }
    if (at?.kind !== "object") return undefined;
    if (name?.kind !== "literal") return at.keys === undefined && at.props.size === 0 ? at.index : undefined;
    const prop = at.props.get(String(name.value));
    // What may be left out may be undefined to who reads it.
    return prop?.optional === true ? union([prop.of, { kind: "undefined" }]) : (prop?.of ?? (at.keys === undefined ? at.index : undefined));
  });
  return found === undefined || found.includes(undefined) ? undefined : union(found as readonly Shape[]);
}

/** `Exclude` and `Extract`, on members that are told apart by value or primitive kind. Undefined if it takes the checker. */
export function filtered(shape: Shape, by: Shape, keep: boolean): Shape | undefined {
  const [all, others] = [members(shape)?.map((one) => plain(one)), members(by)?.map((one) => plain(one))];
  if (all === undefined || others === undefined || ![...all, ...others].every((one) => one !== undefined && SIMPLE.has(one.kind)))
    return undefined;
  const expanded = all.flatMap((one) => (one === BOOLEAN ? TRUTHS : [one!]));
  const fits = (one: Shape): boolean =>
    others.some((other) => {
      if (other!.kind === "literal") return one.kind === "literal" && one.value === other!.value;
      return other!.kind === one.kind || (one.kind === "literal" && other!.kind === typeof one.value);
    });
  const left = expanded.filter((one) => fits(one) === keep);
  return left.length === 0 ? NEVER : union(left);
}

const TRUTHS: readonly Shape[] = [true, false].map((value) => ({ kind: "literal", value }));
const SIMPLE: ReadonlySet<Shape["kind"]> = new Set([
  "literal",
  "string",
  "number",
  "boolean",
  "null",
  "undefined",
  "date",
  "bytes",
  "never",
]);
