import { type ObjectShape, plain, type Shape } from "./shape.js";

/** The members a shape has in the end: no names, no unions, nothing deferred. */
export type Expand = (shape: Shape) => readonly Shape[];

/** Which JSON a value may be. */
type Wire = "string" | "number" | "boolean" | "null" | "list" | "object" | "any";

/**
 * True if two members of a union mean different values but may look the same on the wire: text that is a date to one and text to the other.
 * Plain JSON never clashes with plain JSON, as it means itself.
 */
export function clash(a: Shape, b: Shape, expand: Expand, seen: ReadonlySet<Shape> = new Set()): boolean {
  if (seen.has(a) && seen.has(b)) return false;
  const [left, right] = [plain(a), plain(b)];
  if (left === undefined || right === undefined || left === right) return false;
  if (!isSpecial(a, expand) && !isSpecial(b, expand)) return false;
  const within = new Set([...seen, a, b]);
  const any = (x: Shape, y: Shape): boolean => expand(x).some((one) => expand(y).some((other) => clash(one, other, expand, within)));
  const [from, to] = [wireOf(left), wireOf(right)];
  if (left.kind === "any" || right.kind === "any") return true;
  if (left.kind === "nonprimitive" || right.kind === "nonprimitive") return true;
  if (from !== to) return false;
  if (from === "string") return sameText(left, right);
  if (left.kind === "object" && right.kind === "object") return objects(left, right, expand, any);
  if (left.kind === "map" && right.kind === "map") return any(left.key, right.key) || any(left.of, right.of);
  if (left.kind === "set" && right.kind === "set") return any(left.of, right.of);
  // A map of pairs, a set and a list are all lists; empty ones are all the same.
  if ([left, right].some(({ kind }) => kind === "map" || kind === "set")) return true;
  return lists(left, right, any, expand);
}

function objects(a: ObjectShape, b: ObjectShape, expand: Expand, any: (a: Shape, b: Shape) => boolean): boolean {
  const common = [...a.props].flatMap(([name, left]) => {
    const right = b.props.get(name);
    return right === undefined ? [] : [[left, right] as const];
  });
  if (common.some(([left, right]) => !left.optional && !right.optional && apart(left.of, right.of, expand))) return false;
  if (common.some(([left, right]) => any(left.of, right.of))) return true;
  const others = (one: ObjectShape, other: ObjectShape): boolean => {
    const { index } = other;
    return index !== undefined && [...one.props].some(([name, prop]) => !other.props.has(name) && any(prop.of, index));
  };
  return others(a, b) || others(b, a) || (a.index !== undefined && b.index !== undefined && any(a.index, b.index));
}

function lists(a: Shape, b: Shape, any: (a: Shape, b: Shape) => boolean, expand: Expand): boolean {
  const at = (shape: Shape, index: number): Shape | undefined =>
    shape.kind === "array" ? shape.of : shape.kind === "tuple" ? (shape.items[index] ?? shape.rest) : undefined;
  const sizes = (shape: Shape): readonly [number, number] => {
    if (shape.kind !== "tuple") return [0, Infinity];
    return [shape.least ?? shape.required, shape.rest === undefined ? shape.items.length : Infinity];
  };
  const [[fewestA, mostA], [fewestB, mostB]] = [sizes(a), sizes(b)];
  if (fewestA > mostB || fewestB > mostA) return false;
  const both = Math.max(a.kind === "tuple" ? a.items.length : 0, b.kind === "tuple" ? b.items.length : 0) + 1;
  const pairs = Array.from({ length: both }, (_, index) => [at(a, index), at(b, index)] as const);
  const certain = Math.max(fewestA, fewestB);
  if (pairs.slice(0, certain).some(([x, y]) => x !== undefined && y !== undefined && apart(x, y, expand))) return false;
  return pairs.some(([x, y]) => x !== undefined && y !== undefined && any(x, y));
}

/** True if no JSON is both. */
function apart(a: Shape, b: Shape, expand: Expand): boolean {
  return expand(a).every((one) => expand(b).every((other) => differ(plain(one)!, plain(other)!)));
}

function differ(a: Shape, b: Shape): boolean {
  const [from, to] = [wireOf(a), wireOf(b)];
  if (from === "any" || to === "any") return false;
  if (from !== to) return true;
  if (a.kind === "literal" && b.kind === "literal") return a.value !== b.value;
  return from === "string" && a.kind !== b.kind && !sameText(a, b);
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

/** Whether there is anything in a shape that JSON has no word for. Where there is not, JSON means itself. */
export function isSpecial(of: Shape, expand: Expand, seen?: Set<Shape>): boolean {
  const shape = plain(of);
  if (shape === undefined || shape.kind === "literal" || shape.kind === "string") return false;
  const visited = seen ?? new Set();
  if (visited.has(shape)) return false;
  visited.add(shape);
  const within = (one: Shape): boolean => expand(one).some((member) => isSpecial(member, expand, visited));
  switch (shape.kind) {
    case "date":
    case "bigint":
    case "bytes":
    case "map":
    case "set":
      return true;
    case "array":
      return within(shape.of);
    case "tuple":
      return shape.items.some(within) || (shape.rest !== undefined && within(shape.rest));
    case "object":
      return [...shape.props.values()].some(({ of }) => within(of)) || (shape.index !== undefined && within(shape.index));
    default:
      return false;
  }
}
