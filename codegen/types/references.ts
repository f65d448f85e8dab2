import type { ts } from "ts-morph";
import type { Typescript } from "../read/load.js";
import type { Origin, Origins } from "../read/origin.js";
import type { Source } from "../read/sources.js";
import type { Values } from "../read/values.js";
import { Beyond, beyond, must, type Nodes, type Scope } from "./beyond.js";
import { BROWSER, CARRIED, LISTS, MAPS, PROMISES, REFUSED, SETS } from "./builtins.js";
import { Growth } from "./growth.js";
import type { Keys } from "./keys.js";
import type { NotesReader } from "./notes.js";
import * as shapes from "./shape.js";
import { type Named, object, refuse, type Shape, union } from "./shape.js";
import { enumerated, filtered, namesIn, overProps, present, record } from "./structure.js";
import { mapped } from "./template.js";

type Arguments = readonly ts.TypeNode[] | undefined;

type Declaration = ts.InterfaceDeclaration | ts.ClassLikeDeclaration;

/** Shapes that an interface may extend without a change. */
const LISTED: ReadonlySet<Shape["kind"]> = new Set(["array", "tuple", "set", "map"]);

/** Follows the names of types to what they stand for, with their arguments put in. */
export class References {
  readonly #ts: Typescript;
  readonly #origins: Origins;
  readonly #values: Values;
  readonly #notes: NotesReader;
  readonly #nodes: Nodes;
  readonly #keys: Keys;
  readonly #known = new Map<string, Shape>();
  readonly #growth = new Growth();
  readonly #exact: boolean;

  constructor(ts: Typescript, origins: Origins, values: Values, notes: NotesReader, keys: Keys, nodes: Nodes, exact: boolean) {
    this.#ts = ts;
    this.#origins = origins;
    this.#values = values;
    this.#notes = notes;
    this.#keys = keys;
    this.#nodes = nodes;
    this.#exact = exact;
  }

  of(name: ts.EntityName, given: Arguments, scope: Scope): Shape {
    const ts = this.#ts;
    const source = this.#nodes.source(name);
    if (ts.isIdentifier(name)) {
      const bound = given === undefined ? scope.get(name.text) : undefined;
      if (bound !== undefined) return bound;
      const origin = this.#origins.of(name.text, source, "type");
      return origin === undefined ? this.#global(name.text, given, scope) : this.#at(origin, given, scope);
    }
    const { left, right } = name;
    if (!ts.isIdentifier(left)) throw new Beyond();
    const owner = must(this.#origins.of(left.text, source, "type") ?? this.#origins.of(left.text, source));
    if (owner.kind === "declared" && ts.isEnumDeclaration(owner.node)) {
      const value = this.#values.member({ kind: "enum", node: owner.node, source: owner.source }, right.text);
      return value.kind === "string" || value.kind === "number" ? { kind: "literal", value: value.value } : beyond();
    }
    return this.#at(must(this.#origins.member(right.text, owner, "type")), given, scope);
  }

  /** `import("./order.js").Order`. */
  imported({ argument, qualifier, typeArguments }: ts.ImportTypeNode, scope: Scope): Shape {
    const ts = this.#ts;
    if (!ts.isLiteralTypeNode(argument) || !ts.isStringLiteral(argument.literal)) throw new Beyond();
    if (qualifier === undefined || !ts.isIdentifier(qualifier)) throw new Beyond();
    const origin = this.#origins.exportedType(qualifier.text, argument.literal.text, this.#nodes.source(argument));
    return this.#at(must(origin), typeArguments, scope);
  }

  /** Type parameters bound to their arguments, or else their defaults. */
  scopeOf(parameters: readonly ts.TypeParameterDeclaration[] | undefined, args: readonly (Shape | undefined)[], outer: Scope): Scope {
    if (parameters === undefined || parameters.length === 0) return outer;
    const scope = new Map<string, Shape>();
    for (const [at, { name, default: fallback }] of parameters.entries()) {
      const given = args[at] ?? (fallback === undefined ? refuse.generic(name.text) : this.#nodes.type(fallback, scope));
      // A default is part of the declaration, and the checker would see it with unbound parameters before it.
      if (given.kind === "deferred" && args[at] === undefined && at > 0) throw new Beyond();
      scope.set(name.text, given);
    }
    return scope;
  }

  #at(origin: Origin, given: Arguments, scope: Scope): Shape {
    const ts = this.#ts;
    if (origin.kind === "package") return this.#packaged(origin.specifier, origin.name, given, scope);
    if (origin.kind !== "declared") throw new Beyond();
    const { node } = origin;
    if (ts.isClassLike(node) && node.name?.text === "Observable" && /\/node_modules\/rxjs\//.test(origin.source.path)) {
      return { kind: "promise", of: this.#argument(given, 0, scope) };
    }
    if (ts.isEnumDeclaration(node)) return this.#enum(node, origin.source);
    if (!ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node) && !ts.isClassLike(node)) throw new Beyond();
    return this.#declared(
      node,
      (given ?? []).map((one) => this.#nodes.type(one, scope)),
    );
  }

  #declared(node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassLikeDeclaration, args: readonly Shape[]): Shape {
    const key = this.#keys.of(node, args);
    const known = this.#known.get(key);
    if (known?.kind === "named" && known.body === undefined) known.recursive = true;
    if (known !== undefined) return known;
    if (this.#growth.endless(node, args)) return refuse.endless(node.name!.text);
    const named: Named = { kind: "named", name: node.name?.text ?? "Type", key, node, body: undefined, recursive: false };
    this.#known.set(key, named);
    const within = this.#growth.within(named, args, () => this.#body(node, named, this.scopeOf(node.typeParameters, args, new Map())));
    try {
      const shape = within();
      this.#known.set(key, shape);
      return shape;
    } catch (error) {
      this.#known.delete(key);
      throw error;
    }
  }

  #body(node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassLikeDeclaration, named: Named, scope: Scope): Shape {
    const ts = this.#ts;
    if (ts.isTypeAliasDeclaration(node)) {
      const shape = this.#nodes.type(node.type, scope);
      named.body = shape;
      if (shape.kind === "object" || named.recursive) return named;
      if (shape.kind === "deferred" && shape.type.kind === "type") return { kind: "deferred", type: shape.type };
      const notes = this.#notes.of(node);
      return notes?.constraints.length ? { kind: "noted", of: shape, notes } : shape;
    }
    // One name may be declared any number of times, also as a class and an interface at once.
    const all = this.#origins.types(node.name?.text ?? "", this.#nodes.source(node));
    const same = all.filter((one): one is Declaration => ts.isInterfaceDeclaration(one) || ts.isClassLike(one));
    let own = object(new Map());
    const parts = same.includes(node) ? same : [node];
    for (const one of parts) {
      const part = ts.isClassLike(one) ? this.#class(one, scope) : this.#nodes.members(one.members, scope);
      if (part.kind !== "object") return part;
      if (own.index !== undefined && part.index !== undefined) throw new Beyond();
      own = object(new Map([...own.props, ...part.props]), own.index ?? part.index, own.keys ?? part.keys);
    }
    const bases = parts.flatMap(({ heritageClauses = [] }) =>
      heritageClauses.filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword).flatMap(({ types }) => [...types]),
    );
    const shape = this.#inherit(bases, own, scope);
    // An empty interface is `{}`.
    if (shape.kind === "object" && shape.props.size === 0 && shape.index === undefined) return shapes.SOMETHING;
    named.body = shape;
    return shape.kind === "object" || named.recursive ? named : shape;
  }

  /** A class whose instances have only public data has the shape of that data, as an interface has. */
  #class(node: ts.ClassLikeDeclaration, scope: Scope): shapes.ObjectShape | shapes.Refused {
    const ts = this.#ts;
    const name = node.name?.text ?? "(anonymous)";
    const data: ts.ClassElement[] = [];
    const has = (one: ts.Node, ...kinds: readonly ts.SyntaxKind[]): boolean =>
      ts.canHaveModifiers(one) && ts.getModifiers(one)?.some(({ kind }) => kinds.includes(kind)) === true;
    const { PrivateKeyword, ProtectedKeyword, StaticKeyword } = ts.SyntaxKind;
    for (const member of node.members) {
      if (ts.isConstructorDeclaration(member)) {
        for (const one of member.parameters) {
          if (has(one, PrivateKeyword, ProtectedKeyword)) return refuse.instance(name, "has private members");
          if (ts.isParameterPropertyDeclaration(one, member)) throw new Beyond();
        }
      } else if (has(member, StaticKeyword) || ts.isClassStaticBlockDeclaration(member) || ts.isSemicolonClassElement(member)) continue;
      else if (has(member, PrivateKeyword, ProtectedKeyword) || (member.name !== undefined && ts.isPrivateIdentifier(member.name))) {
        return refuse.instance(name, "has private members");
      } else if (!ts.isPropertyDeclaration(member)) {
        if (!ts.isIndexSignatureDeclaration(member)) return refuse.instance(name, "has methods");
        data.push(member);
      } else data.push(member);
    }
    return this.#nodes.members(data, scope);
  }

  #inherit(bases: readonly ts.ExpressionWithTypeArguments[], own: shapes.ObjectShape, scope: Scope): Shape {
    let shape = own;
    for (const { expression, typeArguments } of bases) {
      const base = this.of(this.#entity(expression), typeArguments, scope);
      const of = shapes.plain(base);
      if (of?.kind === "refused") return of;
      // An interface that adds nothing to a list is that list.
      if (of !== undefined && LISTED.has(of.kind) && bases.length === 1 && own.props.size === 0 && own.index === undefined) return base;
      // `{}` has no members to add.
      if (of === shapes.SOMETHING) continue;
      if (of?.kind !== "object") throw new Beyond();
      if (of.index !== undefined && shape.index !== undefined) throw new Beyond();
      shape = object(new Map([...of.props, ...shape.props]), shape.index ?? of.index, shape.keys ?? of.keys);
    }
    return shape;
  }

  #entity(node: ts.Expression): ts.EntityName {
    const ts = this.#ts;
    if (ts.isIdentifier(node)) return node;
    throw new Beyond();
  }

  #enum(node: ts.EnumDeclaration, source: Source): Shape {
    const ts = this.#ts;
    const all = this.#origins.types(node.name.text, source).filter((one): one is ts.EnumDeclaration => ts.isEnumDeclaration(one));
    const values = (all.includes(node) ? all : [node]).flatMap((part) =>
      part.members.map(({ name }) => {
        const value = "text" in name ? this.#values.member({ kind: "enum", node: part, source }, name.text) : undefined;
        if (value?.kind !== "string" && value?.kind !== "number") throw new Beyond();
        return value.value;
      }),
    );
    return enumerated(values);
  }

  #packaged(specifier: string, name: string, given: Arguments, scope: Scope): Shape {
    if (name === "Buffer" && /^(?:node:)?buffer$/.test(specifier)) return shapes.BYTES;
    if (name === "Observable" && specifier === "rxjs") return { kind: "promise", of: this.#argument(given, 0, scope) };
    // The result of a handler that is to run again later is not a result.
    if (name === "Snooze" && specifier === "nestjs-stem") return shapes.NEVER;
    throw new Beyond();
  }

  #argument(given: Arguments, at: number, scope: Scope): Shape {
    return this.#nodes.type(must(given?.[at]), scope);
  }

  /** What is neither imported nor declared: a type of the language or of Node. */
  #global(name: string, given: Arguments, scope: Scope): Shape {
    const arg = (at: number): Shape => this.#argument(given, at, scope);
    const carried = CARRIED.get(name);
    if (carried !== undefined) return carried;
    if (name === "Function") return refuse.function();
    if (name === "Object") return shapes.SOMETHING;
    if (REFUSED.has(name) || BROWSER.test(name)) return refuse.builtin(name);
    if (LISTS.has(name)) return { kind: "array", of: arg(0) };
    if (SETS.has(name)) return { kind: "set", of: arg(0) };
    if (MAPS.has(name)) return { kind: "map", key: arg(0), of: arg(1) };
    if (PROMISES.has(name)) return { kind: "promise", of: arg(0) };
    switch (name) {
      case "PropertyKey":
        return union([shapes.STRING, shapes.NUMBER, refuse.symbol()]);
      case "Record":
        return must(record(arg(0), arg(1)));
      case "Readonly":
        return arg(0);
      case "Partial":
        return must(overProps(arg(0), (props) => [...props].map(([key, prop]) => [key, { ...prop, optional: true }])));
      case "Required":
        return must(overProps(arg(0), (props) => [...props].map(([key, prop]) => [key, this.#required(prop)])));
      case "Uppercase":
      case "Lowercase":
      case "Capitalize":
      case "Uncapitalize":
        return must(mapped(name, arg(0)));
      case "Pick":
      case "Omit":
        return this.#picked(arg(0), arg(1), name === "Pick");
      case "NonNullable":
        return must(present(arg(0)));
      case "Exclude":
      case "Extract":
        return must(filtered(arg(0), arg(1), name === "Extract"));
      case "Awaited": {
        const of = arg(0);
        return of.kind === "promise" ? of.of : shapes.isPrimitive(of) || of.kind === "named" ? of : beyond();
      }
      default:
        throw new Beyond();
    }
  }

  /** Without exactOptionalPropertyTypes, an optional member may be undefined only because it is optional. */
  #required(prop: shapes.Prop): shapes.Prop {
    return { ...prop, of: prop.optional && !this.#exact ? this.#defined(prop.of) : prop.of, optional: false };
  }

  #defined(of: Shape): Shape {
    const all = must(shapes.members(of));
    const left = all.filter((one) => shapes.plain(one)!.kind !== "undefined");
    if (left.length === all.length) return of;
    return left.length === 0 ? shapes.NEVER : union(left);
  }

  #picked(of: Shape, by: Shape, keep: boolean): Shape {
    const from = shapes.plain(of);
    // Over a union, these take the common members, which only the checker knows.
    if (from?.kind !== "object" || from.index !== undefined) throw new Beyond();
    const names = must(namesIn(by));
    return must(overProps(from, (props) => [...props].filter(([key]) => names.includes(key) === keep)));
  }
}
