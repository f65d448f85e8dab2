import type { ts } from "ts-morph";
import type { WrittenType } from "../model.js";
import type { Typescript } from "../read/load.js";
import type { Origins } from "../read/origin.js";
import type { Source, Sources } from "../read/sources.js";
import type { Values } from "../read/values.js";
import { Beyond, beyond, must, NONE, type Nodes, type Scope } from "./beyond.js";
import { Constants } from "./constants.js";
import type { Keys } from "./keys.js";
import type { NotesReader } from "./notes.js";
import { References } from "./references.js";
import * as shapes from "./shape.js";
import { object, type ObjectShape, type Prop, refuse, type Shape, union } from "./shape.js";
import { indexed, intersection, keysOf, NUMERIC_KEYS, tuple } from "./structure.js";
import { template } from "./template.js";

/**
 * Reads types by their syntax, across files and packages, without a type checker.
 * That takes a few microseconds each, also in a project with errors. Types that need inference (results left
 * out, conditional and mapped types, `z.infer`) are deferred, at the smallest surrounding type that stands
 * for itself.
 */
export class Syntax implements Nodes {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #values: Values;
  readonly #references: References;
  readonly #constants: Constants;
  readonly #deferred = new Set<string>();

  /** @param exact as `exactOptionalPropertyTypes` */
  constructor(ts: Typescript, sources: Sources, origins: Origins, values: Values, notes: NotesReader, keys: Keys, exact: boolean) {
    this.#ts = ts;
    this.#sources = sources;
    this.#values = values;
    this.#references = new References(ts, origins, values, notes, keys, this, exact);
    this.#constants = new Constants(ts, origins, values, this);
  }

  written(type: WrittenType): Shape {
    const deferred = this.#defer.bind(this, type);
    try {
      return type.kind === "type" ? this.type(type.node, NONE) : this.#parameterOrResult(type, deferred);
    } catch (error) {
      // Types that refer to each other too deeply for the stack are left to the checker.
      if (error instanceof Beyond || error instanceof RangeError) return deferred();
      throw error;
    }
  }

  #parameterOrResult(type: Exclude<WrittenType, { readonly kind: "type" }>, deferred: () => Shape): Shape {
    const { owner, method } = type;
    if (method === undefined || (method.parent !== owner && (method.parent as ts.ClassLikeDeclaration).typeParameters !== undefined))
      return deferred();
    // A parameter of the class without a default has been reported.
    const given = owner.typeParameters?.map((one) => (one.default === undefined ? shapes.ANY : undefined)) ?? [];
    const scope = this.#references.scopeOf(owner.typeParameters, given, NONE);
    return type.kind === "input" ? this.#input(method, scope) : this.#output(method, scope);
  }

  type(node: ts.TypeNode, scope: Scope): Shape {
    if (scope.size > 0) return this.#type(node, scope);
    try {
      return this.#type(node, scope);
    } catch (error) {
      if (error instanceof Beyond) return this.#defer({ kind: "type", node });
      throw error;
    }
  }

  /** The files with types that were left to the checker. */
  get deferred(): ReadonlySet<string> {
    return this.#deferred;
  }

  #defer(type: WrittenType): Shape {
    this.#deferred.add((type.kind === "type" ? type.node : type.owner).getSourceFile().fileName);
    return { kind: "deferred", type };
  }

  source(node: ts.Node): Source {
    return must(this.#sources.source(node.getSourceFile().fileName));
  }

  members(nodes: readonly (ts.TypeElement | ts.ClassElement)[], scope: Scope): ObjectShape | shapes.Refused {
    const ts = this.#ts;
    const props = new Map<string, Prop>();
    let index: Shape | undefined;
    let keys: Shape | undefined;
    for (const node of nodes) {
      if (ts.isCallSignatureDeclaration(node) || ts.isConstructSignatureDeclaration(node)) return refuse.function();
      if (ts.isIndexSignatureDeclaration(node)) {
        const by = node.parameters[0]?.type;
        const key = by === undefined ? shapes.STRING : this.type(by, scope);
        if (key.kind === "refused") return key;
        if (key.kind !== "string" && key.kind !== "number") throw new Beyond();
        if (index !== undefined) throw new Beyond();
        index = this.type(node.type, scope);
        keys = key.kind === "number" ? NUMERIC_KEYS : key === shapes.STRING ? undefined : key;
        continue;
      }
      if (node.name === undefined) continue;
      const { name, numeric } = this.#name(node.name);
      if (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) {
        const of = node.type === undefined ? this.#untyped(node) : this.type(node.type, scope);
        props.set(name, { of, optional: node.questionToken !== undefined, ...numeric, node });
      } else if (ts.isGetAccessorDeclaration(node)) {
        props.set(name, { of: node.type === undefined ? shapes.ANY : this.type(node.type, scope), optional: false, node });
      } else if (ts.isMethodSignature(node)) {
        props.set(name, { of: refuse.function(), optional: node.questionToken !== undefined, node });
      }
    }
    return object(props, index, keys);
  }

  #untyped(node: ts.PropertySignature | ts.PropertyDeclaration): Shape {
    if (!this.#ts.isPropertyDeclaration(node) || node.initializer === undefined) return shapes.ANY;
    return this.#constants.of(node.initializer, this.source(node), false);
  }

  #name(name: ts.PropertyName): { readonly name: string; readonly numeric?: { readonly numeric: true } } {
    const ts = this.#ts;
    if (ts.isNumericLiteral(name)) return { name: name.text, numeric: { numeric: true } };
    if (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) return { name: name.text };
    if (!ts.isComputedPropertyName(name)) throw new Beyond();
    const value = this.#values.of(name.expression, this.source(name));
    if (value.kind === "number") return { name: String(value.value), numeric: { numeric: true } };
    if (value.kind === "string") return { name: value.value };
    throw new Beyond();
  }

  #input(method: ts.MethodDeclaration, scope: Scope): Shape {
    const ts = this.#ts;
    const first = method.parameters.find(({ name }) => !(ts.isIdentifier(name) && name.text === "this"));
    if (first === undefined) return shapes.UNDEFINED;
    if (first.type === undefined && first.initializer !== undefined) throw new Beyond();
    const shape = first.type === undefined ? shapes.ANY : this.type(first.type, scope);
    const optional = first.questionToken !== undefined || first.initializer !== undefined;
    return optional ? union([shape, shapes.UNDEFINED]) : shape;
  }

  #output(method: ts.MethodDeclaration, scope: Scope): Shape {
    if (method.type !== undefined) return this.type(method.type, scope);
    // The most common result that is left out: none.
    if (method.body !== undefined && method.asteriskToken === undefined && !this.#returns(method.body)) return shapes.UNDEFINED;
    throw new Beyond();
  }

  /** Whether a body has a `return` with a value, outside of inner functions. */
  #returns(body: ts.Node): boolean {
    const ts = this.#ts;
    const visit = (node: ts.Node): boolean => {
      if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
      if (ts.isReturnStatement(node)) return node.expression !== undefined;
      return ts.forEachChild(node, (child) => visit(child) || undefined) === true;
    };
    return visit(body);
  }

  #type(node: ts.TypeNode, scope: Scope): Shape {
    const ts = this.#ts;
    const { SyntaxKind: Kind } = ts;
    switch (node.kind) {
      case Kind.StringKeyword:
        return shapes.STRING;
      case Kind.NumberKeyword:
        return shapes.NUMBER;
      case Kind.BooleanKeyword:
        return shapes.BOOLEAN;
      case Kind.BigIntKeyword:
        return shapes.BIGINT;
      case Kind.AnyKeyword:
      case Kind.UnknownKeyword:
        return shapes.ANY;
      case Kind.NeverKeyword:
        return shapes.NEVER;
      case Kind.UndefinedKeyword:
      case Kind.VoidKeyword:
        return shapes.UNDEFINED;
      case Kind.ObjectKeyword:
        return { kind: "nonprimitive" };
      case Kind.SymbolKeyword:
        return refuse.symbol();
      case Kind.FunctionType:
      case Kind.ConstructorType:
        return refuse.function();
    }
    if (ts.isTypeReferenceNode(node)) return this.#references.of(node.typeName, node.typeArguments, scope);
    if (ts.isLiteralTypeNode(node)) return this.#literal(node.literal);
    if (ts.isParenthesizedTypeNode(node)) return this.type(node.type, scope);
    if (ts.isArrayTypeNode(node)) return { kind: "array", of: this.type(node.elementType, scope) };
    if (ts.isUnionTypeNode(node)) return union(node.types.map((one) => this.type(one, scope)));
    if (ts.isIntersectionTypeNode(node)) return must(intersection(node.types.map((one) => this.type(one, scope))));
    if (ts.isTypeLiteralNode(node)) return this.#objectType(node, scope);
    if (ts.isTupleTypeNode(node)) return this.#tuple(node, scope);
    if (ts.isTypeOperatorNode(node)) return this.#operator(node, scope);
    if (ts.isIndexedAccessTypeNode(node)) return must(indexed(this.type(node.objectType, scope), this.type(node.indexType, scope)));
    if (ts.isTemplateLiteralTypeNode(node)) {
      const texts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      const types = node.templateSpans.map(({ type }) => this.type(type, scope));
      return must(template(texts, types));
    }
    if (ts.isTypeQueryNode(node) && node.typeArguments === undefined) return this.#constants.named(node.exprName, this.source(node));
    if (ts.isImportTypeNode(node) && !node.isTypeOf) return this.#references.imported(node, scope);
    throw new Beyond();
  }

  #objectType(node: ts.TypeLiteralNode, scope: Scope): Shape {
    return node.members.length === 0 ? shapes.SOMETHING : this.members(node.members, scope);
  }

  #literal(node: ts.LiteralTypeNode["literal"]): Shape {
    const ts = this.#ts;
    if (node.kind === ts.SyntaxKind.NullKeyword) return shapes.NULL;
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
      return { kind: "literal", value: node.kind === ts.SyntaxKind.TrueKeyword };
    }
    if (ts.isStringLiteralLike(node)) return { kind: "literal", value: node.text };
    if (ts.isNumericLiteral(node)) return { kind: "literal", value: Number(node.text) };
    if (ts.isBigIntLiteral(node)) return { kind: "bigint", value: BigInt(node.text.slice(0, -1)).toString() };
    if (!ts.isPrefixUnaryExpression(node)) throw new Beyond();
    const of = this.#literal(node.operand as ts.LiteralExpression);
    if (of.kind === "literal" && typeof of.value === "number") return { kind: "literal", value: -of.value };
    return of.kind === "bigint" ? { kind: "bigint", value: `-${of.value}` } : beyond();
  }

  #tuple(node: ts.TupleTypeNode, scope: Scope): Shape {
    const ts = this.#ts;
    const elements = node.elements.flatMap((element) => {
      const named = ts.isNamedTupleMember(element);
      const inner = named ? element.type : ts.isOptionalTypeNode(element) || ts.isRestTypeNode(element) ? element.type : element;
      const optional = named ? element.questionToken !== undefined : ts.isOptionalTypeNode(element);
      const rest = named ? element.dotDotDotToken !== undefined : ts.isRestTypeNode(element);
      const of = this.type(inner, scope);
      if (!rest) return [{ of, optional, rest }];
      const list = shapes.plain(of);
      if (list?.kind === "array") return [{ of: list.of, optional: false, rest }];
      if (list?.kind !== "tuple") throw new Beyond();
      const items = list.items.map((item, at) => ({ of: item, optional: at >= list.required, rest: false }));
      const last = (list.last ?? []).map((item) => ({ of: item, optional: false, rest: false }));
      return list.rest === undefined ? items : [...items, { of: list.rest, optional: false, rest: true }, ...last];
    });
    return tuple(elements);
  }

  #operator(node: ts.TypeOperatorNode, scope: Scope): Shape {
    const ts = this.#ts;
    if (node.operator === ts.SyntaxKind.ReadonlyKeyword) return this.type(node.type, scope);
    if (node.operator === ts.SyntaxKind.UniqueKeyword) return refuse.symbol();
    return must(keysOf(this.type(node.type, scope)));
  }
}
