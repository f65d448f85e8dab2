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
  SOMETHING,
  STRING,
  union,
} from "./shape.js";
import { isOf } from "./template.js";

/** A number as the language writes it, as the source of a regular expression. */
const NUMERAL = "-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:e[+-]?[0-9]+)?";

/** Names that an index signature by `number` allows. */
export const NUMERIC_KEYS: Shape = { kind: "string", pattern: `^${NUMERAL}$` };

/** The elements of a tuple type. All from the first rest to the last are one rest, as in the language. */
export function tuple(elements: readonly { readonly of: Shape; readonly optional: boolean; readonly rest: boolean }[]): Shape {
  const [first, end] = [elements.findIndex(({ rest }) => rest), elements.findLastIndex(({ rest }) => rest) + 1];
  const items = first === -1 ? elements : elements.slice(0, first);
  const between = first === -1 ? [] : elements.slice(first, end);
  const last = first === -1 ? [] : elements.slice(end);
  return {
    kind: "tuple",
    items: items.map(({ of }) => of),
    required: items.filter(({ optional }) => !optional).length,
    rest: between.length === 0 ? undefined : union(between.map(({ of }) => of)),
    ...(last.length > 0 && { last: last.map(({ of }) => of) }),
  };
}

/** Both at once, as far as structure shows; undefined if it needs the checker. */
export function intersection(of: readonly Shape[]): Shape | undefined {
  const others = of.filter((one) => plain(one)?.kind !== "something");
  if (others.length === 0) return SOMETHING;
  if (others.length === of.length) return overlaid(of);
  const shape = others.length === 1 ? others[0]! : overlaid(others);
  return shape && present(shape);
}

/** Without null and undefined; undefined if it needs the checker. */
export function present(shape: Shape): Shape | undefined {
  const all = members(shape);
  if (all?.some((one) => ["any", "deferred"].includes(plain(one)!.kind)) !== false) return undefined;
  const left = all.filter((one) => !["null", "undefined"].includes(plain(one)!.kind));
  return left.length === all.length ? shape : left.length === 0 ? NEVER : union(left);
}

function overlaid(of: readonly Shape[]): Shape | undefined {
  // A brand: the value is the primitive, and the other part exists in types only.
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
  if (a === b) return a;
  const [left, right] = [plain(a), plain(b)];
  if (left?.kind === "something") return present(b);
  if (right?.kind === "something") return present(a);
  if (left?.kind === "literal" && right !== undefined && isPlain(right, typeof left.value)) return a;
  if (right?.kind === "literal" && left !== undefined && isPlain(left, typeof right.value)) return b;
  if (left?.kind === "literal" && right?.kind === "string") return isOf(String(left.value), right) ? a : NEVER;
  if (right?.kind === "literal" && left?.kind === "string") return isOf(String(right.value), left) ? b : NEVER;
  if (left?.kind === "literal" && right?.kind === "literal") return left.value === right.value ? a : NEVER;
  return left?.kind === "object" && right?.kind === "object" ? merge(left, right) : undefined;
}

function isPlain(shape: Shape, kind: string): boolean {
  return shape.kind === kind && !(shape.kind === "string" && shape.pattern !== undefined);
}

/** `keyof`. Undefined if it needs the checker. */
export function keysOf(shape: Shape): Shape | undefined {
  const of = plain(shape);
  if (of?.kind !== "object") return undefined;
  const names = [...of.props].map(([name, { numeric }]): Shape => ({ kind: "literal", value: numeric === true ? Number(name) : name }));
  const others = of.index === undefined ? [] : of.keys === undefined ? [STRING, NUMBER] : of.keys === NUMERIC_KEYS ? [NUMBER] : [of.keys];
  return union([...names, ...others]);
}

/** The names of a union of literals; undefined for other shapes. */
export function namesIn(shape: Shape): readonly string[] | undefined {
  const all = members(shape)?.map((one) => plain(one));
  if (all?.every((one) => one?.kind === "literal" || one?.kind === "never") !== true) return undefined;
  return all.flatMap((one) => (one?.kind === "literal" ? [String(one.value)] : []));
}

/** An object type with every property changed; over each member of a union. Undefined for other shapes. */
export function overProps(
  shape: Shape,
  change: (props: ReadonlyMap<string, Prop>) => Iterable<readonly [string, Prop]>,
): Shape | undefined {
  const all = members(shape)?.map((one) => plain(one));
  if (all?.every((one) => one?.kind === "object") !== true) return undefined;
  return union(
    all.map((one) => {
      const { props, index, keys } = one as ObjectShape;
      const left = new Map(change(props));
      return left.size === 0 && index === undefined ? SOMETHING : object(left, index, keys);
    }),
  );
}

/** `Record<K, V>`. Undefined if it needs the checker. */
export function record(keys: Shape, of: Shape): Shape | undefined {
  const props = new Map<string, Prop>();
  let index: Shape | undefined;
  for (const one of members(keys) ?? [undefined]) {
    const key = one && plain(one);
    if (key?.kind === "literal") {
      props.set(String(key.value), { of, optional: false, ...(typeof key.value === "number" && { numeric: true }), node: undefined });
    } else if (key?.kind === "string" || key?.kind === "number") {
      const kind = key.kind === "number" ? NUMERIC_KEYS : key;
      index = index === undefined || index === kind || kind === STRING ? kind : index === STRING ? index : either(index, kind);
    } else if (key?.kind !== "never") return undefined;
  }
  if (index === undefined) return props.size === 0 ? SOMETHING : object(props);
  return object(props, of, index === STRING ? undefined : index);
}

/** Names of both kinds. */
export function either(a: Shape, b: Shape): Shape {
  return union([...(members(a) ?? [a]), ...(members(b) ?? [b])]);
}

/**
 * Member `key` of an object, list or tuple type, by a shape of its name. Undefined if it needs the checker.
 */
export function indexed(shape: Shape, key: Shape): Shape | undefined {
  const found = members(key)?.map((one): Shape | undefined => {
    const [at, name] = [plain(shape), plain(one)];
    if (at?.kind === "array") return name?.kind === "number" ? at.of : undefined;
    if (at?.kind === "tuple") {
      if (name?.kind === "number") return union([...at.items, ...(at.rest === undefined ? [] : [at.rest]), ...(at.last ?? [])]);
      return name?.kind === "literal" ? at.items[Number(name.value)] : undefined;
    }
    if (at?.kind !== "object") return undefined;
    if (name?.kind !== "literal") return at.keys === undefined && at.props.size === 0 ? at.index : undefined;
    const prop = at.props.get(String(name.value));
    // For its readers, an optional member may be undefined.
    return prop?.optional === true ? union([prop.of, { kind: "undefined" }]) : (prop?.of ?? (at.keys === undefined ? at.index : undefined));
  });
  return found === undefined || found.includes(undefined) ? undefined : union(found as readonly Shape[]);
}

/**
 * `Exclude` and `Extract`, on members that differ by value or primitive kind. Undefined if it needs the
 * checker.
 */
export function filtered(shape: Shape, by: Shape, keep: boolean): Shape | undefined {
  const [all, others] = [members(shape)?.map((one) => plain(one)), members(by)?.map((one) => plain(one))];
  if (all === undefined || others === undefined || ![...all, ...others].every((one) => one !== undefined && SIMPLE.has(one.kind)))
    return undefined;
  const expanded = all.flatMap((one) => (one === BOOLEAN ? TRUTHS : [one!]));
  // Only the checker knows whether every text of one pattern fits another.
  if (expanded.some((one) => one.kind === "string" && one.pattern !== undefined)) return undefined;
  const fits = (one: Shape): boolean =>
    others.some((other) => {
      if (other!.kind === "literal") return one.kind === "literal" && one.value === other!.value;
      if (other!.kind === "string" && other!.pattern !== undefined)
        return one.kind === "literal" && typeof one.value === "string" && isOf(one.value, other!);
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

/** So many flags make an enum of flags. */
const FLAGS = 3;

/** The most combinations of flags that are written out. */
const MOST_FLAGS = 8;

/**
 * The values of an enum.
 * One of flags (powers of two, at least three of them) has their combinations too, since flags are for that:
 * to the language `Perm.R | Perm.W` is any number, and fits.
 */
export function enumerated(values: readonly (string | number)[]): Shape {
  const bits = [...new Set(values)].filter((one): one is number => typeof one === "number" && one > 0 && Number.isInteger(Math.log2(one)));
  const all = bits.reduce((sum, one) => sum + one, 0);
  const flags = bits.length >= FLAGS && all < 2 ** 31 && values.every((one) => typeof one === "number" && one >= 0 && (one & ~all) === 0);
  if (!flags) return values.length === 0 ? NEVER : union([...new Set(values)].map((value) => ({ kind: "literal", value })));
  if (bits.length > MOST_FLAGS) return NUMBER;
  const sums = bits.reduce<readonly number[]>((before, bit) => before.concat(before.map((sum) => sum + bit)), [0]);
  return union(sums.map((value) => ({ kind: "literal", value })));
}
