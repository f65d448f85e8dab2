import { createHash } from "node:crypto";
import type { ts } from "ts-morph";
import type { Ask, Body } from "../model.js";
import type { ClassIn } from "./ancestors.js";
import type { Composed } from "./composed.js";
import type { Typescript } from "./load.js";
import type { Marks } from "./marks.js";
import type { Origins } from "./origin.js";
import type { Source, Sources } from "./sources.js";
import type { Values } from "./values.js";

/** The methods of a workflow's context that ask its run for something, by the journal's kind. */
const ASKS: ReadonlyMap<string, Ask["kind"]> = new Map([
  ["step", "step"],
  ["sleep", "sleep"],
  ["sleepUntil", "sleep"],
  ["waitFor", "wait"],
  ["waitForSignal", "wait"],
  ["now", "now"],
]);

/** A method of the class or a function, and the file it is in. */
interface Code {
  readonly node: ts.FunctionLikeDeclaration;
  readonly source: Source;
}

/** A class with its base classes. */
type Hierarchy = readonly ClassIn[];

/** One reading of one body. */
interface Walk {
  readonly asks: Ask[];
  readonly tokens: string[];
  readonly seen: Set<ts.Node>;
  /** Names of the methods that are steps, by method. */
  readonly steps: ReadonlyMap<string, string>;
}

/**
 * Reads what the body of a workflow asks its run for.
 * It looks into `run`, methods it calls, and functions it passes its context to.
 */
export class Bodies {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #origins: Origins;
  readonly #values: Values;
  readonly #composed: Composed;
  readonly #marks: Marks;

  constructor(ts: Typescript, sources: Sources, origins: Origins, values: Values, composed: Composed, marks: Marks) {
    this.#ts = ts;
    this.#sources = sources;
    this.#origins = origins;
    this.#values = values;
    this.#composed = composed;
    this.#marks = marks;
  }

  /** @param steps names of the methods that are steps, by method */
  of(hierarchy: Hierarchy, steps: ReadonlyMap<string, string>): Body | undefined {
    const run = this.#method(hierarchy, "run");
    if (run === undefined) return undefined;
    const walk: Walk = { asks: [], tokens: [], seen: new Set(), steps };
    this.#enter(run, hierarchy, walk, [1]);
    const { node, source } = run;
    return {
      asks: walk.asks,
      hash: createHash("sha256").update(walk.tokens.join("\n")).digest("hex").slice(0, 16),
      place: this.#sources.place(node.name ?? node, source),
      endLine: source.tree.getLineAndCharacterOfPosition(node.end).line + 1,
    };
  }

  /** @param given which parameters get the context, also if their types do not say so */
  #enter({ node, source }: Code, hierarchy: Hierarchy, walk: Walk, given: readonly number[]): void {
    if (walk.seen.has(node) || source.path.includes("/node_modules/")) return;
    walk.seen.add(node);
    this.#tokens(node, source, walk.tokens);
    const contexts = new Set<string>();
    const asked = new Map<string, Ask["kind"]>();
    const own = node.parameters.filter(({ name }) => !(this.#ts.isIdentifier(name) && name.text === "this"));
    own.forEach(({ name, type }, at) => {
      if (given.includes(at) || this.#marks.context(type, source) === "WorkflowContext") this.#bind(name, contexts, asked);
    });
    const at = { source, hierarchy, walk, contexts, asked };
    const visit = (one: ts.Node): void => {
      this.#look(one, at);
      this.#ts.forEachChild(one, visit);
    };
    if (node.body !== undefined) visit(node.body);
  }

  /** `ctx`, or `{ step, sleep: nap }`. */
  #bind(name: ts.BindingName, contexts: Set<string>, asked: Map<string, Ask["kind"]>): void {
    const ts = this.#ts;
    if (ts.isIdentifier(name)) return void contexts.add(name.text);
    for (const one of name.elements) {
      if (!ts.isBindingElement(one) || !ts.isIdentifier(one.name)) continue;
      const key = one.propertyName !== undefined && ts.isIdentifier(one.propertyName) ? one.propertyName.text : one.name.text;
      const kind = ASKS.get(key);
      if (kind !== undefined) asked.set(one.name.text, kind);
    }
  }

  #look(node: ts.Node, at: Within): void {
    const ts = this.#ts;
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && this.#isContext(node.initializer, at)) {
      this.#bind(node.name, at.contexts, at.asked);
    }
    if (ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.ThisKeyword) this.#own(node, at);
    if (ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) {
      const above = this.#method(at.hierarchy.slice(1), node.name.text);
      if (above !== undefined) this.#enter(above, at.hierarchy, at.walk, this.#handed(node, at));
    }
    if (!ts.isCallExpression(node)) return;
    const { expression } = node;
    const kind =
      ts.isPropertyAccessExpression(expression) && this.#isContext(expression.expression, at)
        ? ASKS.get(expression.name.text)
        : ts.isIdentifier(expression)
          ? at.asked.get(expression.text)
          : undefined;
    if (kind !== undefined) return void at.walk.asks.push(this.#ask(kind, node, at.source));
    const given = this.#handed(expression, at);
    const code = given.length > 0 ? this.#called(expression, at) : undefined;
    if (code !== undefined) this.#enter(code, [], at.walk, given);
  }

  #isContext(node: ts.Expression, { contexts }: Within): boolean {
    return this.#ts.isIdentifier(node) && contexts.has(node.text);
  }

  /** Which arguments of the call around a callee are the context. */
  #handed(callee: ts.Expression, at: Within): readonly number[] {
    const call = callee.parent;
    if (!this.#ts.isCallExpression(call) || call.expression !== callee) return [];
    return call.arguments.flatMap((one, index) => (this.#isContext(one, at) ? [index] : []));
  }

  /** `this.name`: a step is asked for, another method is part of the body. */
  #own(node: ts.PropertyAccessExpression, at: Within): void {
    const name = node.name.text;
    const step = at.walk.steps.get(name);
    if (step !== undefined) {
      at.walk.asks.push({ kind: "step", name: step, place: this.#sources.place(node.name, at.source) });
      return;
    }
    const method = this.#method(at.hierarchy, name);
    if (method !== undefined) this.#enter(method, at.hierarchy, at.walk, this.#handed(node, at));
  }

  /** The function that is called: declared here or imported, or a method of an injected service. */
  #called(callee: ts.Expression, { source, hierarchy }: Within): Code | undefined {
    const ts = this.#ts;
    const origin = this.#composed.originOf(callee, source);
    if (origin?.kind === "declared") return this.#code(origin.node, origin.source);
    if (!ts.isPropertyAccessExpression(callee) || !ts.isPropertyAccessExpression(callee.expression)) return undefined;
    const of = callee.expression;
    if (of.expression.kind !== ts.SyntaxKind.ThisKeyword) return undefined;
    for (const one of hierarchy) {
      const type = this.#typeOf(of.name.text, one.node);
      if (type === undefined || !ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) continue;
      const owner = this.#origins.of(type.typeName.text, one.source);
      if (owner?.kind !== "declared" || !ts.isClassLike(owner.node)) return undefined;
      return this.#method([{ node: owner.node, source: owner.source }], callee.name.text);
    }
    return undefined;
  }

  /** The type of a property, also one that is a parameter of the constructor. */
  #typeOf(name: string, owner: ts.ClassLikeDeclaration): ts.TypeNode | undefined {
    const ts = this.#ts;
    for (const member of owner.members) {
      const found = ts.isConstructorDeclaration(member) ? member.parameters : ts.isPropertyDeclaration(member) ? [member] : [];
      for (const one of found) if (ts.isIdentifier(one.name) && one.name.text === name) return one.type;
    }
    return undefined;
  }

  #method(hierarchy: Hierarchy, name: string): Code | undefined {
    for (const { node, source } of hierarchy) {
      for (const member of node.members) {
        if (member.name === undefined || !("text" in member.name) || member.name.text !== name) continue;
        const code = this.#code(member, source);
        if (code?.node.body !== undefined) return code;
      }
    }
    return undefined;
  }

  #code(node: ts.Node, source: Source): Code | undefined {
    const ts = this.#ts;
    const holds = ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isPropertyAssignment(node);
    const what = holds ? node.initializer : node;
    if (what === undefined || !ts.isFunctionLike(what)) return undefined;
    const usual = ts.isFunctionDeclaration(what) || ts.isFunctionExpression(what) || ts.isArrowFunction(what);
    return usual || ts.isMethodDeclaration(what) || ts.isAccessor(what) ? { node: what, source } : undefined;
  }

  #ask(kind: Ask["kind"], call: ts.CallExpression, source: Source): Ask {
    const [first, second] = call.arguments;
    const place = this.#sources.place(first ?? call, source);
    if (kind === "now") return { kind, name: "now", place };
    if (first === undefined) return { kind, name: undefined, place };
    if (kind !== "wait") return { kind, name: this.#text(first, source), place };
    const named = second === undefined ? undefined : this.#values.member(this.#values.of(second, source), "name");
    if (named !== undefined && named.kind !== "undefined") {
      return { kind, name: named.kind === "string" ? named.value : undefined, place };
    }
    return { kind, name: this.#marks.announced(first, source), place };
  }

  #text(node: ts.Expression, source: Source): string | undefined {
    const ts = this.#ts;
    const value = this.#values.of(node, source);
    if (value.kind === "string") return value.value;
    if (!ts.isTemplateExpression(node)) return undefined;
    const parts = node.templateSpans.map(({ expression, literal }) => {
      const part = this.#values.of(expression, source);
      return `${part.kind === "string" || part.kind === "number" ? part.value : "${}"}${literal.text}`;
    });
    const text = node.head.text + parts.join("");
    return text === "${}" ? undefined : text;
  }

  #tokens(node: ts.Node, source: Source, into: string[]): void {
    const children = node.getChildren(source.tree);
    if (children.length > 0) for (const child of children) this.#tokens(child, source, into);
    else if (node.end > node.pos) into.push(node.getText(source.tree));
  }
}

/** The place of a lookup. */
interface Within {
  readonly source: Source;
  readonly hierarchy: Hierarchy;
  readonly walk: Walk;
  /** Names of the context. */
  readonly contexts: Set<string>;
  /** Names of methods that were taken out of the context. */
  readonly asked: Map<string, Ask["kind"]>;
}
