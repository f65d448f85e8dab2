import { byCodeUnit } from "../model.js";
import type { JsonSchema } from "./schema.js";
import type { Named } from "./shape.js";

/** A named type as an earlier run has described it. */
export interface KeptName extends Pick<Named, "key" | "name"> {
  /** Where it is declared, as `order` has it. */
  readonly order: string;
  /** Another is the same, and declared elsewhere. */
  readonly twin?: boolean;
}

/** A definition as plain data. */
export interface KeptDefinition extends Open, Omit<KeptName, "key"> {
  /** Its form depends on the type from which it is reached: it contains itself, or has a twin. */
  readonly tied: boolean;
}

interface Definition {
  readonly named: Named | KeptName;
  schema: JsonSchema | undefined;
  /** The definitions it refers to, once per reference. */
  refs: readonly number[];
  recursive: boolean;
  /** Another is the same, and declared elsewhere. */
  twin: boolean;
}

/** A schema whose references are open until all of them are known. */
export interface Open {
  readonly schema: JsonSchema;
  readonly refs: readonly number[];
}

/** A type at this depth is made later: so many may refer to each other that the stack would overflow. */
const DEEPEST = 60;

/** Stands in a schema for a definition until all of them are known. */
const OPEN = "stem-definition:";

/**
 * The named types of all schemas.
 * In the end those that are used several times, or in themselves, stand in `$defs`, and the others where they
 * are used. Kept from pass to pass: a closed schema stays the same object as long as the names do.
 */
export class Definitions {
  readonly #all: Definition[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #byText = new Map<string, number>();
  readonly #order: (named: Named | KeptName) => string;
  #refs: number[] = [];
  #depth = 0;
  readonly #later: (() => void)[] = [];
  /** Definitions in use, with the names of those in `$defs`. */
  #names: ReadonlyMap<number, string | undefined> = new Map();
  #closed = new WeakMap<JsonSchema, JsonSchema>();

  /** @param order the place of a type's declaration, in a form that sorts the same on every machine */
  constructor(order: (named: Named) => string) {
    this.#order = (named) => ("order" in named ? named.order : order(named));
  }

  /** Makes a schema that may refer to definitions. */
  open(make: () => JsonSchema): Open {
    const outer = this.#refs;
    const refs: number[] = [];
    this.#refs = refs;
    this.#depth++;
    try {
      const schema = make();
      if (this.#depth === 1) for (let next = this.#later.pop(); next !== undefined; next = this.#later.pop()) next();
      return { schema, refs };
    } finally {
      this.#depth--;
      this.#refs = outer;
    }
  }

  /** A reference to a named type, whose schema `make` makes the first time. */
  ref(named: Named | KeptName, make: () => JsonSchema): JsonSchema {
    let at = this.#byKey.get(named.key);
    if (at === undefined) {
      at = this.#all.length;
      const definition: Definition = { named, schema: undefined, refs: [], recursive: false, twin: isTwin(named) };
      this.#all.push(definition);
      this.#byKey.set(named.key, at);
      const index = at;
      if (this.#depth > DEEPEST) this.#later.push(() => this.#make(index, make));
      else at = this.#make(index, make);
    }
    const definition = this.#all[at]!;
    if (definition.schema === undefined) definition.recursive = true;
    this.#refs.push(at);
    return this.pointer(at);
  }

  /**
   * Makes the schema of a definition.
   * Returns its place, or that of an equal one: reached in two ways, or with arguments that are written
   * twice.
   */
  #make(at: number, make: () => JsonSchema): number {
    const definition = this.#all[at]!;
    const { schema, refs } = this.open(make);
    definition.schema = schema;
    definition.refs = refs;
    const text = `${definition.named.name} ${JSON.stringify(schema)}`;
    const same = definition.recursive ? undefined : this.#byText.get(text);
    if (same === undefined) this.#byText.set(text, at);
    else {
      this.#byKey.set(definition.named.key, same);
      const { named } = this.#all[same]!;
      if (definition.twin || this.#order(named) !== this.#order(definition.named)) this.#all[same]!.twin = true;
    }
    return same ?? at;
  }

  /** Names the types that those schemas refer to. To be called once all of them are made. */
  settle(open: Iterable<Open>): void {
    const uses = new Map<number, number>();
    const met = [...open].map(({ refs }) => refs);
    for (let refs = met.pop(); refs !== undefined; refs = met.pop()) {
      for (const at of refs) {
        const before = uses.get(at);
        uses.set(at, (before ?? 0) + 1);
        if (before === undefined) met.push(this.#all[at]!.refs);
      }
    }
    const names = this.#nameAll(uses);
    for (const [at, name] of this.#names) {
      if (!names.has(at) || names.get(at) === name) continue;
      this.#closed = new WeakMap();
      break;
    }
    this.#names = names;
  }

  /**
   * Puts the final references into a schema, or the definitions in their place.
   * A schema without references stays as it is.
   */
  close({ schema, refs }: Open): JsonSchema {
    if (refs.length === 0) return schema;
    let closed = this.#closed.get(schema);
    if (closed === undefined) this.#closed.set(schema, (closed = this.#close(schema, (at) => this.#refer(at)) as JsonSchema));
    return closed;
  }

  /** By name, sorted. */
  all(): Readonly<Record<string, JsonSchema>> {
    const named = [...this.#names].flatMap(([at, name]) =>
      name === undefined ? [] : [[name, this.close(this.#all[at] as Open)] as const],
    );
    return Object.fromEntries(named.sort(([a], [b]) => byCodeUnit(a, b)));
  }

  #nameAll(uses: ReadonlyMap<number, number>): ReadonlyMap<number, string | undefined> {
    const names = new Map<number, string | undefined>([...uses.keys()].map((at) => [at, undefined]));
    const sorted = [...uses]
      .filter(([at, count]) => count > 1 || this.#all[at]!.recursive)
      .map(([at]) => {
        const { named } = this.#all[at]!;
        return { name: named.name.replace(/[^\w$]/g, "_"), order: this.#order(named), at };
      })
      .sort((a, b) => byCodeUnit(a.name, b.name) || byCodeUnit(a.order, b.order) || a.at - b.at);
    const taken = new Set(sorted.map(({ name }) => name));
    const given = new Set<string>();
    for (const { name, at } of sorted) {
      let own = name;
      for (let count = 2; given.has(own); count++) if (!taken.has(`${name}_${count}`)) own = `${name}_${count}`;
      given.add(own);
      names.set(at, own);
    }
    return names;
  }

  /** A reference to a definition, as it stands in open schemas. */
  pointer(at: number): JsonSchema {
    return { $ref: `${OPEN}${at}` };
  }

  /** A copy of an open schema with other references. */
  pointed(schema: JsonSchema, refer: (at: number) => JsonSchema): JsonSchema {
    return this.#close(schema, refer) as JsonSchema;
  }

  /** Definitions that those schemas refer to, and those that these refer to. */
  reached(open: Iterable<Open>): ReadonlyMap<number, KeptDefinition> {
    const found = new Map<number, KeptDefinition>();
    const met = [...open].map(({ refs }) => refs);
    for (let refs = met.pop(); refs !== undefined; refs = met.pop()) {
      for (const at of refs) {
        if (found.has(at)) continue;
        const { named, schema, refs: own, recursive, twin } = this.#all[at]!;
        found.set(at, { name: named.name, order: this.#order(named), schema: schema!, refs: own, twin, tied: recursive || twin });
        met.push(own);
      }
    }
    return found;
  }

  #close(value: unknown, refer: (at: number) => JsonSchema): unknown {
    if (Array.isArray(value))
      return value.map((one) => (typeof one === "object" && one !== null ? this.#close(one, refer) : (one as unknown)));
    const given = value as JsonSchema;
    const ref = given["$ref"];
    if (typeof ref === "string" && ref.startsWith(OPEN)) {
      const { $ref: _, ...others } = given;
      return { ...refer(Number(ref.slice(OPEN.length))), ...others };
    }
    // Without a prototype only for a property that is called `__proto__`: such objects are slow.
    const copy = (Object.hasOwn(given, "__proto__") ? Object.create(null) : {}) as Record<string, unknown>;
    for (const key of Object.keys(given)) {
      const member = given[key];
      copy[key] = typeof member === "object" && member !== null ? this.#close(member, refer) : member;
    }
    return copy;
  }

  #refer(at: number): JsonSchema {
    const name = this.#names.get(at);
    return name === undefined ? this.close(this.#all[at] as Open) : { $ref: `#/$defs/${name}` };
  }
}

function isTwin(named: Named | KeptName): boolean {
  return "twin" in named && named.twin === true;
}
