import { type ObjectShape, plain, type Prop, type Shape, type TupleShape, union } from "./shape.js";

/** The members of a shape without names, unions and deferred types. */
export type Expand = (shape: Shape) => readonly Shape[];

/** The kinds of JSON that a value may be. */
type Wire = "string" | "number" | "boolean" | "null" | "list" | "object" | "any";

type Pair = readonly [Shape, Shape];

/**
 * Finds types that look the same on the wire and differ.
 * Types that refer to each other may be thousands, each of them in many unions. So each pair is compared
 * once, and the depth does not grow the stack.
 */
export class Wires {
  readonly #expand: Expand;
  readonly #special = new Map<Shape, boolean>();
  /** Pairs that do not clash. */
  readonly #apart = new Map<Shape, Set<Shape>>();

  constructor(expand: Expand) {
    this.#expand = expand;
  }

  /**
   * True if two members of a union mean different values but may look the same on the wire.
   * An example is text that is a date to one and text to the other. Plain JSON never clashes with plain JSON,
   * as it means itself.
   */
  clash(a: Shape, b: Shape): boolean {
    const open: Pair[] = [[a, b]];
    const looked: Pair[] = [];
    for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
      const [left, right] = [plain(pair[0]), plain(pair[1])];
      if (left === undefined || right === undefined || left === right || this.#apart.get(left)?.has(right) === true) continue;
      looked.push([left, right]);
      this.#mark(left, right);
      const found = this.isSpecial(left) || this.isSpecial(right) ? this.#within(left, right) : [];
      if (found === true) {
        for (const [x, y] of looked) this.#apart.get(x)!.delete(y);
        return true;
      }
      for (const [x, y] of found) for (const one of this.#expand(x)) for (const other of this.#expand(y)) open.push([one, other]);
    }
    return false;
  }

  #mark(left: Shape, right: Shape): void {
    const known = this.#apart.get(left);
    if (known === undefined) this.#apart.set(left, new Set([right]));
    else known.add(right);
  }

  /** Whether two shapes clash by themselves, or else their parts that may clash. */
  #within(left: Shape, right: Shape): true | readonly Pair[] {
    const [from, to] = [wireOf(left), wireOf(right)];
    if (disjoint(left, right)) return [];
    if (WIDE.has(left.kind) || WIDE.has(right.kind)) return true;
    if (from !== to) return [];
    if (from === "string") return sameText(left, right) || [];
    if (left.kind === "object" && right.kind === "object") return objects(left, right, this.#expand);
    if (left.kind === "map" && right.kind === "map") return [[left.key, right.key], [left.of, right.of]]; // prettier-ignore
    if (left.kind === "set" && right.kind === "set") return [[left.of, right.of]];
    // A map of pairs, a set and a list are all lists; empty ones are equal.
    if ([left, right].some(({ kind }) => kind === "map" || kind === "set")) return true;
    return lists(left, right, this.#expand);
  }

  /** Whether a shape contains anything that JSON cannot carry. Without such parts, JSON means itself. */
  isSpecial(of: Shape): boolean {
    const open = [of];
    const looked = new Set<Shape>();
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const shape = plain(one);
      if (shape === undefined || looked.has(shape)) continue;
      looked.add(shape);
      const known = this.#special.get(shape);
      if (known === true || SPECIAL.has(shape.kind)) {
        this.#special.set(plain(of)!, true);
        return true;
      }
      if (known === undefined) open.push(...partsOf(shape).flatMap((part) => this.#expand(part)));
    }
    for (const one of looked) this.#special.set(one, false);
    return false;
  }
}

/** Shapes that are several kinds of JSON. */
const WIDE: ReadonlySet<Shape["kind"]> = new Set(["any", "something", "nonprimitive"]);

const SPECIAL: ReadonlySet<Shape["kind"]> = new Set(["date", "bigint", "bytes", "map", "set"]);

/** The parts of a shape of plain JSON. */
function partsOf(shape: Shape): readonly Shape[] {
  if (shape.kind === "array") return [shape.of];
  if (shape.kind === "tuple") return shape.rest === undefined ? shape.items : [...shape.items, othersOf(shape)!];
  if (shape.kind !== "object") return [];
  const of = [...shape.props.values()].map((prop) => prop.of);
  return shape.index === undefined ? of : [...of, shape.index];
}

function objects(a: ObjectShape, b: ObjectShape, expand: Expand): readonly Pair[] {
  const common = [...a.props].flatMap(([name, left]) => {
    const right = b.props.get(name);
    return right === undefined ? [] : [[left, right] as const];
  });
  const never = (one: Prop): boolean => expand(one.of).every((of) => ["never", "undefined"].includes(plain(of)!.kind));
  const needed = (one: Prop): boolean => !one.optional && expand(one.of).every((of) => plain(of)!.kind !== "undefined");
  if (common.some(([left, right]) => (never(left) && needed(right)) || (never(right) && needed(left)))) return [];
  if (common.some(([left, right]) => !left.optional && !right.optional && apart(left.of, right.of, expand))) return [];
  const others = (one: ObjectShape, other: ObjectShape): readonly Pair[] => {
    const { index } = other;
    return index === undefined ? [] : [...one.props].flatMap(([name, prop]) => (other.props.has(name) ? [] : [[prop.of, index] as const]));
  };
  const both: readonly Pair[] = a.index !== undefined && b.index !== undefined ? [[a.index, b.index]] : [];
  return [...common.map(([left, right]) => [left.of, right.of] as const), ...others(a, b), ...others(b, a), ...both];
}

function lists(a: Shape, b: Shape, expand: Expand): readonly Pair[] {
  const at = (shape: Shape, index: number): Shape | undefined =>
    shape.kind === "array" ? shape.of : shape.kind === "tuple" ? (shape.items[index] ?? othersOf(shape)) : undefined;
  const sizes = (shape: Shape): readonly [number, number] => {
    if (shape.kind !== "tuple") return [0, Infinity];
    return [shape.required + (shape.last?.length ?? 0), shape.rest === undefined ? shape.items.length : Infinity];
  };
  const [[fewestA, mostA], [fewestB, mostB]] = [sizes(a), sizes(b)];
  if (fewestA > mostB || fewestB > mostA) return [];
  const both = Math.max(a.kind === "tuple" ? a.items.length : 0, b.kind === "tuple" ? b.items.length : 0) + 1;
  const pairs = Array.from({ length: both }, (_, index) => [at(a, index), at(b, index)] as const);
  const certain = Math.max(fewestA, fewestB);
  if (pairs.slice(0, certain).some(([x, y]) => x !== undefined && y !== undefined && apart(x, y, expand))) return [];
  return pairs.filter((pair): pair is Pair => pair[0] !== undefined && pair[1] !== undefined);
}

/** The members of a tuple that have no fixed place counted from its start. */
function othersOf({ rest, last = [] }: TupleShape): Shape | undefined {
  return rest === undefined ? undefined : union([rest, ...last]);
}

/** True if no JSON is both. */
function apart(a: Shape, b: Shape, expand: Expand): boolean {
  return expand(a).every((one) => expand(b).every((other) => differ(plain(one)!, plain(other)!)));
}

function differ(a: Shape, b: Shape): boolean {
  if (disjoint(a, b)) return true;
  if (a.kind === "literal" && b.kind === "literal") return a.value !== b.value;
  return wireOf(a) === "string" && wireOf(b) === "string" && a.kind !== b.kind && !sameText(a, b);
}

/** True if the two are different kinds of JSON, for all values. */
function disjoint(a: Shape, b: Shape): boolean {
  const [from, to] = [wireOf(a), wireOf(b)];
  const may = (of: Shape, wire: Wire): boolean =>
    wire === "any" || (of.kind === "something" ? wire !== "null" : of.kind !== "nonprimitive" || wire === "list" || wire === "object");
  return from !== to && (from === "any" ? !may(a, to) : to === "any" ? !may(b, from) : true);
}

function wireOf(shape: Shape): Wire {
  switch (shape.kind) {
    case "string":
    case "date":
    case "bigint":
    case "bytes":
      return "string";
    case "literal":
      return typeof shape.value as Wire;
    case "number":
    case "boolean":
    case "null":
    case "object":
      return shape.kind;
    case "array":
    case "tuple":
    case "set":
    case "map":
      return "list";
    default:
      return "any";
  }
}

const DATES = /^\d{4,}-\d\d-\d\dT/;
const DIGITS = /^-?\d+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Whether two kinds of text may be the same text. */
function sameText(a: Shape, b: Shape): boolean {
  if (a.kind === b.kind) return false;
  if (a.kind === "string" || b.kind === "string") return true;
  const literal = a.kind === "literal" ? a.value : b.kind === "literal" ? b.value : undefined;
  const kinds = new Set([a.kind, b.kind]);
  if (literal === undefined) return kinds.has("bigint") && kinds.has("bytes");
  return (kinds.has("date") ? DATES : kinds.has("bigint") ? DIGITS : BASE64).test(String(literal));
}
