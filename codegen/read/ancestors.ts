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
  /**
   * Where the sources end, if they do: a base class of a package, or one that only running the program would
   * tell.
   */
  readonly unseen: ts.Expression | undefined;
}

/** What a parameter of a mixin stands for. */
interface Bound {
  readonly node: ts.Expression;
  readonly source: Source;
  readonly names: Names;
}

/** A base class, where the sources end, or nothing of ours. */
type Found = (ClassIn & { readonly names: Names }) | "unseen" | "none";

type Names = ReadonlyMap<string, Bound>;

const NO_NAMES: Names = new Map();

/** A class hierarchy deeper than this goes round in circles. */
const DEEPEST = 32;

/**
 * Walks up base classes: by name, by namespace, and through functions that make a class of another (mixins).
 */
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

  /**
   * @returns `"none"` for what is neither imported nor declared: a global class, which has nothing of ours,
   *   or a slip of the pen
   */
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
