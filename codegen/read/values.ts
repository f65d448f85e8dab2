import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";
import type { Origin, Origins } from "./origin.js";
import { bind } from "./patterns.js";
import type { Source } from "./sources.js";
import { type Locals, NO_LOCALS, OTHER, typeOf, UNDEFINED, UNREADABLE, type Value, worked } from "./value.js";

export type { Locals, Value } from "./value.js";
export { NO_LOCALS } from "./value.js";

/** A deeper expression is taken for a circle (`const a = b; const b = a`). */
const DEEPEST = 64;

/**
 * No constant takes more steps.
 * Constants that go round in two circles at once (`const a = b + b, b = a + a`) would take for ever.
 */
const MOST_STEPS = 10_000;

/**
 * Works out constants without running anything.
 * It reads literals, templates, sums, `??`, `const`s, enums, members of constant objects and arrays,
 * `static readonly` fields and namespaces, in the same file or imported. A value that could differ at run
 * time is unreadable, never guessed.
 */
export class Values {
  readonly #ts: Typescript;
  readonly #origins: Origins;
  /** Calls of `of` under way, and their number since the outermost began. */
  #under = 0;
  #steps = 0;

  constructor(ts: Typescript, origins: Origins) {
    this.#ts = ts;
    this.#origins = origins;
  }

  of(node: ts.Node, source: Source, locals: Locals = NO_LOCALS, depth = 0): Value {
    if (this.#under === 0) this.#steps = 0;
    if (depth > DEEPEST || ++this.#steps > MOST_STEPS) return UNREADABLE;
    this.#under++;
    try {
      return this.#of(node, source, locals, depth);
    } finally {
      this.#under--;
    }
  }

  #of(node: ts.Node, source: Source, locals: Locals, depth: number): Value {
    const ts = this.#ts;
    const inner = (other: ts.Node): Value => this.of(other, source, locals, depth + 1);
    if (ts.isStringLiteralLike(node)) return { kind: "string", value: node.text };
    if (ts.isNumericLiteral(node)) return { kind: "number", value: Number(node.text) };
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return inner(node.expression);
    if (ts.isNonNullExpression(node) || ts.isTypeAssertionExpression(node)) return inner(node.expression);
    if (ts.isObjectLiteralExpression(node)) return { kind: "object", node, source, locals };
    if (ts.isArrayLiteralExpression(node)) return this.#list(node.elements, source, locals, depth + 1);
    if (ts.isTemplateExpression(node)) {
      let value = node.head.text;
      for (const span of node.templateSpans) {
        const part = inner(span.expression);
        if (part.kind !== "string" && part.kind !== "number") return UNREADABLE;
        value += `${part.value}${span.literal.text}`;
      }
      return { kind: "string", value };
    }
    if (ts.isBinaryExpression(node)) return this.#binary(node, inner);
    if (ts.isConditionalExpression(node)) {
      const truth = this.truth(node.condition, source, locals, depth + 1);
      return truth === undefined ? UNREADABLE : inner(truth ? node.whenTrue : node.whenFalse);
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
      const value = inner(node.operand);
      return value.kind === "number" ? { kind: "number", value: -value.value } : UNREADABLE;
    }
    if (ts.isIdentifier(node)) {
      const local = locals.get(node.text);
      if (local !== undefined) return local;
      const origin = this.#origins.of(node.text, source);
      if (origin === undefined) return node.text === "undefined" ? UNDEFINED : UNREADABLE;
      return this.ofOrigin(origin, depth + 1);
    }
    if (ts.isPropertyAccessExpression(node)) return this.#access(node, node.name.text, inner, depth);
    if (ts.isElementAccessExpression(node)) {
      const key = inner(node.argumentExpression);
      return key.kind === "string" || key.kind === "number" ? this.#access(node, String(key.value), inner, depth) : UNREADABLE;
    }
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
      return { kind: "boolean", value: node.kind === ts.SyntaxKind.TrueKeyword };
    }
    if (ts.isCallExpression(node)) return this.#frozen(node, inner);
    return node.kind === ts.SyntaxKind.NullKeyword || ts.isFunctionLike(node) ? OTHER : UNREADABLE;
  }

  /** Member `key` of an object, array, enum, class or namespace. */
  member(of: Value, key: string, depth = 0): Value {
    const ts = this.#ts;
    if (depth > DEEPEST) return UNREADABLE;
    if (of.kind === "namespace") {
      const origin = this.#origins.member(key, of.origin);
      return origin === undefined ? UNREADABLE : this.ofOrigin(origin, depth + 1);
    }
    if (of.kind === "object") return of.without?.includes(key) === true ? UNDEFINED : this.#property(of, key, depth + 1);
    if (of.kind === "array") return /^\d+$/.test(key) ? (of.items[Number(key)] ?? UNDEFINED) : UNREADABLE;
    if (of.kind === "enum") return this.#enumMember(of.node, of.source, key, depth + 1);
    if (of.kind === "type") {
      const found = of.node.members.find((one) => ts.isPropertySignature(one) && this.#named(one.name, key));
      return found !== undefined && ts.isPropertySignature(found) ? this.#ofType(found.type, of.source) : UNREADABLE;
    }
    if (of.kind === "block") return this.#inBlock(of.node, of.source, key, depth + 1);
    if (of.kind !== "class") return UNREADABLE;
    for (const member of of.node.members) {
      if (!ts.isPropertyDeclaration(member) || !this.#named(member.name, key)) continue;
      const kinds = ts.getModifiers(member)?.map((modifier) => modifier.kind) ?? [];
      const constant = kinds.includes(ts.SyntaxKind.StaticKeyword) && kinds.includes(ts.SyntaxKind.ReadonlyKeyword);
      if (!constant) return UNREADABLE;
      return member.initializer === undefined
        ? this.#ofType(member.type, of.source)
        : this.of(member.initializer, of.source, NO_LOCALS, depth + 1);
    }
    const base = of.node.heritageClauses?.find((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression;
    return base === undefined ? UNREADABLE : this.member(this.of(base, of.source, NO_LOCALS, depth + 1), key, depth + 1);
  }

  /** The value as JSON, an object with those members that can be read; undefined if it is not JSON. */
  json(value: Value, depth = 0): unknown {
    if (value.kind === "string" || value.kind === "number" || value.kind === "boolean") return value.value;
    if (depth > DEEPEST) return undefined;
    if (value.kind === "array") {
      const items = value.items.map((item) => this.json(item, depth + 1));
      return items.includes(undefined) ? undefined : items;
    }
    if (value.kind !== "object") return undefined;
    const read = [...(this.keys(value) ?? [])].sort().map((key) => [key, this.json(this.member(value, key), depth + 1)] as const);
    return Object.fromEntries(read.filter(([, member]) => member !== undefined));
  }

  /** The keys of an object; undefined if they cannot be read. */
  keys({ node, source, locals, without }: Value & { kind: "object" }, depth = 0): readonly string[] | undefined {
    const ts = this.#ts;
    const found = new Set<string>();
    for (const property of depth > DEEPEST ? [] : node.properties) {
      let keys: readonly string[] | undefined;
      if (ts.isSpreadAssignment(property)) {
        const spread = this.of(property.expression, source, locals, depth + 1);
        keys = spread.kind === "undefined" ? [] : spread.kind === "object" ? this.keys(spread, depth + 1) : undefined;
      } else if (ts.isComputedPropertyName(property.name)) {
        const name = this.of(property.name.expression, source, locals, depth + 1);
        keys = name.kind === "string" || name.kind === "number" ? [String(name.value)] : undefined;
      } else if (!ts.isPrivateIdentifier(property.name)) keys = [property.name.text];
      if (keys === undefined) return undefined;
      for (const key of keys) if (without?.includes(key) !== true) found.add(key);
    }
    return [...found];
  }

  /**
   * The values of a list of arguments or elements, with `...spread` ones in their places.
   * Unreadable if one of those is.
   */
  #list(nodes: readonly ts.Expression[], source: Source, locals: Locals, depth: number): Value {
    const items: Value[] = [];
    for (const node of nodes) {
      if (!this.#ts.isSpreadElement(node)) {
        items.push(this.of(node, source, locals, depth));
        continue;
      }
      const spread = this.of(node.expression, source, locals, depth);
      if (spread.kind !== "array") return UNREADABLE;
      items.push(...spread.items);
    }
    return { kind: "array", items };
  }

  /** The values of the arguments of a call; undefined if a `...spread` among them cannot be read. */
  list(nodes: readonly ts.Expression[], source: Source, locals: Locals = NO_LOCALS): readonly Value[] | undefined {
    const list = this.#list(nodes, source, locals, 0);
    return list.kind === "array" ? list.items : undefined;
  }

  ofOrigin(origin: Origin, depth = 0): Value {
    const ts = this.#ts;
    if (depth > DEEPEST) return UNREADABLE;
    if (origin.kind === "module" || (origin.kind === "package" && origin.name === "*")) return { kind: "namespace", origin };
    if (origin.kind === "package") return UNREADABLE;
    const { node, source } = origin;
    if (ts.isEnumDeclaration(node)) return { kind: "enum", node, source };
    if (ts.isClassLike(node)) return { kind: "class", node, source };
    if (ts.isModuleDeclaration(node)) return this.#block(node, source);
    if (ts.isFunctionDeclaration(node)) return OTHER;
    if (ts.isBindingElement(node)) return this.#destructured(node, source, depth + 1);
    return ts.isVariableDeclaration(node) ? this.#constant(node, source, depth) : this.of(node, source, NO_LOCALS, depth);
  }

  #constant(node: ts.VariableDeclaration, source: Source, depth: number, locals: Locals = NO_LOCALS): Value {
    const ts = this.#ts;
    if (!ts.isVariableDeclarationList(node.parent) || (node.parent.flags & ts.NodeFlags.Const) === 0) return UNREADABLE;
    if (node.initializer !== undefined) return this.of(node.initializer, source, locals, depth);
    return this.#ofType(node.type, source);
  }

  /**
   * In a declaration file: `export declare const MAIL: "mail.send"`,
   * `export declare const NAMES: { readonly mail: "mail" }`.
   */
  #ofType(type: ts.TypeNode | undefined, source: Source): Value {
    const ts = this.#ts;
    if (type === undefined) return UNREADABLE;
    if (ts.isTypeLiteralNode(type)) return { kind: "type", node: type, source };
    return ts.isLiteralTypeNode(type) ? this.of(type.literal, source) : UNREADABLE;
  }

  /** `const { mail } = NAMES`, at the top level. */
  #destructured(node: ts.BindingElement, source: Source, depth: number): Value {
    const ts = this.#ts;
    let top: ts.Node = node;
    while (ts.isBindingElement(top) || ts.isObjectBindingPattern(top) || ts.isArrayBindingPattern(top)) top = top.parent;
    if (!ts.isVariableDeclaration(top) || top.initializer === undefined || !ts.isIdentifier(node.name)) return UNREADABLE;
    const names = new Map<string, Value>();
    bind(ts, this, top.name, undefined, this.#constant(top, source, depth), source, names);
    return names.get(node.name.text) ?? UNREADABLE;
  }

  #binary(node: ts.BinaryExpression, inner: (other: ts.Node) => Value): Value {
    const { SyntaxKind } = this.#ts;
    const kind = node.operatorToken.kind;
    if (kind === SyntaxKind.QuestionQuestionToken) {
      const left = inner(node.left);
      return left.kind === "undefined" ? inner(node.right) : left.kind === "other" ? UNREADABLE : left;
    }
    const [left, right] = [inner(node.left), inner(node.right)];
    if (kind !== SyntaxKind.PlusToken) {
      const value = left.kind === "number" && right.kind === "number" ? worked(this.#ts, kind, left.value, right.value) : undefined;
      return value !== undefined && Number.isFinite(value) ? { kind: "number", value } : UNREADABLE;
    }
    if (left.kind === "number" && right.kind === "number") return { kind: "number", value: left.value + right.value };
    if ((left.kind !== "string" && left.kind !== "number") || (right.kind !== "string" && right.kind !== "number")) return UNREADABLE;
    return { kind: "string", value: `${left.value}${right.value}` };
  }

  /**
   * Evaluates conditions of decorators with optional parameters: `typeof name === "string"`,
   * `options === undefined`.
   */
  truth(node: ts.Expression, source: Source, locals: Locals, depth = 0): boolean | undefined {
    const ts = this.#ts;
    const inner = (one: ts.Expression): Value => this.of(one, source, locals, depth + 1);
    if (ts.isParenthesizedExpression(node)) return this.truth(node.expression, source, locals, depth);
    if (!ts.isBinaryExpression(node)) return undefined;
    const kind = node.operatorToken.kind;
    const same = kind === ts.SyntaxKind.EqualsEqualsEqualsToken;
    if (!same && kind !== ts.SyntaxKind.ExclamationEqualsEqualsToken) return undefined;
    const side = (one: ts.Expression): Value => (ts.isTypeOfExpression(one) ? typeOf(inner(one.expression)) : inner(one));
    const [left, right] = [side(node.left), side(node.right)];
    const known = (one: Value): boolean => one.kind !== "unreadable" && one.kind !== "other";
    if (!known(left) || !known(right)) return undefined;
    if (left.kind !== right.kind) return !same;
    if (left.kind === "undefined") return same;
    if (!("value" in left) || !("value" in right)) return undefined;
    return (left.value === right.value) === same;
  }

  #access(
    node: ts.PropertyAccessExpression | ts.ElementAccessExpression,
    key: string,
    inner: (other: ts.Node) => Value,
    depth: number,
  ): Value {
    const of = inner(node.expression);
    return of.kind === "undefined" && node.questionDotToken !== undefined ? UNDEFINED : this.member(of, key, depth + 1);
  }

  /** `Object.freeze(…)` returns its argument. */
  #frozen(node: ts.CallExpression, inner: (other: ts.Node) => Value): Value {
    const ts = this.#ts;
    const { expression } = node;
    const [first] = node.arguments;
    if (first === undefined || !ts.isPropertyAccessExpression(expression) || !ts.isIdentifier(expression.expression)) return UNREADABLE;
    return expression.expression.text === "Object" && expression.name.text === "freeze" ? inner(first) : UNREADABLE;
  }

  /** From the last to the first, as the last one wins at run time. */
  #property({ node, source, locals }: Value & { kind: "object" }, key: string, depth: number): Value {
    const ts = this.#ts;
    const value = (of: ts.Node): Value => this.of(of, source, locals, depth);
    for (const property of node.properties.toReversed()) {
      if (ts.isSpreadAssignment(property)) {
        const spread = value(property.expression);
        if (spread.kind === "undefined") continue;
        const found = spread.kind === "object" ? this.member(spread, key, depth) : UNREADABLE;
        if (found.kind !== "undefined") return found;
        continue;
      }
      if (ts.isComputedPropertyName(property.name)) {
        const name = value(property.name.expression);
        if (name.kind === "unreadable") return UNREADABLE;
        if ((name.kind !== "string" && name.kind !== "number") || String(name.value) !== key) continue;
      } else if (!this.#named(property.name, key)) continue;
      if (ts.isPropertyAssignment(property)) return value(property.initializer);
      return ts.isShorthandPropertyAssignment(property) ? value(property.name) : OTHER;
    }
    return UNDEFINED;
  }

  #enumMember(node: ts.EnumDeclaration, source: Source, key: string, depth: number): Value {
    let before: Value = { kind: "number", value: -1 };
    // Members may refer to earlier ones by their bare names.
    const locals = new Map<string, Value>();
    for (const member of node.members) {
      if (member.initializer !== undefined) before = this.of(member.initializer, source, locals, depth);
      else before = before.kind === "number" ? { kind: "number", value: before.value + 1 } : UNREADABLE;
      if (this.#named(member.name, key)) return before;
      if (this.#ts.isIdentifier(member.name)) locals.set(member.name.text, before);
    }
    return UNREADABLE;
  }

  #block(node: ts.ModuleDeclaration, source: Source): Value {
    return node.body !== undefined && this.#ts.isModuleBlock(node.body) ? { kind: "block", node: node.body, source } : UNREADABLE;
  }

  /** An exported constant, enum, class or namespace of `namespace N { … }`. */
  #inBlock(node: ts.ModuleBlock, source: Source, key: string, depth: number): Value {
    const ts = this.#ts;
    // Declarations before it in the namespace hide names of the file.
    const locals = new Map<string, Value>();
    for (const statement of node.statements) {
      if (ts.isVariableStatement(statement)) {
        for (const one of statement.declarationList.declarations) {
          bind(ts, this, one.name, undefined, this.#constant(one, source, depth, locals), source, locals);
        }
      } else if (ts.isEnumDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isModuleDeclaration(statement)) {
        if (statement.name !== undefined)
          locals.set(statement.name.text, this.ofOrigin({ kind: "declared", node: statement, source }, depth));
      }
      const found = locals.get(key);
      if (found !== undefined) return found;
    }
    return UNREADABLE;
  }

  #named(name: ts.PropertyName, key: string): boolean {
    const ts = this.#ts;
    return (ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name)) && name.text === key;
  }
}
