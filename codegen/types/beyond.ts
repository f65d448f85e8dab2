import type { ts } from "ts-morph";
import type { Source } from "../read/sources.js";
import type { ObjectShape, Refused, Shape } from "./shape.js";

/**
 * Thrown where the syntax of a type does not say what it is.
 * The caller at a type that stands for itself leaves it to the checker.
 */
export class Beyond extends Error {}

/** What type parameters stand for. */
export type Scope = ReadonlyMap<string, Shape>;

export const NONE: Scope = new Map();

/** What the parts of the syntax reader use of each other. */
export interface Nodes {
  /** @throws {Beyond} if the scope has type arguments, which the checker would not see at this node */
  type(node: ts.TypeNode, scope: Scope): Shape;
  /** The members of an interface, a class or an object type. @throws {Beyond} */
  members(nodes: readonly (ts.TypeElement | ts.ClassElement)[], scope: Scope): ObjectShape | Refused;
  /** The file a node is in. */
  source(node: ts.Node): Source;
}

/** @throws {Beyond} */
export function beyond(): never {
  throw new Beyond();
}

/** @throws {Beyond} without a value */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Beyond();
  return value;
}
