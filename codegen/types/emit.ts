import type { ts } from "ts-morph";
import { byCodeUnit, type DiagnosticCode, type Place } from "../model.js";
import type { Definitions, Open } from "./definitions.js";
import { alternatives, anyOf } from "./alternatives.js";
import { type At, MOST_TOLD, pathOf, under } from "./at.js";
import { type Constraint, constrain, type Notes, type NotesReader } from "./notes.js";
import { ABSENT, BIGINT, BYTES, DATE, type JsonSchema, mapSchema, PRESENT } from "./schema.js";
import { isCircular, type Named, type ObjectShape, plain, refuse, type Refused, type Shape, type TupleShape } from "./shape.js";
import { AMBIGUOUS, NOTHING, SMALLER, title, UNDEFINED_ELEMENT } from "./told.js";
import { Wires } from "./wire.js";

/** The schema of the root of a type. */
export interface Emitted {
  /** Undefined: there is no such value. */
  readonly open: Open | undefined;
  /** The value may also be left out. */
  readonly optional: boolean;
}

export type Report = (code: DiagnosticCode, place: Place, message: string) => void;

/** Makes schemas of shapes, and reports what cannot travel at the property that offends. */
export class Emitter {
  readonly #definitions: Definitions;
  readonly #notes: NotesReader;
  readonly #resolve: (shape: Shape & { readonly kind: "deferred" }) => Shape;
  readonly #place: (node: ts.Node) => Place | undefined;
  readonly #report: Report;
  readonly #resolved = new Map<Shape, Shape>();
  readonly #wires = new Wires((shape) => this.#expand(shape));

  /**
   * @param resolve asks the checker
   * @param place undefined if the node is in a file that is not the author's
   */
  constructor(
    definitions: Definitions,
    notes: NotesReader,
    resolve: (shape: Shape & { readonly kind: "deferred" }) => Shape,
    place: (node: ts.Node) => Place | undefined,
    report: Report,
  ) {
    this.#definitions = definitions;
    this.#notes = notes;
    this.#resolve = resolve;
    this.#place = place;
    this.#report = report;
  }

  /** @param of the name of its owner, for messages: `"mail.send"` */
  root(shape: Shape, path: "input" | "output" | "payload", of: string, place: Place): Emitted {
    const all = this.#expand(shape).flatMap((one) => (path === "output" ? this.#awaited(one) : [one]));
    const present = all.filter((one) => !this.#is(one, "undefined") && !this.#is(one, "never"));
    const optional = all.some((one) => this.#is(one, "undefined"));
    const at: At = { above: undefined, step: path, node: undefined, root: { of, place, told: new Set() } };
    if (present.length === 0) {
      // A result of type never is no result; a payload of type never cannot be given.
      if (!optional && path !== "output") this.#refuse(NOTHING, at);
      return { open: undefined, optional: false };
    }
    const open = this.#definitions.open(() => this.#union(present, at));
    const untold = at.root.told.size - MOST_TOLD;
    if (untold > 0) this.#report("STEM2013", place, `${path} of ${of} has ${untold} more members that cannot travel. ${SMALLER}.`);
    return { open, optional };
  }

  #awaited(shape: Shape): readonly Shape[] {
    const of = plain(shape);
    return of?.kind === "promise" ? this.#expand(of.of).flatMap((one) => this.#awaited(one)) : [shape];
  }

  #is(shape: Shape, kind: Shape["kind"]): boolean {
    return plain(shape)?.kind === kind;
  }

  /** The members of a shape, through names, unions and the answers of the checker. */
  #expand(shape: Shape): readonly Shape[] {
    const first = plain(shape);
    if (first === undefined || (first.kind !== "deferred" && first.kind !== "union")) return [shape];
    const found: Shape[] = [];
    const seen = new Set<Shape>();
    const open = [shape];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const at = plain(one);
      if (at === undefined || (at.kind !== "deferred" && at.kind !== "union")) found.push(one);
      else if (!seen.has(at)) {
        seen.add(at);
        open.push(...(at.kind === "deferred" ? [this.#answer(at)] : at.of.toReversed()));
      }
    }
    return found;
  }

  #schema(shape: Shape, at: At): JsonSchema {
    return this.#circular(shape, at) ?? this.#union(this.#expand(shape), at);
  }

  /**
   * A reference to a union or list that contains itself; undefined if there is none.
   * Taking it apart would never end. Whether it may be left out is decided elsewhere.
   */
  #circular(shape: Shape, at: At): JsonSchema | undefined {
    if (shape.kind === "deferred") return this.#circular(this.#answer(shape), at);
    if (shape.kind === "noted") {
      const of = this.#circular(shape.of, at);
      return of && this.#annotated(of, shape.notes, at);
    }
    if (shape.kind !== "union") return isCircular(shape) ? this.#definitions.ref(shape, () => this.#named(shape, at)) : undefined;
    const all = this.#flat(shape);
    const circular = all.filter(isCircular);
    if (circular.length === 0) return undefined;
    const present = (one: Shape): readonly Shape[] => this.#expand(one).filter((other) => !this.#is(other, "undefined"));
    const others = all.filter((one) => !isCircular(one)).flatMap(present);
    if (others.some(({ kind }) => kind === "any")) return {};
    if (others.some(({ kind }) => kind === "something")) return all.flatMap(present).some((one) => this.#is(one, "null")) ? {} : PRESENT;
    this.#compare(all.flatMap(present), at);
    const rest = others.length === 0 ? undefined : this.#union(others, at);
    const beside = rest === undefined ? [] : ((rest["anyOf"] as readonly JsonSchema[] | undefined) ?? [rest]);
    const made = [...new Set(circular)].map((one) => this.#circular(one, at)!);
    return made.length + beside.length === 1 ? made[0]! : { anyOf: [...made, ...beside] };
  }

  /** The members of a union through others that have no name. */
  #flat(shape: Shape): readonly Shape[] {
    if (shape.kind === "deferred") return this.#flat(this.#answer(shape));
    return shape.kind === "union" ? shape.of.flatMap((one) => this.#flat(one)) : [shape];
  }

  #answer(shape: Shape & { readonly kind: "deferred" }): Shape {
    let found = this.#resolved.get(shape);
    if (found === undefined) this.#resolved.set(shape, (found = this.#resolve(shape)));
    return found;
  }

  #union(all: readonly Shape[], at: At): JsonSchema {
    const [only] = all;
    if (all.length === 1 && DIRECT.has(only!.kind)) return this.#one(only!, at);
    const has = (kind: Shape["kind"]): boolean => all.some((one) => one.kind === kind);
    if (has("any")) return {};
    if (has("something")) return this.#hasNull(all) ? {} : PRESENT;
    const plainText = all.some((one) => one.kind === "string" && one.pattern === undefined);
    const values: (string | number | boolean)[] = [];
    const others: Shape[] = [];
    for (const one of all) {
      if (one.kind === "literal") {
        const absorbed = typeof one.value === "string" ? plainText : has(typeof one.value as "number" | "boolean");
        if (!absorbed) values.push(one.value);
      } else if (
        one.kind === "bigint" &&
        one.value !== undefined &&
        all.some((other) => other.kind === "bigint" && other.value === undefined)
      )
        continue;
      else if (one.kind === "string" && one.pattern !== undefined && plainText) continue;
      else if (one.kind !== "never" && one.kind !== "null") others.push(one);
    }
    if (values.includes(true) && values.includes(false)) others.push({ kind: "boolean" });
    const enumerated = [...new Set(values)].filter(
      (value) => typeof value !== "boolean" || !(values.includes(true) && values.includes(false)),
    );
    const optionless = others.filter((one) => !this.#is(one, "undefined"));
    this.#compare([...optionless, ...enumerated.map((value): Shape => ({ kind: "literal", value }))], at);
    const made = new Map(optionless.map((one) => this.#one(one, at)).map((schema) => [JSON.stringify(schema), schema]));
    const sorted = [...made].sort(([a], [b]) => byCodeUnit(a, b)).map(([, schema]) => schema);
    const schemas = alternatives(enumerated, sorted, this.#hasNull(all));
    if (schemas.length > 1) return { anyOf: schemas };
    if (schemas.length === 1) return schemas[0]!;
    this.#refuse(NOTHING, at);
    return {};
  }

  #hasNull(all: readonly Shape[]): boolean {
    return all.some((one) => one.kind === "null");
  }

  #compare(all: readonly Shape[], at: At): void {
    if (all.length < 2 || !all.some((one) => this.#wires.isSpecial(one))) return;
    for (const [index, a] of all.entries()) {
      for (const b of all.slice(index + 1)) {
        if (!this.#wires.clash(a, b)) continue;
        const rule = "on the wire they look the same, so the handler could get the wrong one";
        const [one, other] = [title(a), title(b)].sort();
        this.#refuse({ kind: "refused", code: "STEM2005", what: `may be ${one} or ${other}; ${rule}`, remedy: AMBIGUOUS }, at);
        return;
      }
    }
  }

  #one(shape: Shape, at: At): JsonSchema {
    switch (shape.kind) {
      case "string":
        return shape.pattern === undefined ? { type: "string" } : { type: "string", pattern: shape.pattern };
      case "number":
      case "boolean":
        return { type: shape.kind };
      case "bigint":
        return shape.value === undefined ? BIGINT : { type: "string", const: shape.value, "x-stem": "bigint" };
      case "date":
        return DATE;
      case "bytes":
        return BYTES;
      case "something":
        return PRESENT;
      case "nonprimitive":
        return { anyOf: [{ type: "array" }, { type: "object" }] };
      case "array":
        return { items: this.#element(shape.of, at, "[]"), type: "array" };
      case "set":
        return { items: this.#element(shape.of, at, "[]"), type: "array", "x-stem": "set" };
      case "map":
        return mapSchema(this.#element(shape.key, at, "[key]"), this.#element(shape.of, at, "[value]"));
      case "tuple":
        return this.#tuple(shape, at);
      case "object":
        return this.#object(shape, at);
      case "noted":
        return this.#annotated(this.#schema(shape.of, at), shape.notes, at);
      case "named":
        return this.#definitions.ref(shape, () => this.#named(shape, at));
      case "promise":
        return this.#refuse(refuse.builtin("Promise"), at);
      case "refused":
        return this.#refuse(shape, at);
      default:
        return {};
    }
  }

  #named({ body, node, name }: Named, at: At): JsonSchema {
    const schema = body === undefined ? this.#refuse(refuse.missing(name), at) : this.#union(this.#expand(body), at);
    return this.#annotated(schema, this.#notes.of(node), at);
  }

  #object({ props, index, keys, missing = [] }: ObjectShape, at: At): JsonSchema {
    for (const { text, node } of missing) this.#refuse(refuse.base(text), at, this.#place(node) ?? this.#placeOf(at));
    // Without a prototype only if it must be: such objects are slow.
    const properties = (props.has("__proto__") ? Object.create(null) : {}) as Record<string, JsonSchema>;
    const required: string[] = [];
    for (const [name, prop] of [...props].sort(([a], [b]) => byCodeUnit(a, b))) {
      const below = under(at, name, prop.node);
      const all = this.#expand(prop.of);
      const present = all.filter((one) => !this.#is(one, "undefined"));
      // `x?: never` distinguishes one member of a union from others: it is never there.
      if (this.#isNever(present) && (prop.optional || present.length < all.length)) {
        properties[name] = ABSENT;
        continue;
      }
      const schema = this.#circular(prop.of, below) ?? this.#union(present, below);
      properties[name] = this.#annotated(schema, prop.node && this.#notes.of(prop.node), below);
      if (!prop.optional && present.length === all.length) required.push(name);
    }
    const names = keys === undefined ? undefined : this.#schema(keys, at);
    // `Record<string, never>` has no members at all.
    const none = index !== undefined && this.#isNever(this.#present(index));
    const others = index === undefined ? undefined : none ? false : this.#defined(index, under(at, "[…]"));
    // Members in the order in which they are written.
    const made: { [keyword: string]: unknown } = {};
    if (others !== undefined) made["additionalProperties"] = others;
    if (Object.keys(properties).length > 0) made["properties"] = properties;
    if (names !== undefined && props.size === 0) made["propertyNames"] = names;
    if (required.length > 0) made["required"] = required;
    made["type"] = "object";
    return made;
  }

  #tuple({ items, required, rest, last = [] }: TupleShape, at: At): JsonSchema {
    const prefixItems = items.map((item, index) => {
      const step = `[${index}]`;
      const empty = index >= required && this.#isNever(this.#present(item));
      return empty ? ABSENT : index < required ? this.#element(item, at, step, true) : this.#defined(item, under(at, step));
    });
    const others = rest === undefined ? undefined : this.#element(rest, at, "[]");
    const minItems = required + last.length;
    const made = { type: "array", ...(items.length > 0 && { prefixItems }), items: others ?? false, ...(minItems > 0 && { minItems }) };
    if (others === undefined || last.length === 0) return made;
    const own = last.map((item, index) => this.#element(item, at, `[${index - last.length}]`, true));
    return { ...made, items: anyOf([others, ...own]), "x-stem-rest": [others, ...own] };
  }

  /** The schema of the values other than undefined. */
  #defined(shape: Shape, at: At): JsonSchema {
    return this.#circular(shape, at) ?? this.#union(this.#present(shape), at);
  }

  #present(shape: Shape): readonly Shape[] {
    return this.#expand(shape).filter((one) => !this.#is(one, "undefined"));
  }

  #isNever(all: readonly Shape[]): boolean {
    return all.every((one) => this.#is(one, "never"));
  }

  /**
   * The schema of an element, which has to be there (JSON makes null of undefined).
   * But a list of `never` is the empty list, unless an element is `needed`.
   */
  #element(shape: Shape, at: At, step: string, needed = false): JsonSchema {
    const below = under(at, step);
    const all = this.#expand(shape);
    if (!needed && this.#isNever(all)) return ABSENT;
    const present = this.#present(shape);
    if (present.length < all.length) this.#refuse(UNDEFINED_ELEMENT, below);
    return present.length === 0 && all.length > 0 ? {} : (this.#circular(shape, below) ?? this.#union(present, below));
  }

  #annotated(schema: JsonSchema, notes: Notes | undefined, at: At): JsonSchema {
    if (notes === undefined) return schema;
    let made = schema;
    for (const constraint of notes.constraints) made = this.#constrained(made, constraint, at);
    return { ...made, ...notes.annotations };
  }

  #constrained(schema: JsonSchema, constraint: Constraint, at: At): JsonSchema {
    const applied = constrain(schema, constraint);
    if ("schema" in applied) return applied.schema;
    const { tag, text, place } = constraint;
    if ("misfit" in applied) {
      const what = `is narrowed by @${tag}, which applies to ${applied.misfit} only`;
      this.#refuse({ kind: "refused", code: "STEM2009", what, remedy: "Remove the tag, or change the type" }, at, place);
    } else {
      const what = `is narrowed by @${tag} with ${text === "" ? "no value" : `"${text}"`}, which cannot be read`;
      this.#refuse({ kind: "refused", code: "STEM2010", what, remedy: `The tag takes ${applied.unreadable}` }, at, place);
    }
    return schema;
  }

  #refuse({ code, what, remedy }: Refused, at: At, place = this.#placeOf(at)): JsonSchema {
    const { told, of } = at.root;
    // A warning is reported at every place.
    if (code === "STEM2011" || told.add(`${place.file}:${place.line}:${place.column} ${code}`).size <= MOST_TOLD)
      this.#report(code, place, `${pathOf(at)} of ${of} ${what}. ${remedy}.`);
    return {};
  }

  /** The nearest property in the project's own files. */
  #placeOf(at: At): Place {
    for (let up: At | undefined = at; up !== undefined; up = up.above) {
      const place = up.node && this.#place(up.node);
      if (place !== undefined) return place;
    }
    return at.root.place;
  }
}

/** Shapes whose schema does not depend on their neighbours in a union. */
const DIRECT: ReadonlySet<Shape["kind"]> = new Set([
  ...(["any", "boolean", "number", "date", "bytes", "string", "bigint", "nonprimitive", "array", "set", "map", "tuple", "object"] as const),
  ...(["something", "named", "noted", "refused", "promise"] as const),
]);
