import type { ts } from "ts-morph";
import type { Typescript } from "../read/load.js";
import { CARRIED, isPlatform, MAPS, SETS } from "./builtins.js";
import type { Missing, Shape } from "./shape.js";

/** No code extends base classes more often than this. */
const DEEPEST = 32;

/** The base types of classes and interfaces, as the compiler sees them. */
export class Heritage {
  readonly #ts: Typescript;
  readonly #checker: ts.TypeChecker;
  /** Members of global types need only one look. */
  readonly #builtins = new Map<ts.Symbol, boolean>();

  constructor(ts: Typescript, checker: ts.TypeChecker) {
    this.#ts = ts;
    this.#checker = checker;
  }

  /** Whether a type is what the compiler makes of a name that leads nowhere. */
  isError(type: ts.Type): boolean {
    return (type as { readonly intrinsicName?: string }).intrinsicName === "error";
  }

  fromPlatform(symbol: ts.Symbol): boolean {
    const file = symbol.declarations?.[0]?.getSourceFile();
    return file !== undefined && isPlatform(file.fileName);
  }

  /**
   * Whether a type of the platform has behaviour. One that is only data (options, mostly) travels like
   * others.
   */
  lives(symbol: ts.Symbol, type: ts.Type): boolean {
    let lives = this.#builtins.get(symbol);
    if (lives === undefined) {
      const props = this.#checker.getPropertiesOfType(type);
      lives =
        symbol.name === "Error" || props.some((one) => (one.flags & this.#ts.SymbolFlags.Method) !== 0) || symbol.name.endsWith("Error");
      this.#builtins.set(symbol, lives);
    }
    return lives;
  }

  /** The shape of a type of the platform that has its own codec. */
  carried({ symbol }: ts.Type): Shape | undefined {
    return symbol !== undefined && this.fromPlatform(symbol) ? CARRIED.get(symbol.name) : undefined;
  }

  /** The same, if a mapped type has its members: `DeepPartial<Date>` makes an object of methods of a Date. */
  mappedOver(props: readonly ts.Symbol[]): Shape | undefined {
    const of = (name: string): string | undefined => {
      const parent = props.find((one) => one.name === name)?.declarations?.[0]?.parent;
      return parent !== undefined && this.#ts.isInterfaceDeclaration(parent) && isPlatform(parent.getSourceFile().fileName)
        ? parent.name.text
        : undefined;
    };
    const [name, other] = [of("toISOString") ?? of("byteOffset"), of("getTime") ?? of("BYTES_PER_ELEMENT")];
    return name !== undefined && name === other ? CARRIED.get(name) : undefined;
  }

  /** Whether a member is named by a `unique symbol` that is not of the language. */
  isBrand({ declarations }: ts.Symbol): boolean {
    const name = (declarations?.[0] as ts.NamedDeclaration | undefined)?.name;
    return name !== undefined && this.#ts.isComputedPropertyName(name) && !name.expression.getText().startsWith("Symbol.");
  }

  /**
   * The element type of a list that is intersected with a type without new members.
   * Such a type is another list, for example.
   */
  elementOf(type: ts.IntersectionType): ts.Type | undefined {
    const lists = type.types.filter((one) => this.#checker.isArrayType(one));
    const bare = type.types.every((one) => lists.includes(one) || this.#checker.getPropertiesOfType(one).length === 0);
    return lists.length > 0 && bare ? this.#checker.getIndexTypeOfType(type, this.#ts.IndexKind.Number) : undefined;
  }

  /** For an interface or class that extends a list: its base, and whether it adds members. */
  listed(type: ts.Type, depth = 0): { readonly base: ts.Type; readonly adds: boolean } | undefined {
    const { TypeParameter } = this.#ts.SymbolFlags;
    const { symbol } = type;
    const target = ((type as ts.TypeReference).target as ts.Type | undefined) ?? type;
    if (depth > DEEPEST || symbol === undefined || !this.#isDeclared(symbol) || !target.isClassOrInterface()) return undefined;
    const [base, ...others] = this.#checker.getBaseTypes(target);
    if (base === undefined || others.length > 0) return undefined;
    const below = this.#isList(base) ? undefined : this.listed(base, depth + 1);
    if (!this.#isList(base) && below === undefined) return undefined;
    const own = [...(symbol.members ?? [])].filter(([key, { flags }]) => (flags & TypeParameter) === 0 && String(key) !== "__constructor");
    return { base, adds: own.length > 0 || below?.adds === true };
  }

  /** What names a type: its declaration, or an alias unless that is the platform's own. */
  nameOf(type: ts.Type): { readonly node: ts.Node; readonly name: string; readonly args: readonly ts.Type[] } | undefined {
    const { SymbolFlags: Flag } = this.#ts;
    const { symbol } = type;
    if (symbol === undefined || (symbol.flags & (Flag.Interface | Flag.Class)) === 0 || type.isIntersection()) return this.aliasOf(type);
    const node = symbol.declarations?.find((one) => this.#ts.isInterfaceDeclaration(one) || this.#ts.isClassLike(one));
    const { target } = type as ts.TypeReference;
    const own = (target as ts.InterfaceType | undefined)?.typeParameters?.length ?? 0;
    const args = own === 0 ? [] : this.#checker.getTypeArguments(type as ts.TypeReference).slice(0, own);
    return node && { node, name: symbol.name, args };
  }

  aliasOf({ aliasSymbol, aliasTypeArguments }: ts.Type): ReturnType<Heritage["nameOf"]> {
    const node = aliasSymbol === undefined || this.fromPlatform(aliasSymbol) ? undefined : aliasSymbol.declarations?.[0];
    return node && { node, name: aliasSymbol!.name, args: aliasTypeArguments ?? [] };
  }

  /** Base classes and interfaces that cannot be found: its own, and those of its parts. */
  missing(type: ts.Type, depth = 0): readonly Missing[] {
    const ts = this.#ts;
    if (depth > DEEPEST) return [];
    const parts = type.isIntersection() ? type.types : (type.aliasTypeArguments ?? []);
    const found: Missing[] = parts.flatMap((one) => this.missing(one, depth + 1));
    const { symbol } = type;
    if (symbol === undefined || !this.#isDeclared(symbol) || this.fromPlatform(symbol)) return found;
    for (const one of symbol.declarations ?? []) {
      if (!ts.isInterfaceDeclaration(one) && !ts.isClassLike(one)) continue;
      for (const { token, types } of one.heritageClauses ?? []) {
        for (const node of token === ts.SyntaxKind.ExtendsKeyword ? types : []) {
          const base = this.#checker.getTypeAtLocation(node);
          if (this.isError(base)) found.push({ text: node.expression.getText(), node });
          else found.push(...this.missing(base, depth + 1));
        }
      }
    }
    return found;
  }

  #isList(type: ts.Type): boolean {
    if (this.#checker.isArrayType(type) || this.#checker.isTupleType(type)) return true;
    const { symbol } = type;
    return symbol !== undefined && (SETS.has(symbol.name) || MAPS.has(symbol.name)) && this.fromPlatform(symbol);
  }

  #isDeclared({ flags }: ts.Symbol): boolean {
    return (flags & (this.#ts.SymbolFlags.Interface | this.#ts.SymbolFlags.Class)) !== 0;
  }
}
