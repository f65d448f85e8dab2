import type { ts } from "ts-morph";
import { CodegenError } from "../errors.js";
import { carriedBy } from "./carried.js";
import type { Typescript } from "./load.js";
import type { Origin, Origins } from "./origin.js";
import { bind } from "./patterns.js";
import type { Source } from "./sources.js";
import { type Locals, NO_LOCALS, type Value, type Values } from "./values.js";

const OURS = ["Task", "Workflow", "Step", "Cron"] as const;
export type Ours = (typeof OURS)[number];

/** A decorator that the project has declared to apply one of Stem's. */
export interface Declared {
  /** Module and export, as in `"@acme/jobs#BackgroundTask"`. */
  readonly decorator: string;
  /** `none`: it applies none of Stem's, however it looks. */
  readonly as?: Ours | "none";
  readonly queue?: string;
  readonly instance?: string;
  readonly priority?: number;
}

/** A use of a decorator of Stem, written out or made by a function that composes it with others. */
export interface Use {
  readonly decorator: Ours;
  /** Used for what the arguments leave out, if the project has declared them. */
  readonly defaults?: Declared;
  /** Its arguments; undefined if a spread argument cannot be read. */
  readonly args: readonly Value[] | undefined;
}

/** What a decorator applies: uses of Stem's decorators, or `"unclear"` if that cannot be followed. */
export type Followed = readonly Use[] | "unclear";

/** Deeper calls are taken for a circle. */
const DEEPEST = 12;

/** Which decorator of Stem an origin is. */
export function oursOf(origin: Origin | undefined): Ours | undefined {
  if (origin?.kind !== "package" || origin.specifier !== "nestjs-stem") return undefined;
  return OURS.find((name) => name === origin.name);
}

/**
 * Follows decorators that a project has composed of Stem's, by reading the function.
 * An example is `const MailTask = (name) => applyDecorators(Task(name), Trace())`. It understands parameters,
 * constants and a `return`. A function that does more with a decorator of Stem is unclear, never guessed; one
 * that does not mention any has no use.
 */
export class Composed {
  readonly #ts: Typescript;
  readonly #origins: Origins;
  readonly #values: Values;
  #declared: readonly (readonly [Origin, Declared])[] = [];
  /**
   * Names in a function, for one call of it, that may stand for a decorator of Stem: their argument mentions
   * one.
   */
  readonly #tainted = new WeakMap<Locals, ReadonlySet<string>>();

  constructor(ts: Typescript, origins: Origins, values: Values) {
    this.#ts = ts;
    this.#origins = origins;
    this.#values = values;
  }

  /**
   * Starts a pass.
   *
   * @param from the file whose imports would lead to the modules of `declared`
   * @throws {CodegenError} `STEM_CODEGEN_CONFIG` for a module that has no such export
   */
  begin(declared: readonly Declared[], from: string): void {
    this.#declared = declared.map((one): readonly [Origin, Declared] => {
      const [specifier = "", name = ""] = one.decorator.split("#");
      const origin = this.#origins.imported(specifier, name, from);
      if (origin !== undefined) return [origin, one];
      const hint = `Export ${name} there, or correct "decorators" in stem.config.`;
      throw new CodegenError(
        "STEM_CODEGEN_CONFIG",
        `The decorator "${one.decorator}" is not there: ${specifier} has no such export.`,
        hint,
      );
    });
  }

  /** The uses in the expression of a decorator, or in an argument of `applyDecorators`. */
  follow(node: ts.Expression, source: Source, locals: Locals = NO_LOCALS, depth = 0): Followed {
    const ts = this.#ts;
    if (depth > DEEPEST) return this.#orUnclear(node, source);
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node)) {
      return this.follow(node.expression, source, locals, depth);
    }
    if (ts.isCallExpression(node)) return this.#call(node, source, locals, depth);
    const bare = this.#declaredAs(ts.isIdentifier(node) && locals.has(node.text) ? undefined : this.originOf(node, source));
    if (bare !== undefined) return usesOf(bare, []);
    if (ts.isConditionalExpression(node)) {
      const truth = this.#values.truth(node.condition, source, locals);
      if (truth !== undefined) return this.follow(truth ? node.whenTrue : node.whenFalse, source, locals, depth);
    }
    if (ts.isPropertyAccessExpression(node) || (ts.isIdentifier(node) && !locals.has(node.text))) {
      // A decorator that exists already: `const Nightly = applyDecorators(Task("nightly"), …)`.
      const origin = this.originOf(node, source);
      const initializer = origin?.kind === "declared" && ts.isVariableDeclaration(origin.node) ? origin.node.initializer : undefined;
      if (origin?.kind === "declared" && initializer !== undefined && ts.isCallExpression(initializer)) {
        return this.follow(initializer, origin.source, NO_LOCALS, depth + 1);
      }
    }
    return this.#uses(node, locals) ? "unclear" : this.#orUnclear(node, source);
  }

  /** The origin of a decorator's callee, past names that only stand for another (`const Job = Task`). */
  originOf(callee: ts.Expression, source: Source, depth = 0): Origin | undefined {
    const ts = this.#ts;
    let origin: Origin | undefined;
    if (ts.isIdentifier(callee)) origin = this.#origins.of(callee.text, source);
    else if (ts.isPropertyAccessExpression(callee)) {
      const of = this.originOf(callee.expression, source, depth + 1);
      origin = of?.kind === "declared" ? this.#memberOf(of, callee.name.text) : of && this.#origins.member(callee.name.text, of);
    }
    const alias = origin?.kind === "declared" && ts.isVariableDeclaration(origin.node) ? origin.node.initializer : undefined;
    if (origin?.kind !== "declared" || alias === undefined || depth > DEEPEST) return origin;
    return ts.isIdentifier(alias) || ts.isPropertyAccessExpression(alias) ? this.originOf(alias, origin.source, depth + 1) : origin;
  }

  #declaredAs(origin: Origin | undefined): Declared | undefined {
    return origin && this.#declared.find(([one]) => isSame(one, origin))?.[1];
  }

  /** A function in a constant object, or a static method. */
  #memberOf({ node, source }: Origin & { kind: "declared" }, name: string): Origin | undefined {
    const ts = this.#ts;
    const object = ts.isVariableDeclaration(node) ? node.initializer : undefined;
    const members =
      object !== undefined && ts.isObjectLiteralExpression(object) ? object.properties : ts.isClassLike(node) ? node.members : [];
    const found = [...members].find((one) => one.name !== undefined && ts.isIdentifier(one.name) && one.name.text === name);
    if (found === undefined) return undefined;
    return { kind: "declared", source, node: ts.isPropertyAssignment(found) ? found.initializer : found };
  }

  #call(node: ts.CallExpression, source: Source, locals: Locals, depth: number): Followed {
    const callee = node.expression;
    // A call of a local function with constants that do not mention Stem has nothing of Stem either.
    if (this.#ts.isIdentifier(callee) && locals.has(callee.text)) return this.#uses(callee, locals) ? "unclear" : [];
    const origin = this.originOf(callee, source);
    const decorator = oursOf(origin);
    if (decorator !== undefined) return [{ decorator, args: this.#values.list(node.arguments, source, locals) }];
    const declared = this.#declaredAs(origin);
    if (declared !== undefined) return usesOf(declared, this.#values.list(node.arguments, source, locals));
    if (origin?.kind === "package") {
      if (origin.specifier !== "@nestjs/common" || origin.name !== "applyDecorators")
        return this.#hands(node.arguments, source, locals) ? "unclear" : [];
      return this.#all(node.arguments, source, locals, depth);
    }
    const called = origin?.kind === "declared" ? this.#functionOf(origin.node) : undefined;
    if (origin?.kind !== "declared" || called === undefined)
      return this.#hands(node.arguments, source, locals) ? "unclear" : this.#orUnclear(callee, source);
    const tainted = node.arguments.some((one) => this.#uses(one, locals) || this.#mentions(one, source));
    return this.#enter(called, this.#values.list(node.arguments, source, locals), origin.source, depth + 1, tainted);
  }

  /**
   * Whether a decorator of Stem is passed to code that may apply it: alone, in a list or object, or by a
   * function.
   */
  #hands(nodes: readonly ts.Node[], source: Source, locals: Locals, depth = 0, seen = new Set<ts.Node>()): boolean {
    const ts = this.#ts;
    if (depth > DEEPEST) return false;
    return nodes.some((node): boolean => {
      if (ts.isIdentifier(node) && locals.has(node.text)) return this.#uses(node, locals);
      if (ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) {
        const origin = this.originOf(node, source);
        if (oursOf(origin) !== undefined) return true;
        if (origin?.kind !== "declared" || seen.has(origin.node)) return false;
        seen.add(origin.node);
        return this.#hands([origin.node], origin.source, NO_LOCALS, depth + 1, seen);
      }
      if (ts.isCallExpression(node) && oursOf(this.originOf(node.expression, source)) !== undefined) return true;
      return this.#hands(carriedBy(ts, node), source, locals, depth + 1, seen);
    });
  }

  /** Whether something below `node` is a name that may stand for a decorator of Stem. */
  #uses(node: ts.Node, locals: Locals): boolean {
    const ts = this.#ts;
    const tainted = this.#tainted.get(locals);
    if (tainted === undefined) return false;
    const visit = (one: ts.Node): boolean =>
      (ts.isIdentifier(one) && tainted.has(one.text)) || ts.forEachChild(one, (child) => visit(child) || undefined) === true;
    return visit(node);
  }

  #all(nodes: readonly ts.Expression[], source: Source, locals: Locals, depth: number): Followed {
    const uses: Use[] = [];
    for (const node of nodes) {
      const spread = this.#ts.isSpreadElement(node) ? node.expression : undefined;
      const found =
        spread === undefined
          ? this.follow(node, source, locals, depth + 1)
          : this.#ts.isArrayLiteralExpression(spread)
            ? this.#all(spread.elements, source, locals, depth + 1)
            : this.#uses(spread, locals)
              ? "unclear"
              : this.#orUnclear(spread, source);
      if (found === "unclear") return found;
      uses.push(...found);
    }
    return uses;
  }

  #functionOf(node: ts.Node): ts.FunctionLikeDeclaration | undefined {
    const ts = this.#ts;
    const what = ts.isVariableDeclaration(node) ? node.initializer : node;
    if (what === undefined || !ts.isFunctionLike(what)) return undefined;
    const usual =
      ts.isFunctionDeclaration(what) || ts.isFunctionExpression(what) || ts.isArrowFunction(what) || ts.isMethodDeclaration(what);
    return usual ? what : undefined;
  }

  #enter(
    called: ts.FunctionLikeDeclaration,
    args: readonly Value[] | undefined,
    source: Source,
    depth: number,
    tainted: boolean,
  ): Followed {
    const ts = this.#ts;
    const { body } = called;
    if (depth > DEEPEST) return tainted ? "unclear" : this.#orUnclear(called, source);
    if (body === undefined) return tainted ? "unclear" : [];
    const locals = new Map<string, Value>();
    called.parameters.forEach(({ name, initializer, dotDotDotToken }, at) => {
      const rest: Value = args === undefined ? { kind: "unreadable" } : { kind: "array", items: args.slice(at) };
      const value: Value = args === undefined ? { kind: "unreadable" } : (args[at] ?? { kind: "undefined" });
      bind(ts, this.#values, name, initializer, dotDotDotToken === undefined ? value : rest, source, locals);
    });
    if (tainted) this.#tainted.set(locals, new Set(locals.keys()));
    if (!ts.isBlock(body)) return this.follow(body, source, locals, depth);
    return this.#block(body.statements, source, locals, depth) ?? [];
  }

  /** Runs through statements up to a `return`; undefined if there is none. */
  #block(statements: readonly ts.Statement[], source: Source, locals: Map<string, Value>, depth: number): Followed | undefined {
    const ts = this.#ts;
    for (const node of statements) {
      if (ts.isReturnStatement(node)) return node.expression === undefined ? [] : this.follow(node.expression, source, locals, depth);
      if (ts.isVariableStatement(node) && !this.#mentions(node, source)) {
        const constant = (node.declarationList.flags & ts.NodeFlags.Const) !== 0;
        for (const { name, initializer } of node.declarationList.declarations) {
          const value =
            constant && initializer !== undefined ? this.#values.of(initializer, source, locals) : ({ kind: "unreadable" } as const);
          const before = new Set(locals.keys());
          bind(ts, this.#values, name, undefined, value, source, locals);
          if (initializer !== undefined && this.#uses(initializer, locals)) {
            const fresh = [...locals.keys()].filter((one) => !before.has(one));
            this.#tainted.set(locals, new Set([...this.#tainted.get(locals)!, ...fresh]));
          }
        }
        continue;
      }
      if (ts.isIfStatement(node)) {
        const truth = this.#values.truth(node.expression, source, locals);
        const branch = truth === undefined ? undefined : truth ? node.thenStatement : node.elseStatement;
        if (truth !== undefined) {
          const inside = branch === undefined ? [] : ts.isBlock(branch) ? branch.statements : [branch];
          const found = this.#block(inside, source, locals, depth);
          if (found !== undefined) return found;
          continue;
        }
      }
      if (this.#mentions(node, source) || this.#uses(node, locals)) return "unclear";
    }
    return undefined;
  }

  #orUnclear(node: ts.Node, source: Source): Followed {
    return this.#mentions(node, source) ? "unclear" : [];
  }

  /** Whether something below `node` is a decorator of Stem, or a name for code that mentions one. */
  #mentions(node: ts.Node, source: Source, seen: Set<ts.Node> = new Set()): boolean {
    const ts = this.#ts;
    if (seen.has(node) || seen.size > 2_000) return false;
    seen.add(node);
    // Types do not show what is called.
    if (ts.isTypeNode(node)) return false;
    if (ts.isIdentifier(node) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)) {
      const origin = this.#origins.of(node.text, source);
      if (oursOf(origin) !== undefined) return true;
      const code = origin?.kind === "declared" && !ts.isClassLike(origin.node) ? origin : undefined;
      return code !== undefined && this.#mentions(code.node, code.source, seen);
    }
    if (ts.isPropertyAccessExpression(node)) {
      const origin = this.originOf(node, source);
      if (oursOf(origin) !== undefined) return true;
      if (origin?.kind === "declared" && this.#mentions(origin.node, origin.source, seen)) return true;
    }
    return ts.forEachChild(node, (child) => this.#mentions(child, source, seen) || undefined) === true;
  }
}

function usesOf(declared: Declared, args: Use["args"]): Followed {
  return declared.as === "none" ? [] : [{ decorator: declared.as ?? "Task", args, defaults: declared }];
}

function isSame(a: Origin, b: Origin): boolean {
  if (a.kind === "package") return b.kind === "package" && a.specifier === b.specifier && a.name === b.name;
  return a.kind === "declared" && b.kind === "declared" && a.source.path === b.source.path && a.node.pos === b.node.pos;
}
