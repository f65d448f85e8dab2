import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";
import type { Origin, Origins } from "./origin.js";
import type { Source } from "./sources.js";

/** What an expression is, as far as its syntax tells. */
export type Value =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  /** Also: an option that is not there. */
  | { readonly kind: "undefined" }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** Something else that is surely none of these and not absent. */
  | { readonly kind: "other" }
  | { readonly kind: "object"; readonly node: ts.ObjectLiteralExpression; readonly source: Source }
  | { readonly kind: "enum"; readonly node: ts.EnumDeclaration; readonly source: Source }
  | { readonly kind: "class"; readonly node: ts.ClassLikeDeclaration; readonly source: Source }
  | { readonly kind: "namespace"; readonly origin: Origin }
  | { readonly kind: "unreadable" };

const UNREADABLE = { kind: "unreadable" } as const;
const UNDEFINED = { kind: "undefined" } as const;
const OTHER = { kind: "other" } as const;

/** Deeper than this an expression goes round in circles (`const a = b; const b = a`). */
const DEEPEST = 64;

/**
 * Works out constants without running anything: literals, templates, `+`, `const`s, enums, members of constant objects and static
 * readonly fields, in the same file or imported. Whatever could differ at run time is unreadable rather than guessed.
 */
export class Values {
  readonly #ts: Typescript;
  readonly #origins: Origins;

  constructor(ts: Typescript, origins: Origins) {
    this.#ts = ts;
    this.#origins = origins;
  }

  of(node: ts.Node, source: Source, depth = 0): Value {
    const ts = this.#ts;
    if (depth > DEEPEST) return UNREADABLE;
    const inner = (other: ts.Node): Value => this.of(other, source, depth + 1);
    if (ts.isStringLiteralLike(node)) return { kind: "string", value: node.text };
    if (ts.isNumericLiteral(node)) return { kind: "number", value: Number(node.text) };
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return inner(node.expression);
    if (ts.isNonNullExpression(node) || ts.isTypeAssertionExpression(node)) return inner(node.expression);
    if (ts.isObjectLiteralExpression(node)) return { kind: "object", node, source };
    if (ts.isTemplateExpression(node)) {
      let value = node.head.text;
      for (const span of node.templateSpans) {
        const part = inner(span.expression);
        if (part.kind !== "string" && part.kind !== "number") return UNREADABLE;
        value += `${part.value}${span.literal.text}`;
      }
      return { kind: "string", value };
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
      const [left, right] = [inner(node.left), inner(node.right)];
      if (left.kind === "number" && right.kind === "number") return { kind: "number", value: left.value + right.value };
      if ((left.kind !== "string" && left.kind !== "number") || (right.kind !== "string" && right.kind !== "number")) return UNREADABLE;
      return { kind: "string", value: `${left.value}${right.value}` };
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
      const value = inner(node.operand);
      return value.kind === "number" ? { kind: "number", value: -value.value } : UNREADABLE;
    }
    if (ts.isIdentifier(node)) {
      const origin = this.#origins.of(node.text, source);
      if (origin === undefined) return node.text === "undefined" ? UNDEFINED : UNREADABLE;
      return this.#ofOrigin(origin, depth + 1);
    }
    if (ts.isPropertyAccessExpression(node)) return this.member(inner(node.expression), node.name.text, depth + 1);
    if (ts.isElementAccessExpression(node)) {
      const key = inner(node.argumentExpression);
      return key.kind === "string" ? this.member(inner(node.expression), key.value, depth + 1) : UNREADABLE;
    }
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
      return { kind: "boolean", value: node.kind === ts.SyntaxKind.TrueKeyword };
    }
    const others = [ts.SyntaxKind.NullKeyword, ts.SyntaxKind.ArrayLiteralExpression];
    return others.includes(node.kind) || ts.isFunctionLike(node) ? OTHER : UNREADABLE;
  }

  /** Member `key` of an object, enum, class or namespace. */
  member(of: Value, key: string, depth = 0): Value {
    const ts = this.#ts;
    if (depth > DEEPEST) return UNREADABLE;
    if (of.kind === "namespace") {
      const origin = this.#origins.member(key, of.origin);
      return origin === undefined ? UNREADABLE : this.#ofOrigin(origin, depth + 1);
    }
    if (of.kind === "object") return this.#property(of.node, of.source, key, depth + 1);
    if (of.kind === "enum") return this.#enumMember(of.node, of.source, key, depth + 1);
    if (of.kind !== "class") return UNREADABLE;
    for (const member of of.node.members) {
      if (!ts.isPropertyDeclaration(member) || !this.#named(member.name, key) || member.initializer === undefined) continue;
      const kinds = ts.getModifiers(member)?.map((modifier) => modifier.kind) ?? [];
      const constant = kinds.includes(ts.SyntaxKind.StaticKeyword) && kinds.includes(ts.SyntaxKind.ReadonlyKeyword);
      return constant ? this.of(member.initializer, of.source, depth + 1) : UNREADABLE;
    }
    return UNREADABLE;
  }

  /** The value as JSON, an object with those members that can be read; undefined if it is none. */
  json(value: Value, depth = 0): unknown {
    if (value.kind === "string" || value.kind === "number" || value.kind === "boolean") return value.value;
    if (value.kind !== "object" || depth > DEEPEST) return undefined;
    const keys = new Set(this.#keys(value.node, value.source, depth));
    const read = [...keys].sort().map((key) => [key, this.json(this.member(value, key), depth + 1)] as const);
    return Object.fromEntries(read.filter(([, member]) => member !== undefined));
  }

  #keys(node: ts.ObjectLiteralExpression, source: Source, depth: number): readonly string[] {
    const ts = this.#ts;
    return node.properties.flatMap((property) => {
      if (ts.isSpreadAssignment(property)) {
        const spread = this.of(property.expression, source, depth);
        return spread.kind === "object" && depth < DEEPEST ? this.#keys(spread.node, spread.source, depth + 1) : [];
      }
      return ts.isIdentifier(property.name) || ts.isStringLiteralLike(property.name) ? [property.name.text] : [];
    });
  }

  #ofOrigin(origin: Origin, depth: number): Value {
    const ts = this.#ts;
    if (origin.kind === "module" || (origin.kind === "package" && origin.name === "*")) return { kind: "namespace", origin };
    if (origin.kind === "package") return UNREADABLE;
    const { node, source } = origin;
    if (ts.isEnumDeclaration(node)) return { kind: "enum", node, source };
    if (ts.isClassLike(node)) return { kind: "class", node, source };
    if (ts.isFunctionDeclaration(node)) return OTHER;
    if (!ts.isVariableDeclaration(node)) return this.of(node, source, depth);
    if (!ts.isVariableDeclarationList(node.parent) || (node.parent.flags & ts.NodeFlags.Const) === 0) return UNREADABLE;
    if (node.initializer !== undefined) return this.of(node.initializer, source, depth);
    // In a declaration file: `export declare const MAIL: "mail.send"`.
    return node.type !== undefined && ts.isLiteralTypeNode(node.type) ? this.of(node.type.literal, source, depth) : UNREADABLE;
  }

  /** From the last to the first, as the last one wins at run time. */
  #property(node: ts.ObjectLiteralExpression, source: Source, key: string, depth: number): Value {
    const ts = this.#ts;
    for (const property of node.properties.toReversed()) {
      if (ts.isSpreadAssignment(property)) {
        const spread = this.of(property.expression, source, depth);
        if (spread.kind === "undefined") continue;
        const found = spread.kind === "object" ? this.member(spread, key, depth) : UNREADABLE;
        if (found.kind !== "undefined") return found;
        continue;
      }
      if (ts.isComputedPropertyName(property.name)) {
        const name = this.of(property.name.expression, source, depth);
        if (name.kind === "unreadable") return UNREADABLE;
        if (name.kind !== "string" || name.value !== key) continue;
      } else if (!this.#named(property.name, key)) continue;
      if (ts.isPropertyAssignment(property)) return this.of(property.initializer, source, depth);
      return ts.isShorthandPropertyAssignment(property) ? this.of(property.name, source, depth) : OTHER;
    }
    return UNDEFINED;
  }

  #enumMember(node: ts.EnumDeclaration, source: Source, key: string, depth: number): Value {
    let before: Value = { kind: "number", value: -1 };
    for (const member of node.members) {
      if (member.initializer !== undefined) before = this.of(member.initializer, source, depth);
      else before = before.kind === "number" ? { kind: "number", value: before.value + 1 } : UNREADABLE;
      if (this.#named(member.name, key)) return before;
    }
    return UNREADABLE;
  }

  #named(name: ts.PropertyName, key: string): boolean {
    const ts = this.#ts;
    return (ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name)) && name.text === key;
  }
}
