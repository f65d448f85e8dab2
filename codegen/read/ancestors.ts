import type { ts } from "ts-morph";
import type { Composed } from "./composed.js";
import type { Typescript } from "./load.js";
import type { Source } from "./sources.js";

/** A class, and the file it is in. */
export interface ClassIn {
  readonly node: ts.ClassLikeDeclaration;
  readonly source: Source;
}

/** The classes a class extends. */
export interface Ancestry {
  /** Nearest first. */
  readonly bases: readonly ClassIn[];
  /** The base class at which the sources end, if any: one of a package, or one known only at run time. */
  readonly unseen: ts.Expression | undefined;
}

/** What a parameter of a mixin stands for. */
interface Bound {
  readonly node: ts.Expression;
  readonly source: Source;
  readonly names: Names;
}

/** A base class; `"unseen"` where the sources end; `"none"` for one that has nothing of Stem. */
type Found = (ClassIn & { readonly names: Names }) | "unseen" | "none";

type Names = ReadonlyMap<string, Bound>;

const NO_NAMES: Names = new Map();

/** A deeper class hierarchy is taken for a circle. */
const DEEPEST = 32;

/** Finds base classes: by name, by namespace, and through functions that return a class (mixins). */
export class Ancestors {
  readonly #ts: Typescript;
  readonly #composed: Composed;

  constructor(ts: Typescript, composed: Composed) {
    this.#ts = ts;
    this.#composed = composed;
  }

  of(node: ts.ClassLikeDeclaration, source: Source): Ancestry {
    const bases: ClassIn[] = [];
    let names = NO_NAMES;
    let at: ClassIn = { node, source };
    for (;;) {
      const base = this.#extends(at.node);
      if (base === undefined) return { bases, unseen: undefined };
      const found = bases.length < DEEPEST ? this.#class(base, at.source, names, 0) : "unseen";
      if (found === "none") return { bases, unseen: undefined };
      if (found === "unseen") return { bases, unseen: base };
      bases.push(found);
      ({ names } = found);
      at = found;
    }
  }

  #extends(node: ts.ClassLikeDeclaration): ts.Expression | undefined {
    return node.heritageClauses?.find((clause) => clause.token === this.#ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression;
  }

  /** @returns `"none"` for a name that is neither imported nor declared: a global class, or a typing error */
  #class(node: ts.Expression, source: Source, names: Names, depth: number): Found {
    const ts = this.#ts;
    if (depth > DEEPEST) return "unseen";
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return this.#class(node.expression, source, names, depth + 1);
    if (ts.isClassExpression(node)) return { node, source, names };
    if (ts.isCallExpression(node)) return this.#made(node, source, names, depth);
    const bound = ts.isIdentifier(node) ? names.get(node.text) : undefined;
    if (bound !== undefined) return this.#class(bound.node, bound.source, bound.names, depth + 1);
    const origin = this.#composed.originOf(node, source);
    if (origin === undefined) return ts.isIdentifier(node) ? "none" : "unseen";
    if (origin.kind !== "declared") return "unseen";
    if (ts.isClassLike(origin.node)) return { node: origin.node, source: origin.source, names: NO_NAMES };
    const initializer = ts.isVariableDeclaration(origin.node) ? origin.node.initializer : undefined;
    return initializer === undefined ? "unseen" : this.#class(initializer, origin.source, NO_NAMES, depth + 1);
  }

  /** `Mixin(Base)`: the class the function returns. */
  #made(call: ts.CallExpression, source: Source, names: Names, depth: number): Found {
    const ts = this.#ts;
    const origin = this.#composed.originOf(call.expression, source);
    const declared = origin?.kind === "declared" ? origin : undefined;
    const made = declared !== undefined && ts.isVariableDeclaration(declared.node) ? declared.node.initializer : declared?.node;
    if (made === undefined || !(ts.isFunctionDeclaration(made) || ts.isArrowFunction(made) || ts.isFunctionExpression(made)))
      return "unseen";
    const bound = new Map<string, Bound>();
    made.parameters.forEach(({ name }, at) => {
      const given = call.arguments[at];
      if (ts.isIdentifier(name) && given !== undefined) bound.set(name.text, { node: given, source, names });
    });
    const within = declared!.source;
    const { body } = made;
    if (body === undefined) return "unseen";
    if (!ts.isBlock(body)) return this.#class(body, within, bound, depth + 1);
    const returned = body.statements.find((one) => ts.isReturnStatement(one))?.expression;
    if (returned === undefined) return "unseen";
    const local = body.statements.find(
      (one): one is ts.ClassDeclaration => ts.isClassDeclaration(one) && ts.isIdentifier(returned) && one.name?.text === returned.text,
    );
    return local === undefined ? this.#class(returned, within, bound, depth + 1) : { node: local, source: within, names: bound };
  }
}
