import type { ts } from "ts-morph";
import { type Mark, type MarkedClass, type Member, type Parameter, type Place, type WrittenEvent, type WrittenSignal, nodeId } from "../model.js"; // prettier-ignore
import type { Ancestors, Ancestry, ClassIn } from "./ancestors.js";
import type { Bodies } from "./body.js";
import { docCommentOf } from "./comment.js";
import type { Typescript } from "./load.js";
import { type Marks, shortText } from "./marks.js";
import type { Origins } from "./origin.js";
import type { Source, Sources } from "./sources.js";

type ClassNode = ts.ClassLikeDeclaration;

const isCron = ({ decorator }: Mark): boolean => decorator === "Cron";
const isNoCron = (mark: Mark): boolean => !isCron(mark);

/** Reads what a file declares for Stem: classes with its decorators, and events. */
export class Classes {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #origins: Origins;
  readonly #marks: Marks;
  readonly #ancestors: Ancestors;
  readonly #bodies: Bodies;
  readonly #counts = new WeakMap<ClassNode, Map<string, number>>();

  constructor(ts: Typescript, sources: Sources, origins: Origins, marks: Marks, ancestors: Ancestors, bodies: Bodies) {
    this.#ts = ts;
    this.#sources = sources;
    this.#origins = origins;
    this.#marks = marks;
    this.#ancestors = ancestors;
    this.#bodies = bodies;
  }

  /** The marked classes of a file, at any depth. */
  in(source: Source): readonly MarkedClass[] {
    const found: MarkedClass[] = [];
    // Classes are seldom inside other code, and searching every function takes as long as all the rest.
    const nested =
      (source.tree.text.match(/\bclass\b/g)?.length ?? 0) > source.tree.statements.filter((one) => this.#ts.isClassLike(one)).length;
    const visit = (node: ts.Node): void => {
      if (this.#ts.isClassLike(node)) {
        const read = this.#read(node, source);
        if (read !== undefined) found.push(read);
      }
      if (nested || node === source.tree) this.#ts.forEachChild(node, visit);
    };
    visit(source.tree);
    return found;
  }

  /** The places where a file calls a decorator of Stem on a class, as in `Task("mail.send")(SendMail)`. */
  calls(source: Source): readonly Place[] {
    const ts = this.#ts;
    const found: Place[] = [];
    if (!/\)\s*\(/.test(source.tree.text)) return found;
    const visit = (node: ts.Node): void => {
      // Inside a function it makes a decorator, which is followed where it is used.
      if (ts.isDecorator(node) || ts.isFunctionLike(node)) return;
      if (ts.isCallExpression(node) && ts.isCallExpression(node.expression) && this.#marks.marks(node.expression, source))
        found.push(this.#sources.place(node, source));
      ts.forEachChild(node, visit);
    };
    visit(source.tree);
    return found;
  }

  /** The events that a file exports. */
  events(source: Source): readonly WrittenEvent[] {
    const ts = this.#ts;
    return source.tree.statements.flatMap((statement) => {
      if (!ts.isVariableStatement(statement)) return [];
      return statement.declarationList.declarations.flatMap(({ name, initializer }): readonly WrittenEvent[] => {
        if (!ts.isIdentifier(name) || initializer === undefined) return [];
        const definition = this.#marks.definition(initializer, "defineEvent", source);
        const exportedAs = definition && this.#origins.exportedAs(name.text, source);
        if (definition === undefined || exportedAs === undefined) return [];
        return [{ ...definition, constant: name.text, exportedAs, via: undefined, doc: this.#doc(statement, source) }];
      });
    });
  }

  #read(node: ClassNode, source: Source): MarkedClass | undefined {
    const ts = this.#ts;
    const all = this.#marks.on(node, source);
    const [marks, crons] = [all.filter(isNoCron), all.filter(isCron)];
    const members: Member[] = [];
    for (const member of node.members) {
      const on = this.#marks.on(member, source);
      if (on.length > 0 && member.name !== undefined) members.push(this.#member(member, member.name, node, source, on));
    }
    if (all.length === 0 && members.length === 0) return undefined;
    const ancestry = this.#ancestors.of(node, source);
    const hierarchy = [{ node, source }, ...ancestry.bases];
    const workflow = marks.some(({ decorator, unclear }) => decorator === "Workflow" && unclear === undefined);
    const steps = workflow ? this.#steps(hierarchy) : [];
    return {
      name: node.name?.text,
      place: this.#sources.place(node.name ?? this.#keyword(node, source), source),
      exportedAs: node.parent === source.tree ? this.#exportedAs(node, source) : undefined,
      via: undefined,
      abstract: this.#has(node, ts.SyntaxKind.AbstractKeyword),
      unbound: (node.typeParameters ?? []).filter((one) => one.default === undefined).map((one) => one.name.text),
      controller: this.#marks.controller(node, source),
      doc: this.#doc(node, source),
      marks,
      crons,
      signals: this.#signals(hierarchy),
      steps,
      bases: ancestry.bases.map((base) => nodeId(base.node)),
      body: workflow ? this.#bodies.of(hierarchy, new Map(steps.map(({ name, method }) => [method.name!, name]))) : undefined,
      run: this.#run(hierarchy, ancestry),
      members,
      id: nodeId(node),
      node,
    };
  }

  #exportedAs(node: ClassNode, source: Source): string | undefined {
    if (node.name !== undefined) return this.#origins.exportedAs(node.name.text, source);
    return this.#has(node, this.#ts.SyntaxKind.DefaultKeyword) ? "default" : undefined;
  }

  /** Where to point in a class without a name. */
  #keyword(node: ClassNode, source: Source): ts.Node {
    return node.getChildren(source.tree).find((child) => child.kind === this.#ts.SyntaxKind.ClassKeyword) ?? node;
  }

  /** Method `run`, own or of a base class that can be reached. */
  #run(hierarchy: readonly ClassIn[], { unseen }: Ancestry): Member | "unseen" | undefined {
    const ts = this.#ts;
    for (const { node, source } of hierarchy) {
      const own = node.members.filter((member) => member.name !== undefined && this.#nameOf(member.name) === "run");
      const member = own.find((one) => ts.isMethodDeclaration(one) && !this.#has(one, ts.SyntaxKind.StaticKeyword)) ?? own[0];
      if (member?.name !== undefined) return this.#member(member, member.name, node, source, []);
    }
    return unseen === undefined ? undefined : "unseen";
  }

  /**
   * Methods that are steps.
   * As at run time, a method that is overridden without the decorator is not a step any more, unless it calls
   * the one it overrides.
   */
  #steps(hierarchy: readonly ClassIn[]): MarkedClass["steps"] {
    const ts = this.#ts;
    const hidden = new Set<string>();
    const found: { readonly name: string; readonly method: Member }[] = [];
    for (const { node, source } of hierarchy) {
      const overridden: string[] = [];
      for (const member of node.members) {
        const key = member.name === undefined ? undefined : this.#nameOf(member.name);
        if (!ts.isMethodDeclaration(member) || key === undefined || hidden.has(key)) continue;
        const on = this.#marks.on(member, source).find(({ decorator, unclear }) => decorator === "Step" && unclear === undefined);
        const name = on?.name.state === "known" ? on.name.value : key;
        if (on !== undefined) found.push({ name, method: this.#member(member, member.name, node, source, [on]) });
        if (member.body !== undefined && (on !== undefined || !this.#callsSuper(member.body, key))) overridden.push(key);
      }
      for (const key of overridden) hidden.add(key);
    }
    return found;
  }

  #callsSuper(node: ts.Node, method: string): boolean {
    const ts = this.#ts;
    const calls = ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword && node.name.text === method;
    return calls || ts.forEachChild(node, (child) => this.#callsSuper(child, method) || undefined) === true;
  }

  #member(member: ts.ClassElement, name: ts.PropertyName, owner: ClassNode, source: Source, marks: readonly Mark[]): Member {
    const ts = this.#ts;
    const key = this.#nameOf(name);
    const method = ts.isMethodDeclaration(member);
    const written = method ? member.parameters : [];
    const own = written.filter((one) => !(ts.isIdentifier(one.name) && one.name.text === "this"));
    return {
      name: key,
      text: shortText(name, source),
      place: this.#sources.place(name, source),
      method,
      hidden: this.#hidden(member, name),
      generic: method && member.typeParameters !== undefined,
      signatures: this.#signatures(owner, source).get(name.getText(source.tree)) ?? 0,
      parameters: own.map((one) => this.#parameter(one, source)),
      doc: this.#doc(member, source),
      marks: marks.filter(isNoCron),
      crons: marks.filter(isCron),
      node: member,
    };
  }

  /** How often each method of a class is declared, by its name as written. */
  #signatures(owner: ClassNode, source: Source): ReadonlyMap<string, number> {
    let counts = this.#counts.get(owner);
    if (counts === undefined) {
      this.#counts.set(owner, (counts = new Map()));
      for (const one of owner.members) {
        if (!this.#ts.isMethodDeclaration(one)) continue;
        const name = one.name.getText(source.tree);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Members made by `defineSignal`, with those of base classes in reach that are not hidden by them. */
  #signals(hierarchy: readonly ClassIn[]): readonly WrittenSignal[] {
    const found: WrittenSignal[] = [];
    const names = new Set<string | undefined>();
    for (const { node, source } of hierarchy) {
      const own = node.members.flatMap((member) => this.#signal(member, source) ?? []).filter(({ member }) => !names.has(member));
      for (const { member } of own) names.add(member);
      found.push(...own);
    }
    return found;
  }

  #signal(member: ts.ClassElement, source: Source): WrittenSignal | undefined {
    const ts = this.#ts;
    if (!ts.isPropertyDeclaration(member) || member.initializer === undefined) return undefined;
    const definition = this.#marks.definition(member.initializer, "defineSignal", source);
    if (definition === undefined) return undefined;
    const isStatic = this.#has(member, ts.SyntaxKind.StaticKeyword);
    const hidden = isStatic ? this.#hidden(member, member.name, false) : "not static";
    const text = shortText(member.name, source);
    return { ...definition, member: this.#nameOf(member.name), text, hidden, doc: this.#doc(member, source) };
  }

  #parameter(node: ts.ParameterDeclaration, source: Source): Parameter {
    return {
      text: shortText(node.name, source),
      place: this.#sources.place(node, source),
      rest: node.dotDotDotToken !== undefined,
      context: this.#marks.context(node.type, source),
    };
  }

  #hidden(member: ts.ClassElement, name: ts.PropertyName, instance = true): string | undefined {
    const { SyntaxKind, isPrivateIdentifier } = this.#ts;
    if (isPrivateIdentifier(name)) return "#private";
    if (this.#has(member, SyntaxKind.PrivateKeyword)) return "private";
    if (this.#has(member, SyntaxKind.ProtectedKeyword)) return "protected";
    if (this.#has(member, SyntaxKind.StaticKeyword) && instance) return "static";
    return this.#has(member, SyntaxKind.AbstractKeyword) ? "abstract" : undefined;
  }

  /** Undefined for `#name` and for what is computed at run time. */
  #nameOf(name: ts.PropertyName): string | undefined {
    const ts = this.#ts;
    if (ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name)) return name.text;
    return ts.isComputedPropertyName(name) && ts.isStringLiteralLike(name.expression) ? name.expression.text : undefined;
  }

  #has(node: ts.Node, kind: ts.SyntaxKind): boolean {
    return this.#ts.canHaveModifiers(node) && this.#ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) === true;
  }

  /** The text of the last doc comment, without its frame. */
  #doc(node: ts.Node, source: Source): string | undefined {
    const comment = docCommentOf(this.#ts, node, source.tree);
    if (comment === undefined) return undefined;
    const lines = source.tree.text
      .slice(comment.pos, comment.end)
      .replace(/^\/\*\*+|\*+\/$/g, "")
      .split(/\r\n|[\n\r\u2028\u2029]/)
      .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
    return lines.join("\n").trim() || undefined;
  }
}
