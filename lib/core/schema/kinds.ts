import { types } from "node:util";

/**
 * What a value is to a schema. `"other"`: nothing that any schema describes, such as a function or a RegExp.
 */
export type Kind =
  "undefined" | "null" | "string" | "number" | "boolean" | "array" | "object" | "date" | "bigint" | "map" | "set" | "bytes" | "other";

const tag = Object.prototype.toString;

/**
 * Asked of Node, not with `instanceof`, so that a value of another realm (jest, `node:vm`) is known too.
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

/** True for an object whose data are its own properties: no list, and no builtin that JSON would empty. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const parent: unknown = Object.getPrototypeOf(value);
  if (parent === Object.prototype || parent === null) return true;
  // Builtins announce themselves by their tag. So may a class, which is no builtin for that.
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
