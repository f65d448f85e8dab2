import type { ts } from "ts-morph";
import type { Definition, Mark, Readable } from "../model.js";
import { type Composed, oursOf, type Use } from "./composed.js";
import type { Typescript } from "./load.js";
import type { Origin, Origins } from "./origin.js";
import type { Source, Sources } from "./sources.js";
import type { Value, Values } from "./values.js";

const ABSENT = { state: "absent" } as const;

/** Options of a task or workflow that go into the manifest as they are. */
const OTHERS = ["keepFailed", "keepResult", "retry", "timeout"] as const;

/** Options that are reported if they cannot be read. */
const TOLD = ["priority", "keepResult", "keepFailed", "timeout"] as const;

/** Reads decorators: which of Stem's they are, and their arguments. */
export class Marks {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #origins: Origins;
  readonly #values: Values;
  readonly #composed: Composed;

  constructor(ts: Typescript, sources: Sources, origins: Origins, values: Values, composed: Composed) {
    this.#ts = ts;
    this.#sources = sources;
    this.#origins = origins;
    this.#values = values;
    this.#composed = composed;
  }

  /** The decorators of Stem on a node, written out or composed, in source order. */
  on(node: ts.Node, source: Source): readonly Mark[] {
    const marks: Mark[] = [];
    for (const decorator of this.#decorators(node)) {
      const { expression } = decorator;
      const ours = oursOf(this.#origin(decorator, source));
      if (ours !== undefined) {
        marks.push(this.#read(decorator, ours, source));
        continue;
      }
      const followed = this.#composed.follow(expression, source);
      if (followed === "unclear") marks.push(this.#unclear(decorator, source));
      else for (const use of followed) marks.push(this.#made(decorator, use, source));
    }
    return marks;
  }

  /** A call such as `defineEvent<Paid>("order.paid", options)`; undefined for any other expression. */
  definition(node: ts.Expression, of: "defineEvent" | "defineSignal", source: Source): Omit<Definition, "doc"> | undefined {
    const ts = this.#ts;
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
      return this.definition(node.expression, of, source);
    }
    if (!ts.isCallExpression(node)) return undefined;
    const origin = this.#composed.originOf(node.expression, source);
    if (origin?.kind !== "package" || origin.specifier !== "nestjs-stem" || origin.name !== of) return undefined;
    const [first, options] = node.arguments;
    const [type] = node.typeArguments ?? [];
    // The default of the type parameter of the two functions.
    const untyped = of === "defineEvent" ? "anything" : undefined;
    const none = type?.kind === ts.SyntaxKind.VoidKeyword;
    const instance = options && this.#values.member(this.#values.of(options, source), "instance");
    return {
      name: first === undefined ? ABSENT : this.#readable(first, this.#values.of(first, source), "string", source),
      instance: instance === undefined ? ABSENT : this.#readable(this.#at(options!, "instance"), instance, "string", source),
      payload: none ? undefined : type === undefined ? untyped : { kind: "type", node: type },
      place: this.#sources.place(first ?? node, source),
    };
  }

  /** Whether a call applies a decorator of Stem. */
  marks(node: ts.CallExpression, source: Source): boolean {
    const followed = this.#composed.follow(node, source);
    return followed !== "unclear" && followed.length > 0;
  }

  /** The name of the event or signal that an expression stands for; undefined if it cannot be read. */
  announced(node: ts.Expression, source: Source): string | undefined {
    const ts = this.#ts;
    const origin = this.#composed.originOf(node, source);
    const holds = origin?.kind === "declared" && (ts.isVariableDeclaration(origin.node) || ts.isPropertyDeclaration(origin.node));
    const [at, in_] = holds && origin.node.initializer !== undefined ? [origin.node.initializer, origin.source] : [node, source];
    const name = (this.definition(at, "defineEvent", in_) ?? this.definition(at, "defineSignal", in_))?.name;
    return name?.state === "known" ? name.value : undefined;
  }

  /** True if `@Controller` of Nest is among the decorators. */
  controller(node: ts.Node, source: Source): boolean {
    return this.#decorators(node).some((decorator) => {
      const origin = this.#origin(decorator, source);
      return origin?.kind === "package" && origin.specifier === "@nestjs/common" && origin.name === "Controller";
    });
  }

  /** The name of the context type of Stem that a type node refers to. */
  context(type: ts.TypeNode | undefined, source: Source): string | undefined {
    const ts = this.#ts;
    if (type === undefined || !ts.isTypeReferenceNode(type)) return undefined;
    const { typeName } = type;
    let origin: Origin | undefined;
    if (ts.isIdentifier(typeName)) origin = this.#origins.of(typeName.text, source);
    else if (ts.isIdentifier(typeName.left)) origin = this.#memberOf(typeName.left.text, typeName.right.text, source);
    if (origin?.kind !== "package" || origin.specifier !== "nestjs-stem") return undefined;
    return ["TaskContext", "WorkflowContext", "StepContext"].find((name) => name === origin.name);
  }

  #decorators(node: ts.Node): readonly ts.Decorator[] {
    return this.#ts.canHaveDecorators(node) ? (this.#ts.getDecorators(node) ?? []) : [];
  }

  #origin(decorator: ts.Decorator, source: Source): Origin | undefined {
    const ts = this.#ts;
    const { expression } = decorator;
    return this.#composed.originOf(ts.isCallExpression(expression) ? expression.expression : expression, source);
  }

  #memberOf(namespace: string, name: string, source: Source): Origin | undefined {
    const of = this.#origins.of(namespace, source);
    return of && this.#origins.member(name, of);
  }

  #read(decorator: ts.Decorator, name: Mark["decorator"], source: Source): Mark {
    const ts = this.#ts;
    const { expression } = decorator;
    const [first, second] = ts.isCallExpression(expression) ? expression.arguments : [];
    const value = first && this.#values.of(first, source);
    // `@Task(options)` with the name among them, or `@Task(name, options)`; `@Cron(expression, options)`
    // always has it there.
    const inOptions = value?.kind === "object";
    const options = inOptions ? first : second;
    const given = inOptions ? value : second && this.#values.of(second, source);
    const option = <T extends "string" | "number">(key: string, kind: T) =>
      options === undefined || given === undefined || given.kind === "undefined"
        ? ABSENT
        : this.#readable(this.#at(options, key), this.#values.member(given, key), kind, source);
    return {
      decorator: name,
      place: this.#sources.place(decorator, source),
      called: ts.isCallExpression(expression),
      unclear: undefined,
      name:
        inOptions || first === undefined || value === undefined || name === "Cron"
          ? option("name", "string")
          : this.#readable(first, value, "string", source),
      queue: option("queue", "string"),
      instance: option("instance", "string"),
      priority: option("priority", "number"),
      cron: name === "Cron" && first !== undefined && value !== undefined ? this.#readable(first, value, "string", source) : ABSENT,
      timeZone: option("timeZone", "string"),
      untold: this.#untold(given, source, (key) => this.#at(options!, key)),
      ...this.#others(given),
    };
  }

  #untold(given: Value | undefined, source: Source, at: (option: string) => ts.Node): Mark["untold"] {
    if (given === undefined || given.kind === "undefined") return [];
    const blind = TOLD.filter((option) => {
      const { kind } = this.#values.member(given, option);
      return kind !== "undefined" && kind !== "number" && kind !== "string";
    });
    return blind.map((option) => ({ option, text: shortText(at(option), source), place: this.#sources.place(at(option), source) }));
  }

  /** What the manifest has beside names and queues. Options that cannot be read are left out. */
  #others(given: Value | undefined): Pick<Mark, "unchecked" | "standard" | "options"> {
    const of = (key: string): unknown => given && this.#values.json(this.#values.member(given, key));
    const has = (key: string): boolean => given !== undefined && this.#values.member(given, key).kind !== "undefined";
    const read = OTHERS.map((key) => [key, of(key)] as const).filter(([, value]) => value !== undefined);
    const known = given !== undefined && given.kind !== "undefined";
    return { unchecked: of("validate") === false, standard: known && (has("input") || has("output")), options: Object.fromEntries(read) };
  }

  /** As `#read`, for a decorator inside a composed one. Problems are reported at the decorator in use. */
  #made(decorator: ts.Decorator, { decorator: name, args, defaults }: Use, source: Source): Mark {
    const place = this.#sources.place(decorator, source);
    const [first, second]: readonly (Value | undefined)[] = args ?? [{ kind: "unreadable" }, { kind: "unreadable" }];
    const inOptions = first?.kind === "object";
    const given = inOptions ? first : second;
    const option = <T extends "string" | "number">(key: string, kind: T) =>
      given === undefined || given.kind === "undefined" ? ABSENT : this.#readable(decorator, this.#values.member(given, key), kind, source);
    const declared = <T>(key: "queue" | "instance" | "priority", found: Readable<T>): Readable<T> =>
      found.state === "absent" && defaults?.[key] !== undefined ? { state: "known", value: defaults[key] as T, place } : found;
    return {
      decorator: name,
      place,
      called: true,
      unclear: undefined,
      name:
        inOptions || first === undefined || name === "Cron" ? option("name", "string") : this.#readable(decorator, first, "string", source),
      queue: declared("queue", option("queue", "string")),
      instance: declared("instance", option("instance", "string")),
      priority: declared("priority", option("priority", "number")),
      cron: name === "Cron" && first !== undefined ? this.#readable(decorator, first, "string", source) : ABSENT,
      timeZone: option("timeZone", "string"),
      untold: this.#untold(given, source, () => decorator),
      ...this.#others(given),
    };
  }

  #unclear(decorator: ts.Decorator, source: Source): Mark {
    const { expression } = decorator;
    const callee = this.#ts.isCallExpression(expression) ? expression.expression : expression;
    const names = { name: ABSENT, queue: ABSENT, instance: ABSENT, priority: ABSENT, cron: ABSENT, timeZone: ABSENT };
    const nothing = { called: true, ...names, untold: [], ...this.#others(undefined) };
    return { ...nothing, decorator: "Task", place: this.#sources.place(decorator, source), unclear: `@${shortText(callee, source)}` };
  }

  /** Where the option is written, if it is written here. */
  #at(options: ts.Expression, key: string): ts.Node {
    const ts = this.#ts;
    if (!ts.isObjectLiteralExpression(options)) return options;
    const property = options.properties.find((one) => one.name !== undefined && ts.isIdentifier(one.name) && one.name.text === key);
    return property === undefined ? options : ts.isPropertyAssignment(property) ? property.initializer : property;
  }

  #readable<T extends "string" | "number">(
    node: ts.Node,
    value: Value,
    kind: T,
    source: Source,
  ): Readable<T extends "string" ? string : number> {
    type Wanted = T extends "string" ? string : number;
    const place = this.#sources.place(node, source);
    if (value.kind === "undefined") return { state: "absent" };
    if (value.kind === kind && "value" in value) return { state: "known", value: value.value as Wanted, place };
    return { state: "unreadable", text: shortText(node, source), place };
  }
}

/** The source of a node on one line, cut off where it gets long. */
export function shortText(node: ts.Node, source: Source): string {
  const text = node.getText(source.tree).replace(/\s+/g, " ");
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
