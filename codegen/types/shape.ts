import type { ts } from "ts-morph";
import type { DiagnosticCode, WrittenType } from "../model.js";
import type { Notes } from "./notes.js";

/**
 * The meaning of a type for a payload, between the sources and the schema.
 * Both ways to read a type, by its syntax and through the checker, end here. So they can differ in how they
 * find a type, but not in its schema.
 */
export type Shape =
  | { readonly kind: "any" | "never" | "undefined" | "null" | "boolean" | "number" | "date" | "bytes" }
  /** `source` of a regular expression, for template literal types. */
  | { readonly kind: "string"; readonly pattern?: string; readonly template?: Template }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  /** With a value: a literal type, in decimal digits. */
  | { readonly kind: "bigint"; readonly value?: string }
  /** Type `{}`: every value but null and undefined. */
  | { readonly kind: "something" }
  /** Type `object`: every value but primitives. */
  | { readonly kind: "nonprimitive" }
  | { readonly kind: "array" | "set" | "promise"; readonly of: Shape }
  | { readonly kind: "map"; readonly key: Shape; readonly of: Shape }
  | TupleShape
  | ObjectShape
  | { readonly kind: "union"; readonly of: readonly Shape[] }
  | Named
  | { readonly kind: "noted"; readonly of: Shape; readonly notes: Notes }
  | Refused
  /** Left to the checker, once all such types are known. */
  | { readonly kind: "deferred"; readonly type: WrittenType };

/** A part of a template literal type that may be any of many texts. */
export type Hole = "string" | "number" | "bigint" | "Uppercase" | "Lowercase" | "Capitalize" | "Uncapitalize";

/** A template literal type: `texts` around `holes`, one more than these. */
export interface Template {
  readonly texts: readonly string[];
  readonly holes: readonly Hole[];
}

export interface TupleShape {
  readonly kind: "tuple";
  /** The first `required` of these must be there. */
  readonly items: readonly Shape[];
  readonly required: number;
  readonly rest: Shape | undefined;
  /** What follows the rest; all of it must be there. */
  readonly last?: readonly Shape[];
}

export interface ObjectShape {
  readonly kind: "object";
  readonly props: ReadonlyMap<string, Prop>;
  /** What other members are, if there is an index signature. */
  readonly index: Shape | undefined;
  /** Which names those have, as a shape of text; undefined: any. */
  readonly keys: Shape | undefined;
  /** Base types that cannot be found. */
  readonly missing?: readonly Missing[];
}

/** A base class or interface that cannot be found. */
export interface Missing {
  readonly text: string;
  readonly node: ts.Node;
}

export interface Prop {
  readonly of: Shape;
  readonly optional: boolean;
  /** Its name was written as a number, and is one to `keyof`. */
  readonly numeric?: boolean;
  /** Where it is declared. */
  readonly node: ts.Node | undefined;
}

/** A type with a name, which may refer to itself: `body` is set once all of it has been read. */
export interface Named {
  readonly kind: "named";
  readonly name: string;
  /** The same for the same declaration with the same arguments. */
  readonly key: string;
  readonly node: ts.Node;
  body: Shape | undefined;
  /** It contains itself. */
  recursive: boolean;
}

/** A type that cannot travel. It is reported only where it is used: the brand of a string may be any type. */
export interface Refused {
  readonly kind: "refused";
  readonly code: DiagnosticCode;
  /** What it is, and the rule: `is a function, which …`. */
  readonly what: string;
  readonly remedy: string;
}

/** The name of a type without one. */
export const NAMELESS = "Type";

export const ANY: Shape = { kind: "any" };
export const SOMETHING: Shape = { kind: "something" };
export const NEVER: Shape = { kind: "never" };
export const UNDEFINED: Shape = { kind: "undefined" };
export const NULL: Shape = { kind: "null" };
export const BOOLEAN: Shape = { kind: "boolean" };
export const NUMBER: Shape = { kind: "number" };
export const STRING: Shape = { kind: "string" };
export const BIGINT: Shape = { kind: "bigint" };
export const DATE: Shape = { kind: "date" };
export const BYTES: Shape = { kind: "bytes" };

/**
 * One of several.
 * A member that is only `{ toJSON }`, as types of JSON values have it, is left out: its JSON, which is sent,
 * stands beside it.
 */
export function union(all: readonly Shape[]): Shape {
  const of = all.length > 1 && all.some(makesJson) ? all.filter((one) => !makesJson(one)) : all;
  return of.length === 1 ? of[0]! : { kind: "union", of: of.length === 0 ? all : of };
}

/** `{ toJSON(): unknown }`. */
function makesJson(shape: Shape): boolean {
  const at = plain(shape);
  return (
    at?.kind === "object" && at.props.size === 1 && at.index === undefined && plain(at.props.get("toJSON")?.of ?? NEVER)?.kind === "refused"
  );
}

export function object(props: ReadonlyMap<string, Prop>, index?: Shape, keys?: Shape): ObjectShape {
  return { kind: "object", props, index, keys };
}

/** The shape behind a name; undefined while it is still being read. */
export function plain(shape: Shape): Shape | undefined {
  let at: Shape | undefined = shape;
  for (let far = 0; far < 100 && (at?.kind === "named" || at?.kind === "noted"); far++) at = at.kind === "named" ? at.body : at.of;
  return at;
}

/**
 * The members of a union through names and unions in it; for other shapes the shape itself.
 * Undefined while one of them is still being read.
 */
export function members(shape: Shape): readonly Shape[] | undefined {
  const found: Shape[] = [];
  const seen = new Set<Shape>();
  const visit = (one: Shape): boolean => {
    const at = plain(one);
    if (at === undefined) return false;
    if (at.kind !== "union") {
      found.push(one);
      return true;
    }
    if (seen.has(at)) return true;
    seen.add(at);
    return at.of.every(visit);
  };
  return visit(shape) ? found : undefined;
}

/** Whether an object type may brand a shape: `string & { __brand: "id" }`. */
export function isPrimitive(shape: Shape): boolean {
  const kind = plain(shape)?.kind;
  return kind !== undefined && ["string", "number", "boolean", "bigint", "literal"].includes(kind);
}

export const refuse = {
  function: (): Refused => ({
    kind: "refused",
    code: "STEM2001",
    what: "is a function, and code does not travel",
    remedy: "Carry the data it needs, and let the handler do the work",
  }),
  symbol: (): Refused => ({
    kind: "refused",
    code: "STEM2002",
    what: "is a symbol or has one for a name, and a symbol exists in one process only",
    remedy: "Use a string",
  }),
  instance: (name: string, because: string): Refused => ({
    kind: "refused",
    code: "STEM2003",
    what: `is an instance of class ${name}, which ${because}; it would arrive as a plain object, without them`,
    remedy: "Use an interface or a type with the data of it",
  }),
  listed: (name: string): Refused => ({
    kind: "refused",
    code: "STEM2003",
    what: `is a ${name}, a list with members of its own; it would arrive as a plain list, without them`,
    remedy: "Put the list into an object, beside those members",
  }),
  base: (text: string): Refused => ({
    kind: "refused",
    code: "STEM2011",
    what: `extends ${text}, which cannot be found, so that what it has from there is not checked`,
    remedy: "Correct the name or the import, or install or build the package",
  }),
  builtin: (name: string): Refused => ({
    kind: "refused",
    code: "STEM2004",
    what: `is a ${name}, which lives in one process only`,
    remedy: "Carry what is needed to make it there (text, numbers, bytes as Uint8Array)",
  }),
  generic: (name: string): Refused => ({
    kind: "refused",
    code: "STEM2008",
    what: `is the type parameter ${name}, which nothing says the type of`,
    remedy: "Write the type out, or give the parameter a default",
  }),
  endless: (name: string): Refused => ({
    kind: "refused",
    code: "STEM2012",
    what: `goes into ${name} with ever new type arguments, without end`,
    remedy: "Let it refer to itself with the same arguments",
  }),
  missing: (text: string): Refused => ({
    kind: "refused",
    code: "STEM2011",
    what: `is ${text}, which cannot be found, so that any value passes`,
    remedy: "Correct the name or the import, or write unknown if that is meant",
  }),
};

/** A union or list that contains itself. */
export function isCircular(shape: Shape): shape is Named {
  return shape.kind === "named" && shape.recursive && shape.body?.kind !== "object";
}
