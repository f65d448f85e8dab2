import { types } from "node:util";
import { step } from "../schema/path.js";

/**
 * Levels of nesting a value may have. A deeper one counts as a mistake, as does a value that contains itself.
 */
const DEEPEST = 500;

/** Why JSON would change a value. */
export interface Flaw {
  /** `payload.order.lines[3].when` */
  readonly path: string;
  /** `a Date` */
  readonly what: string;
  readonly remedy: string;
}

/**
 * True if JSON keeps the value as it is; if false it may not, and `flawIn` decides.
 * It runs before every encode, so it walks once and allocates nothing. Depth replaces the search for cycles:
 * a value that contains itself is too deep.
 */
export function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return value - value === 0; // false for NaN and ±Infinity, cheaper than the call
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth >= DEEPEST) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false;
    // Properties of a list beside its items count as values too. Ten times as quick as asking for its keys,
    // which makes a text of each index.
    return Object.values(value).length === value.length && Object.getOwnPropertySymbols(value).length === 0;
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const parent: unknown = Object.getPrototypeOf(value);
  // Builtins have a tag; instances of plain classes, and objects of another realm, do not.
  const foreign = parent !== Object.prototype && parent !== null;
  if (foreign && (tag.call(value) !== "[object Object]" || "toJSON" in value)) return false;
  let empty = foreign;
  for (const key in value) {
    empty = false;
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && !isPlain(member, depth + 1)) return false;
  }
  return !empty;
}

const tag = Object.prototype.toString;

/**
 * The first part of a value that JSON would change silently; undefined if there is none.
 * It is slower than `isPlain` and exact: it keeps the path, distinguishes own properties from inherited ones,
 * and looks at what `toJSON` returns. A property that is undefined is allowed: it is left out, as JSON does.
 *
 * Objects with their own `toJSON` travel as what it returns (decimals, object ids, URLs), but a `Date`, a
 * `Buffer` and the like are refused: they would arrive as text. Other objects with a tag
 * (`Symbol.toStringTag`) are refused, too: a `Response`, a `Headers`, an iterator would arrive as `{}`.
 */
export function flawIn(value: unknown, path: string, around: readonly object[] = []): Flaw | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : { path, what: String(value), remedy: "Send null or leave it out." };
    case "bigint":
      return { path, what: "a bigint", remedy: "Send it as a string and make a BigInt of it in the task." };
    case "undefined":
      return { path, what: "undefined", remedy: "Send null: a list has no gaps in JSON." };
    case "symbol":
    case "function":
      return { path, what: `a ${typeof value}`, remedy: "Send data only; leave it out or name it by a string." };
    case "object":
      break;
  }
  if (value === null) return undefined;
  if (around.includes(value)) return { path, what: "an object that contains itself", remedy: "Send ids instead of references." };
  if (around.length >= DEEPEST) return { path: shorten(path), what: `more than ${DEEPEST} levels deep`, remedy: "Send a flat list." };
  const kind = builtin(value);
  if (kind !== undefined) return { path, ...kind };
  const inside = [...around, value];
  if (hasToJson(value)) {
    const spoken = value.toJSON();
    return spoken === value ? flawInMembers(value, path, inside) : flawIn(spoken, `${path}.toJSON()`, inside);
  }
  const more = moreThanFields(value);
  return more === undefined ? flawInMembers(value, path, inside) : { path, ...more };
}

function moreThanFields(value: object): Omit<Flaw, "path"> | undefined {
  const said = tag.call(value).slice("[object ".length, -1);
  if (said === "Array" || said === "Module") return undefined;
  if (said === "Arguments") return { what: "the arguments of a function", remedy: "Send [...arguments], a list." };
  if (said.endsWith("Iterator") || said.endsWith("Generator")) return { what: article(said), remedy: "Send [...it], a list." };
  if (said !== "Object") return { what: article(said), remedy: "Send what you need of it as a plain object, or give its class a toJSON." };
  if (Object.keys(value).length > 0 || !hidesFields(value)) return undefined;
  return {
    what: `${article(nameOf(value))} without a field that can be seen`,
    remedy: "Give its class a toJSON, or send what you need of it as a plain object.",
  };
}

/**
 * Whether an object without a field hides data: its class has methods or accessors, or private fields.
 * Methods are of no use without data. The class of data whose fields are all left out has neither.
 */
function hidesFields(value: object): boolean {
  for (let at: unknown = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    const made: unknown = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    // `Object` of any realm.
    if (Object.getPrototypeOf(at) === null && Object.hasOwn(at as object, "hasOwnProperty")) return false;
    if (Reflect.ownKeys(at as object).some((key) => key !== "constructor" && isBehaviour(at as object, key))) return true;
    if (typeof made === "function" && /#[\p{ID_Start}$_]/u.test(Function.prototype.toString.call(made))) return true;
  }
  return false;
}

function isBehaviour(of: object, key: PropertyKey): boolean {
  const { value, get } = Object.getOwnPropertyDescriptor(of, key)!;
  return get !== undefined || typeof value === "function";
}

function nameOf(value: object): string {
  const made: unknown = value.constructor;
  return typeof made === "function" && made.name !== "" ? made.name : "object";
}

function article(name: string): string {
  return `${/^[aeiou]/i.test(name) && !name.startsWith("UR") ? "an" : "a"} ${name}`;
}

function flawInMembers(value: object, path: string, inside: readonly object[]): Flaw | undefined {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const flaw = flawIn(value[i], `${path}[${i}]`, inside);
      if (flaw !== undefined) return flaw;
    }
    const extra = Object.keys(value).find((key) => !/^\d+$/.test(key) && (value as unknown as Record<string, unknown>)[key] !== undefined);
    if (extra !== undefined)
      return { path: path + step(extra), what: "a property of a list", remedy: "Send an object with the list in it." };
    return symbolIn(value, path);
  }
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const flaw = flawIn(member, path + step(key), inside);
    if (flaw !== undefined) return flaw;
  }
  return symbolIn(value, path);
}

/** Those that are not enumerable are not data: libraries mark their objects so. */
function symbolIn(value: object, path: string): Flaw | undefined {
  const key = Object.getOwnPropertySymbols(value).find(
    (symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol) && (value as Record<symbol, unknown>)[symbol] !== undefined,
  );
  return key && { path: `${path}[${String(key)}]`, what: "a property named by a symbol", remedy: "Name it by a string, or leave it out." };
}

/** Asks Node, without `instanceof`, so that a value of another realm is recognised too. */
function builtin(value: object): Omit<Flaw, "path"> | undefined {
  if (types.isDate(value) && Number.isNaN(value.getTime())) return { what: "an invalid Date", remedy: "Send null or leave it out." };
  if (types.isDate(value)) return { what: "a Date", remedy: "Send its toISOString() and make a Date of it in the task." };
  if (types.isMap(value)) return { what: "a Map", remedy: "Send [...map], a list of pairs." };
  if (types.isSet(value)) return { what: "a Set", remedy: "Send [...set], a list." };
  if (types.isArrayBufferView(value) || types.isAnyArrayBuffer(value)) {
    return { what: `binary data (${value.constructor.name})`, remedy: "Store it and send where it is, or send it as base64." };
  }
  if (types.isPromise(value)) return { what: "a promise", remedy: "Await it first." };
  if (types.isNativeError(value)) return { what: "an Error", remedy: "Send its name and message." };
  if (types.isRegExp(value)) return { what: "a RegExp", remedy: "Send its source." };
  if (types.isWeakMap(value) || types.isWeakSet(value)) return { what: "a weak collection", remedy: "Send data only." };
  if (types.isBoxedPrimitive(value)) return { what: "a boxed primitive", remedy: "Send the primitive itself." };
  return undefined;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function shorten(path: string): string {
  return path.length > 80 ? `${path.slice(0, 60)}…` : path;
}
