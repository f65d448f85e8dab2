import type { ts } from "ts-morph";
import type { WrittenType } from "../model.js";
import type { Typescript } from "../read/load.js";
import { CARRIED, LISTS, MAPS, PROMISES, SETS } from "./builtins.js";
import { Growth } from "./growth.js";
import { Heritage } from "./heritage.js";
import type { Keys } from "./keys.js";
import { notedAsAliased } from "./aliased.js";
import type { NotesReader } from "./notes.js";
import * as shapes from "./shape.js";
import { type Hole, type Named, object, type Prop, refuse, type Shape, union } from "./shape.js";
import { either, enumerated, NUMERIC_KEYS, tuple } from "./structure.js";
import { mapped, template } from "./template.js";

/** Larger types are referred to if they are used several times. */
const LARGE = 40;

/** A type at this depth is read later: so many may refer to each other that the stack would overflow. */
const DEEPEST = 60;

/**
 * Reads types through the compiler. The result is the same as by syntax, for types that can be read both
 * ways.
 */
export class CheckedTypes {
  readonly #ts: Typescript;
  readonly #checker: ts.TypeChecker;
  readonly #notes: NotesReader;
  readonly #keys: Keys;
  readonly #heritage: Heritage;
  readonly #known = new Map<string, Shape>();
  readonly #anonymous = new Map<ts.Type, Named>();
  readonly #growth = new Growth();
  /** Types that are still to be read. */
  readonly #later: (() => void)[] = [];
  #depth = 0;

  constructor(ts: Typescript, checker: ts.TypeChecker, notes: NotesReader, keys: Keys) {
    this.#ts = ts;
    this.#checker = checker;
    this.#notes = notes;
    this.#keys = keys;
    this.#heritage = new Heritage(ts, checker);
  }

  written(type: WrittenType): Shape {
    this.#depth = 0;
    const shape = this.#written(type);
    for (let next = this.#later.pop(); next !== undefined; next = this.#later.pop()) next();
    return shape;
  }

  #written(type: WrittenType): Shape {
    if (type.kind === "type") return this.#of(this.#checker.getTypeFromTypeNode(type.node), type.node);
    const checker = this.#checker;
    const symbol = type.owner.name === undefined ? undefined : checker.getSymbolAtLocation(type.owner.name);
    const method = symbol && checker.getPropertyOfType(checker.getDeclaredTypeOfSymbol(symbol), type.name);
    const at = type.method ?? type.owner;
    const [signature] =
      method === undefined ? [] : checker.getSignaturesOfType(checker.getTypeOfSymbolAtLocation(method, at), this.#ts.SignatureKind.Call);
    if (signature === undefined) return refuse.missing(`what method ${type.name} takes and gives`);
    if (type.kind === "output") return this.#of(signature.getReturnType(), at);
    const [input] = signature.getParameters();
    if (input === undefined) return shapes.UNDEFINED;
    const shape = this.#of(checker.getTypeOfSymbolAtLocation(input, at), at);
    const declared = input.valueDeclaration;
    const optional = declared !== undefined && this.#ts.isParameter(declared) && checker.isOptionalParameter(declared);
    return optional ? union([shape, shapes.UNDEFINED]) : shape;
  }

  #of(type: ts.Type, at: ts.Node): Shape {
    const { TypeFlags: Flag } = this.#ts;
    const { flags } = type;
    if (flags & Flag.Any) {
      return (type as { readonly intrinsicName?: string }).intrinsicName === "error" ? refuse.missing(this.#unknownName(at)) : shapes.ANY;
    }
    if (flags & Flag.Unknown) return shapes.ANY;
    if (flags & Flag.Never) return shapes.NEVER;
    if (flags & (Flag.Undefined | Flag.Void)) return shapes.UNDEFINED;
    if (flags & Flag.Null) return shapes.NULL;
    if (flags & Flag.Boolean) return shapes.BOOLEAN;
    if (flags & Flag.BooleanLiteral)
      return { kind: "literal", value: (type as { readonly intrinsicName?: string }).intrinsicName === "true" };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { kind: "literal", value: type.value };
    if (flags & Flag.BigIntLiteral) {
      const { negative, base10Value } = (type as ts.BigIntLiteralType).value;
      return { kind: "bigint", value: `${negative ? "-" : ""}${base10Value}` };
    }
    if (type.isUnion()) return this.#union(type, at);
    if (flags & Flag.StringLike) return this.#text(type, at);
    if (flags & Flag.NumberLike) return shapes.NUMBER;
    if (flags & Flag.BigInt) return shapes.BIGINT;
    if (flags & Flag.ESSymbolLike) return refuse.symbol();
    if (flags & Flag.NonPrimitive) return { kind: "nonprimitive" };
    if (flags & Flag.TypeParameter) return this.#parameter(type, at);
    if (flags & (Flag.Conditional | Flag.IndexedAccess | Flag.Index | Flag.Substitution)) {
      const bound = this.#checker.getBaseConstraintOfType(type);
      return bound === undefined || bound === type ? refuse.generic(this.#checker.typeToString(type)) : this.#of(bound, at);
    }
    if (type.isIntersection()) {
      const primitive = type.types.find(
        (one) => (one.flags & (Flag.StringLike | Flag.NumberLike | Flag.BooleanLike | Flag.BigIntLike)) !== 0,
      );
      const carried = primitive ?? type.types.find((one) => this.#heritage.carried(one) !== undefined);
      if (carried !== undefined) return this.#of(carried, at);
      const element = this.#heritage.elementOf(type);
      if (element !== undefined) return { kind: "array", of: this.#of(element, at) };
      if (type.types.some((one) => one.aliasTypeArguments?.some((arg) => this.#heritage.isError(arg)) === true))
        return refuse.missing(this.#unknownName(at));
    }
    return this.#objectType(type, at);
  }

  #unknownName(at: ts.Node): string {
    const text = at.getText().replace(/\s+/g, " ");
    return this.#ts.isTypeNode(at) && text.length <= 60 ? text : "a type";
  }

  #union(type: ts.UnionType, at: ts.Node): Shape {
    if (type.flags & this.#ts.TypeFlags.EnumLiteral) {
      const values = type.types.flatMap((one) => (one.isStringLiteral() || one.isNumberLiteral() ? [one.value] : []));
      // Members worked out at run time may be any number.
      return values.length === type.types.length ? enumerated(values) : union([enumerated(values), shapes.NUMBER]);
    }
    const name = type.aliasSymbol?.declarations?.[0];
    if (name === undefined) {
      // With an alias among its members, only this shows that it was one.
      const { origin } = type as { readonly origin?: ts.Type };
      const types = origin?.isUnion() === true ? origin.types : type.types;
      return union(types.map((one) => this.#of(one, at)));
    }
    return this.#named(name, type.aliasSymbol!.name, type.aliasTypeArguments ?? [], at, () =>
      union(type.types.map((one) => this.#of(one, at))),
    );
  }

  #text(type: ts.Type, at: ts.Node): Shape {
    const { TypeFlags: Flag } = this.#ts;
    if (type.flags & Flag.StringMapping) {
      const { symbol, type: of } = type as ts.StringMappingType;
      return mapped(symbol.name as Hole, this.#of(of, at)) ?? shapes.STRING;
    }
    if ((type.flags & Flag.TemplateLiteral) === 0) return shapes.STRING;
    const { texts, types } = type as ts.TemplateLiteralType;
    return (
      template(
        texts,
        types.map((one) => this.#of(one, at)),
      ) ?? shapes.STRING
    );
  }

  /** A parameter of the surrounding class, at its default. */
  #parameter(type: ts.Type, at: ts.Node): Shape {
    const fallback = this.#checker.getDefaultFromTypeParameter(type);
    return fallback === undefined ? refuse.generic(type.symbol?.name ?? "T") : this.#of(fallback, at);
  }

  #objectType(type: ts.Type, at: ts.Node): Shape {
    const checker = this.#checker;
    const { symbol, aliasSymbol } = type;
    const args = (type as ts.TypeReference).target === undefined ? [] : checker.getTypeArguments(type as ts.TypeReference);
    const arg = (index: number): Shape => (args[index] === undefined ? shapes.ANY : this.#of(args[index], at));
    if (checker.isTupleType(type)) return this.#holding(type, at, () => this.#tuple(type as ts.TupleTypeReference, at));
    const list = (): Shape => ({ kind: "array", of: arg(0) });
    if (checker.isArrayType(type)) return this.#holding(type, at, list);
    const library = aliasSymbol !== undefined && this.#heritage.fromPlatform(aliasSymbol);
    if (library && type.aliasTypeArguments?.some((one) => this.#heritage.isError(one)) === true)
      return refuse.missing(this.#unknownName(at));
    if (library && aliasSymbol.name === "Readonly" && type.aliasTypeArguments?.[0] !== undefined)
      return this.#of(type.aliasTypeArguments[0], at);
    if (symbol !== undefined && this.#heritage.fromPlatform(symbol) && (symbol.flags & this.#ts.SymbolFlags.TypeLiteral) === 0) {
      const { name } = symbol;
      const carried = CARRIED.get(name);
      if (carried !== undefined) return carried;
      if (LISTS.has(name)) return this.#holding(type, at, list);
      if (SETS.has(name)) return this.#holding(type, at, () => ({ kind: "set", of: arg(0) }));
      if (MAPS.has(name)) return this.#holding(type, at, () => ({ kind: "map", key: arg(0), of: arg(1) }));
      if (PROMISES.has(name)) return { kind: "promise", of: arg(0) };
      if (name === "Function") return refuse.function();
      if (name === "Object") return shapes.SOMETHING;
      if (this.#heritage.lives(symbol, type)) return refuse.builtin(name);
    }
    if (symbol?.name === "Observable" && /\/node_modules\/rxjs\//.test(symbol.declarations?.[0]?.getSourceFile().fileName ?? "")) {
      return { kind: "promise", of: arg(0) };
    }
    if (symbol?.name === "Snooze" && /nestjs-stem|\/core\/task\//.test(symbol.declarations?.[0]?.getSourceFile().fileName ?? ""))
      return shapes.NEVER;
    const calls = [this.#ts.SignatureKind.Call, this.#ts.SignatureKind.Construct].flatMap((kind) =>
      checker.getSignaturesOfType(type, kind),
    );
    if (calls.length > 0) return refuse.function();
    const listed = this.#listed(type, at);
    if (listed !== undefined) return listed;
    const named = this.#heritage.nameOf(type);
    if (named === undefined) return this.#anonymously(type, at);
    return this.#named(named.node, named.name, named.args, at, () => this.#members(type, at));
  }

  /** An interface or class that extends a list: the same if it adds nothing. */
  #listed(type: ts.Type, at: ts.Node): Shape | undefined {
    const found = this.#heritage.listed(type);
    if (found === undefined) return undefined;
    if (found.adds) return refuse.listed(type.symbol.name);
    const generic = ((type as ts.TypeReference).target as ts.InterfaceType | undefined)?.typeParameters !== undefined;
    const element = this.#checker.getIndexTypeOfType(type, this.#ts.IndexKind.Number);
    const body = (): Shape => (generic && element !== undefined ? { kind: "array", of: this.#of(element, at) } : this.#of(found.base, at));
    const named = this.#heritage.nameOf(type);
    return named === undefined ? body() : this.#named(named.node, named.name, named.args, at, body);
  }

  #named(node: ts.Node, name: string, args: readonly ts.Type[], at: ts.Node, read: () => Shape): Shape {
    const given = args.map((one) => this.#of(one, at));
    const key = this.#keys.of(node, given);
    const known = this.#known.get(key);
    if (known?.kind === "named" && known.body === undefined) known.recursive = true;
    if (known !== undefined) return known;
    if (this.#growth.endless(node, given)) return refuse.endless(name);
    const later = this.#depth > DEEPEST;
    const named: Named = { kind: "named", name, key, node, body: undefined, recursive: later };
    this.#known.set(key, named);
    const within = this.#growth.within(named, given, read);
    if (later) {
      this.#later.push(() => (named.body = within()));
      return named;
    }
    const body = (named.body = within());
    const shape = body.kind === "object" || named.recursive ? named : body;
    this.#known.set(key, shape);
    return shape;
  }

  /**
   * A type without a name, which may be recursive if it was inferred.
   * A large one is defined once, like those with a name.
   */
  #anonymously(type: ts.Type, at: ts.Node): Shape {
    const known = this.#anonymous.get(type);
    if (known !== undefined) {
      if (known.body === undefined) known.recursive = true;
      return known.recursive || this.#growth.size(known.body!) > LARGE ? known : known.body!;
    }
    const named = this.#nameless(type, at);
    named.body = this.#members(type, at);
    return this.#anonymously(type, at);
  }

  #nameless(type: ts.Type, at: ts.Node): Named {
    const node = type.symbol?.declarations?.[0] ?? at;
    const named: Named = { kind: "named", name: shapes.NAMELESS, key: this.#keys.own(type), node, body: undefined, recursive: false };
    this.#anonymous.set(type, named);
    return named;
  }

  /** A list, tuple, Set or Map. It gets a name only if it contains itself. */
  #holding(type: ts.Type, at: ts.Node, read: () => Shape): Shape {
    const alias = this.#heritage.aliasOf(type);
    if (alias !== undefined) return this.#named(alias.node, alias.name, alias.args, at, read);
    const known = this.#anonymous.get(type);
    if (known !== undefined) {
      known.recursive = true;
      return known;
    }
    const named = this.#nameless(type, at);
    named.body = read();
    if (named.recursive) return named;
    this.#anonymous.delete(type);
    return named.body;
  }

  #members(type: ts.Type, at: ts.Node): Shape {
    this.#depth++;
    const shape = this.#object(type, at);
    this.#depth--;
    return shape;
  }

  #object(type: ts.Type, at: ts.Node): Shape {
    const ts = this.#ts;
    const checker = this.#checker;
    const { ModifierFlags: Modifier, SymbolFlags: Flag } = ts;
    const inClass = type.isClass() || (type.symbol !== undefined && (type.symbol.flags & Flag.Class) !== 0);
    const props = new Map<string, Prop>();
    const all = checker.getPropertiesOfType(type);
    const carried = this.#heritage.mappedOver(all);
    if (carried !== undefined) return carried;
    for (const symbol of all) {
      const node = symbol.valueDeclaration ?? symbol.declarations?.[0];
      const declared = node as (ts.Declaration & { readonly name?: ts.Node; readonly type?: ts.TypeNode }) | undefined;
      const hidden = declared !== undefined && ts.getCombinedModifierFlags(declared) & (Modifier.Private | Modifier.Protected);
      if (hidden || (declared?.name !== undefined && ts.isPrivateIdentifier(declared.name)))
        return refuse.instance(type.symbol?.name ?? "(anonymous)", "has private members");
      const method = (symbol.flags & (Flag.Method | Flag.Accessor)) !== 0;
      if (inClass && method && !(node !== undefined && ts.isInterfaceDeclaration(node.parent))) {
        return refuse.instance(type.symbol.name, "has methods");
      }
      if (symbol.name.startsWith("__@")) {
        // The brand of an object exists in types only.
        if (type.isIntersection() && this.#heritage.isBrand(symbol)) continue;
        props.set(declared?.name?.getText() ?? symbol.name, { of: refuse.symbol(), optional: false, node });
        continue;
      }
      const optional = (symbol.flags & Flag.Optional) !== 0;
      const name = ts.unescapeLeadingUnderscores(symbol.escapedName);
      props.set(name, {
        of: notedAsAliased(
          { ts, checker, notes: this.#notes },
          symbol,
          this.#of(checker.getTypeOfSymbolAtLocation(symbol, node ?? at), declared?.type ?? at),
        ),
        optional,
        node,
      });
    }
    let index: Shape | undefined;
    let keys: Shape | undefined;
    for (const info of checker.getIndexInfosOfType(type)) {
      const key = this.#of(info.keyType, at);
      if (key.kind === "refused") return key;
      const names = key.kind === "number" ? NUMERIC_KEYS : key.kind === "string" && key.pattern !== undefined ? key : undefined;
      const of = this.#of(info.type, at);
      // One for all names includes the others: the language checks it.
      if (index === undefined || names === undefined) [index, keys] = [of, names];
      else if (keys !== undefined) [index, keys] = [union([index, of]), either(keys, names)];
    }
    const missing = this.#heritage.missing(type);
    if (props.size === 0 && index === undefined && missing.length === 0) return shapes.SOMETHING;
    return { ...object(props, index, keys), ...(missing.length > 0 && { missing }) };
  }

  #tuple(type: ts.TupleTypeReference, at: ts.Node): Shape {
    const { ElementFlags: Flag } = this.#ts;
    const flags = type.target.elementFlags;
    return tuple(
      this.#checker.getTypeArguments(type).map((one, index) => ({
        of: this.#of(one, at),
        optional: (flags[index]! & Flag.Optional) !== 0,
        rest: (flags[index]! & (Flag.Rest | Flag.Variadic)) !== 0,
      })),
    );
  }
}
