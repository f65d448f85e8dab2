import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";
import type { Origin } from "./origin.js";
import type { Source } from "./sources.js";

/** The values of the names in the body of a function, for one call: its parameters and constants. */
export type Locals = ReadonlyMap<string, Value>;

/** The value of an expression, as far as its syntax shows. */
export type Value =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  /** Also for an option that is not there. */
  | { readonly kind: "undefined" }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** A value that is certainly none of these and not absent. */
  | { readonly kind: "other" }
  /** `without`: the keys that a pattern has taken out of it (`{ name, ...rest }`). */
  | {
      readonly kind: "object";
      readonly node: ts.ObjectLiteralExpression;
      readonly source: Source;
      readonly locals: Locals;
      readonly without?: readonly string[];
    }
  | { readonly kind: "array"; readonly items: readonly Value[] }
  | { readonly kind: "enum"; readonly node: ts.EnumDeclaration; readonly source: Source }
  | { readonly kind: "class"; readonly node: ts.ClassLikeDeclaration; readonly source: Source }
  /** `namespace N { … }`. */
  | { readonly kind: "block"; readonly node: ts.ModuleBlock; readonly source: Source }
  /** An object whose type a declaration file gives. */
  | { readonly kind: "type"; readonly node: ts.TypeLiteralNode; readonly source: Source }
  | { readonly kind: "namespace"; readonly origin: Origin }
  | { readonly kind: "unreadable" };

export const UNREADABLE = { kind: "unreadable" } as const;
export const UNDEFINED = { kind: "undefined" } as const;
export const OTHER = { kind: "other" } as const;

/** At the top level of a file. */
export const NO_LOCALS: Locals = new Map();

/** The result of `typeof` for a value. */
export function typeOf(value: Value): Value {
  const { kind } = value;
  if (kind === "string" || kind === "number" || kind === "boolean" || kind === "undefined" || kind === "object")
    return { kind: "string", value: kind };
  return kind === "array" ? { kind: "string", value: "object" } : UNREADABLE;
}

/** The result of an operator on two numbers; undefined if it is not arithmetic. */
export function worked({ SyntaxKind }: Typescript, operator: ts.SyntaxKind, left: number, right: number): number | undefined {
  if (operator === SyntaxKind.AsteriskToken) return left * right;
  if (operator === SyntaxKind.MinusToken) return left - right;
  if (operator === SyntaxKind.SlashToken) return left / right;
  return operator === SyntaxKind.AsteriskAsteriskToken ? left ** right : undefined;
}
