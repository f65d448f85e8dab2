import { types } from "node:util";

/**
 * The kind of a value to a schema.
 * `"other"`: no schema describes it, such as a function or a RegExp.
 */
export type Kind =
  "undefined" | "null" | "string" | "number" | "boolean" | "array" | "object" | "date" | "bigint" | "map" | "set" | "bytes" | "other";

const tag = Object.prototype.toString;

/**
 * The kind of a value, also of one from another realm (jest, `node:vm`), so not by `instanceof`.
 * Instances of plain classes are objects.
 */
export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
    case "undefined":
      return typeof value as Kind;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "array" : isRecord(value) ? "object" : builtin(value);
    default:
      return "other";
  }
}

/**
 * True for an object whose data are its own properties: neither a list nor a builtin that JSON would empty.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const parent: unknown = Object.getPrototypeOf(value);
  if (parent === Object.prototype || parent === null) return true;
  // Builtins have a tag. A class may have one too, and is still not a builtin.
  return !Array.isArray(value) && (tag.call(value) === "[object Object]" || builtin(value) === "object");
}

function builtin(value: object): Kind {
  if (types.isDate(value)) return "date";
  if (types.isMap(value)) return "map";
  if (types.isSet(value)) return "set";
  if (types.isUint8Array(value)) return "bytes";
  const strange =
    types.isArrayBufferView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isPromise(value) ||
    types.isNativeError(value) ||
    types.isRegExp(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isBoxedPrimitive(value);
  return strange ? "other" : "object";
}
