import type { ts } from "ts-morph";
import type { Typescript } from "../read/load.js";
import type { Origin, Origins } from "../read/origin.js";
import type { Source } from "../read/sources.js";
import type { Values } from "../read/values.js";
import { Beyond, beyond, must, NONE, type Nodes } from "./beyond.js";
import * as shapes from "./shape.js";
import { object, type Prop, refuse, type Shape } from "./shape.js";
import { tuple } from "./structure.js";

/**
 * The types of constants, for `typeof`.
 * It reads literals, objects and lists, widened as the language does unless they are `as const`.
 */
export class Constants {
  readonly #ts: Typescript;
  readonly #origins: Origins;
  readonly #values: Values;
  readonly #nodes: Nodes;

  constructor(ts: Typescript, origins: Origins, values: Values, nodes: Nodes) {
    this.#ts = ts;
    this.#origins = origins;
    this.#values = values;
    this.#nodes = nodes;
  }

  /** `typeof name`, or of a member of it. @throws {Beyond} */
  named(name: ts.EntityName, source: Source): Shape {
    const ts = this.#ts;
    if (!ts.isIdentifier(name)) {
      const { left } = name;
      const of = ts.isIdentifier(left) ? this.#origins.of(left.text, source) : undefined;
      if (of?.kind === "module") return this.#declared(must(this.#origins.member(name.right.text, of)));
      const owner = shapes.plain(this.named(left, source));
      return must(owner?.kind === "object" ? owner.props.get(name.right.text)?.of : undefined);
    }
    return this.#declared(must(this.#origins.of(name.text, source)));
  }

  #declared(origin: Origin): Shape {
    const ts = this.#ts;
    if (origin.kind !== "declared") throw new Beyond();
    const { node, source } = origin;
    if (ts.isEnumDeclaration(node)) return this.#enum(node, source);
    if (!ts.isVariableDeclaration(node)) throw new Beyond();
    if (node.type !== undefined) return this.#nodes.type(node.type, NONE);
    const constant = ts.isVariableDeclarationList(node.parent) && (node.parent.flags & ts.NodeFlags.Const) !== 0;
    const initializer = must(node.initializer);
    const literal = constant && this.#isLiteral(initializer);
    return this.of(initializer, source, literal);
  }

  /** The type of an expression. @throws {Beyond} */
  of(node: ts.Expression, source: Source, asConst: boolean): Shape {
    const ts = this.#ts;
    const { SyntaxKind: Kind } = ts;
    if (ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node)) {
      // A type that it must satisfy keeps literals from being widened.
      if (ts.isSatisfiesExpression(node) && !asConst && !this.#isConst(node.expression)) throw new Beyond();
      return this.of(node.expression, source, asConst);
    }
    if (ts.isAsExpression(node)) {
      return this.#isConst(node) ? this.of(node.expression, source, true) : this.#nodes.type(node.type, NONE);
    }
    if (ts.isStringLiteralLike(node)) return asConst ? { kind: "literal", value: node.text } : shapes.STRING;
    if (node.kind === Kind.TrueKeyword || node.kind === Kind.FalseKeyword) {
      return asConst ? { kind: "literal", value: node.kind === Kind.TrueKeyword } : shapes.BOOLEAN;
    }
    if (node.kind === Kind.NullKeyword) return shapes.NULL;
    if (ts.isNumericLiteral(node) || (ts.isPrefixUnaryExpression(node) && ts.isNumericLiteral(node.operand))) {
      const value = this.#values.of(node, source);
      return value.kind === "number" ? (asConst ? { kind: "literal", value: value.value } : shapes.NUMBER) : beyond();
    }
    if (ts.isFunctionLike(node)) return refuse.function();
    if (ts.isArrayLiteralExpression(node) && asConst) {
      if (node.elements.some((one) => ts.isSpreadElement(one))) throw new Beyond();
      return tuple(node.elements.map((one) => ({ of: this.of(one, source, true), optional: false, rest: false })));
    }
    if (ts.isObjectLiteralExpression(node)) return this.#object(node, source, asConst);
    throw new Beyond();
  }

  #object(node: ts.ObjectLiteralExpression, source: Source, asConst: boolean): Shape {
    const ts = this.#ts;
    const props = new Map<string, Prop>();
    for (const property of node.properties) {
      const { name } = property;
      if (name === undefined || !(ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name))) throw new Beyond();
      const numeric = ts.isNumericLiteral(name) ? { numeric: true } : {};
      if (ts.isMethodDeclaration(property)) props.set(name.text, { of: refuse.function(), optional: false, node: property });
      else if (!ts.isPropertyAssignment(property)) throw new Beyond();
      else props.set(name.text, { of: this.of(property.initializer, source, asConst), optional: false, ...numeric, node: property });
    }
    return object(props);
  }

  #enum(node: ts.EnumDeclaration, source: Source): Shape {
    const ts = this.#ts;
    const props = new Map<string, Prop>();
    for (const member of node.members) {
      if (ts.isComputedPropertyName(member.name) || !("text" in member.name)) throw new Beyond();
      const value = this.#values.member({ kind: "enum", node, source }, member.name.text);
      if (value.kind !== "string" && value.kind !== "number") throw new Beyond();
      props.set(member.name.text, { of: { kind: "literal", value: value.value }, optional: false, node: member });
    }
    return object(props);
  }

  #isConst(node: ts.Expression): boolean {
    const ts = this.#ts;
    return ts.isAsExpression(node) && ts.isTypeReferenceNode(node.type) && node.type.getText() === "const";
  }

  #isLiteral(node: ts.Expression): boolean {
    return (
      this.#ts.isLiteralExpression(node) ||
      this.#ts.isPrefixUnaryExpression(node) ||
      this.#ts.isParenthesizedExpression(node) ||
      this.#isBoolean(node)
    );
  }

  #isBoolean({ kind }: ts.Expression): boolean {
    return kind === this.#ts.SyntaxKind.TrueKeyword || kind === this.#ts.SyntaxKind.FalseKeyword;
  }
}
