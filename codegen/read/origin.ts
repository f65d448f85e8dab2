import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";
import type { Source, Sources } from "./sources.js";

/** What a name in a file means, followed through imports and re-exports. */
export type Origin =
  | { readonly kind: "declared"; readonly source: Source; readonly node: ts.Node }
  /** `import * as ns` of a file of the project. */
  | { readonly kind: "module"; readonly path: string }
  /** An export of a package: `name` is `"*"` for the whole of it. */
  | { readonly kind: "package"; readonly specifier: string; readonly name: string };

/** A name may stand for a value and for a type at once (`const Size = …; type Size = …`). */
type Space = "value" | "type";

type Imported = { readonly specifier: string; readonly name: string };

/** The names a file makes at its top level. */
interface Names {
  readonly imports: ReadonlyMap<string, Imported>;
  readonly declared: ReadonlyMap<string, ts.Node>;
  /**
   * Interfaces, aliases, classes, enums and namespaces; a name may be one of these and a value at once.
   * Interfaces merge.
   */
  readonly types: ReadonlyMap<string, readonly ts.Node[]>;
  /** By exported name: a local name, or a re-export. */
  readonly exports: ReadonlyMap<string, { readonly local: string } | Imported>;
  /** `export * from`. */
  readonly stars: readonly string[];
  /** `export default <expression>`. */
  readonly defaultNode: ts.Node | undefined;
}

/** Packages whose own files are never read: what they export is known by name. */
const KNOWN_PACKAGES = new Set(["nestjs-stem", "@nestjs/common"]);

/** Whether a specifier names such a package, or a part of one. */
export function isKnownPackage(specifier: string): boolean {
  return KNOWN_PACKAGES.has(specifier) || specifier.startsWith("nestjs-stem/") || specifier.startsWith("@nestjs/");
}

/** More re-exports in a row than this is a cycle. */
const FARTHEST = 16;

/** Follows names to where they are declared, by syntax alone. */
export class Origins {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #names = new WeakMap<Source, Names>();
  /** What files add to the types of others, by path and name. */
  #added = new Map<string, Map<string, ts.Node[]>>();

  constructor(ts: Typescript, sources: Sources) {
    this.#ts = ts;
    this.#sources = sources;
  }

  /** What a top-level name of `source` means, as a value or as a type; undefined if it is not one. */
  of(name: string, source: Source, space: Space = "value", far = 0): Origin | undefined {
    const names = this.names(source);
    const imported = names.imports.get(name);
    if (imported !== undefined) return this.#imported(imported, source, space, far);
    const node = space === "value" ? names.declared.get(name) : this.types(name, source)[0];
    return node && { kind: "declared", source, node };
  }

  /** What a member of a module or package namespace means. */
  member(name: string, of: Origin, space: Space = "value"): Origin | undefined {
    if (of.kind === "package") return of.name === "*" || of.name === "default" ? { ...of, name } : undefined;
    return of.kind === "module" ? this.#exported(name, of.path, space, 0) : undefined;
  }

  /** What a module exports as a type; for `import("./order.js").Order`. */
  exportedType(name: string, specifier: string, source: Source): Origin | undefined {
    return this.#imported({ specifier, name }, source, "type", 0);
  }

  /** All declarations of a type name in a file, and what other files add to it. */
  types(name: string, source: Source): readonly ts.Node[] {
    const own = this.names(source).types.get(name) ?? [];
    const added = this.#added.get(source.path)?.get(name);
    return added === undefined ? own : [...own, ...added];
  }

  /** Reads what files add to modules: `declare module "./order.js" { interface Order { … } }`. */
  augment(paths: readonly string[]): void {
    const ts = this.#ts;
    this.#added = new Map();
    const all = paths.flatMap((path) => {
      const source = this.#sources.source(path);
      return source === undefined || !ts.isExternalModule(source.tree) ? [] : source.tree.statements.map((node) => ({ node, source }));
    });
    for (const { node, source } of all) {
      if (!ts.isModuleDeclaration(node) || !ts.isStringLiteral(node.name) || node.body === undefined || !ts.isModuleBlock(node.body))
        continue;
      for (const one of node.body.statements) {
        if (!ts.isInterfaceDeclaration(one) && !ts.isTypeAliasDeclaration(one)) continue;
        const of = this.exportedType(one.name.text, node.name.text, source);
        const path = of?.kind === "declared" ? of.source.path : this.#sources.resolve(node.name.text, source);
        if (path === undefined) continue;
        const declared = of?.kind === "declared" ? (of.node as Partial<ts.NamedDeclaration>).name : undefined;
        const name = declared !== undefined && ts.isIdentifier(declared) ? declared.text : one.name.text;
        const names = this.#added.get(path) ?? new Map<string, ts.Node[]>();
        this.#added.set(path, names.set(name, [...(names.get(name) ?? []), one]));
      }
    }
  }

  /**
   * The names under which `source` exports its top-level name `local`.
   * The name itself comes first, then the others in order, `default` last.
   */
  exportedAs(local: string, source: Source): string | undefined {
    const found: string[] = [];
    for (const [name, what] of this.names(source).exports) if ("local" in what && what.local === local) found.push(name);
    if (found.includes(local)) return local;
    return (
      found.sort().find((name) => name !== "default" && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) ??
      found.find((name) => name === "default")
    );
  }

  /** What a name of a module would mean if a file at path `from` imported it. */
  imported(specifier: string, name: string, from: string): Origin | undefined {
    return this.#imported({ specifier, name }, { path: from }, "value", 0);
  }

  #imported({ specifier, name }: Imported, source: Pick<Source, "path">, space: Space, far: number): Origin | undefined {
    if (KNOWN_PACKAGES.has(specifier)) return { kind: "package", specifier, name };
    const path = this.#sources.resolve(specifier, source);
    if (path === undefined) return { kind: "package", specifier, name };
    return name === "*" ? { kind: "module", path } : this.#exported(name, path, space, far);
  }

  #exported(name: string, path: string, space: Space, far: number): Origin | undefined {
    const source = far < FARTHEST ? this.#sources.source(path) : undefined;
    if (source === undefined) return undefined;
    const names = this.names(source);
    const what = names.exports.get(name);
    if (what !== undefined)
      return "local" in what ? this.of(what.local, source, space, far + 1) : this.#imported(what, source, space, far + 1);
    const [added] = space === "type" ? (this.#added.get(path)?.get(name) ?? []) : [];
    if (added !== undefined && names.stars.length === 0) return { kind: "declared", source, node: added };
    if (name === "default") return names.defaultNode && { kind: "declared", source, node: names.defaultNode };
    for (const specifier of names.stars) {
      const found = this.#imported({ specifier, name }, source, space, far + 1);
      // A package behind `export *` may or may not have the name; only that of Stem is known.
      if (found !== undefined && (found.kind !== "package" || KNOWN_PACKAGES.has(found.specifier))) return found;
    }
    return undefined;
  }

  names(source: Source): Names {
    let names = this.#names.get(source);
    if (names === undefined) this.#names.set(source, (names = this.#collect(source)));
    return names;
  }

  #collect(source: Source): Names {
    const ts = this.#ts;
    const imports = new Map<string, Imported>();
    const declared = new Map<string, ts.Node>();
    const types = new Map<string, ts.Node[]>();
    const exports = new Map<string, { readonly local: string } | Imported>();
    const stars: string[] = [];
    let defaultNode: ts.Node | undefined;
    const declare = (node: ts.Statement, name: ts.Identifier | undefined, what: ts.Node, space: Space | "both" = "value"): void => {
      if (name !== undefined && space !== "type" && !declared.has(name.text)) declared.set(name.text, what);
      if (name !== undefined && space !== "value") types.set(name.text, [...(types.get(name.text) ?? []), what]);
      const has = (kind: ts.SyntaxKind) =>
        ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) === true;
      if (!has(ts.SyntaxKind.ExportKeyword)) return;
      if (!has(ts.SyntaxKind.DefaultKeyword)) {
        if (name !== undefined) exports.set(name.text, { local: name.text });
      } else if (name === undefined) defaultNode = what;
      else exports.set("default", { local: name.text });
    };
    const declareAll = (node: ts.Statement, what: ts.Node, name: ts.BindingName): void => {
      if (ts.isIdentifier(name)) return declare(node, name, what);
      for (const one of name.elements) if (ts.isBindingElement(one)) declareAll(node, one, one.name);
    };
    for (const node of source.tree.statements) {
      if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
        const specifier = node.moduleSpecifier.text;
        const { name, namedBindings } = node.importClause ?? {};
        if (name !== undefined) imports.set(name.text, { specifier, name: "default" });
        if (namedBindings === undefined) continue;
        if (ts.isNamespaceImport(namedBindings)) imports.set(namedBindings.name.text, { specifier, name: "*" });
        else for (const one of namedBindings.elements) imports.set(one.name.text, { specifier, name: (one.propertyName ?? one.name).text });
      } else if (ts.isImportEqualsDeclaration(node)) {
        const { moduleReference: module } = node;
        if (ts.isExternalModuleReference(module) && ts.isStringLiteral(module.expression)) {
          imports.set(node.name.text, { specifier: module.expression.text, name: "*" });
        }
      } else if (ts.isExportDeclaration(node)) {
        const specifier =
          node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : undefined;
        const clause = node.exportClause;
        if (clause === undefined) {
          if (specifier !== undefined) stars.push(specifier);
        } else if (ts.isNamespaceExport(clause)) {
          if (specifier !== undefined) exports.set(clause.name.text, { specifier, name: "*" });
        } else {
          for (const one of clause.elements) {
            const from = (one.propertyName ?? one.name).text;
            exports.set(one.name.text, specifier === undefined ? { local: from } : { specifier, name: from });
          }
        }
      } else if (ts.isExportAssignment(node) && node.isExportEquals !== true) {
        if (ts.isIdentifier(node.expression)) exports.set("default", { local: node.expression.text });
        else defaultNode = node.expression;
      } else if (ts.isVariableStatement(node)) {
        for (const one of node.declarationList.declarations) declareAll(node, one, one.name);
      } else if (ts.isFunctionDeclaration(node)) {
        // Of overloads, the one with the body counts.
        if (node.body !== undefined && node.name !== undefined) declared.delete(node.name.text);
        declare(node, node.name, node);
      } else if (ts.isClassDeclaration(node) || ts.isEnumDeclaration(node)) declare(node, node.name, node, "both");
      else if (ts.isModuleDeclaration(node) && ts.isIdentifier(node.name)) declare(node, node.name, node, "both");
      else if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) declare(node, node.name, node, "type");
    }
    return { imports, declared, types, exports, stars, defaultNode };
  }
}
