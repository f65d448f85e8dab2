import { docComment, isIdentifier, key, quote } from "../write/text.js";

/**
 * A schema of the manifest. docs/codegen.md, "The manifest", says where it stands, docs/payloads.md what it
 * means.
 */
export type Schema = boolean | { readonly [keyword: string]: unknown };

/** Names that a declared type must not take: the generated types refer to these globals. */
const GLOBAL = new Set(["Array", "Date", "Map", "Record", "Set", "Uint8Array", "Partial", "Promise", "Object", "String", "Number"]);

/** A union that is everything but null. */
const PRESENT = ["unknown[]", "boolean", "number", "{ [key: string]: unknown }", "string"];

/**
 * Types written out from schemas, for producers without the sources.
 * Constraints that a type cannot express (lengths, patterns, ranges) are checked at run time.
 */
export class SchemaTypes {
  readonly #defs: Readonly<Record<string, Schema>>;
  readonly #names = new Map<string, string>();

  /** @param taken names the file uses for itself */
  constructor(defs: Readonly<Record<string, Schema>>, taken: ReadonlySet<string>) {
    this.#defs = defs;
    const used = new Set([...taken, ...GLOBAL]);
    for (const name of Object.keys(defs).sort()) {
      const wanted = isIdentifier(name) ? name : name.replace(/\W/g, "_").replace(/^(?=\d)/, "_");
      let chosen = wanted;
      for (let count = 2; used.has(chosen); count++) chosen = `${wanted}${count}`;
      used.add(chosen);
      this.#names.set(name, chosen);
    }
  }

  /** `export type Address = { … };` for each of `$defs`. */
  declarations(): readonly string[] {
    return Object.keys(this.#defs)
      .sort()
      .flatMap((name) => {
        const schema = this.#defs[name]!;
        return ["", ...docOf(schema, ""), `export type ${this.#names.get(name)!} = ${this.text(schema)};`];
      });
  }

  /** The type of values that fit, on one line. */
  text(schema: Schema | undefined): string {
    if (schema === undefined || typeof schema === "boolean") return schema === false ? "never" : "unknown";
    if (JSON.stringify(schema["not"]) === "{}") return "never";
    const { $ref, anyOf, type, enum: choices } = schema;
    if (typeof $ref === "string") return this.#names.get(decodeURIComponent($ref.replace(/^#\/\$defs\//, ""))) ?? "unknown";
    if ("x-stem" in schema) return this.#special(schema);
    if (Array.isArray(anyOf)) return union(anyOf.map((one: Schema) => this.text(one)));
    if ("const" in schema) return literal(schema["const"]);
    if (Array.isArray(choices)) return union(choices.map(literal));
    if (Array.isArray(type)) return union(type.map((one: unknown) => this.text({ ...schema, type: one })));
    if (type === "array") return this.#list(schema);
    if (type === "object") return this.#object(schema);
    return type === "integer"
      ? "number"
      : type === "string" || type === "number" || type === "boolean" || type === "null"
        ? type
        : "unknown";
  }

  #special(schema: Exclude<Schema, boolean>): string {
    const items = schema["items"] as Schema | undefined;
    if (schema["x-stem"] === "date") return "Date";
    if (schema["x-stem"] === "bigint") return "bigint";
    if (schema["x-stem"] === "bytes") return "Uint8Array";
    if (schema["x-stem"] === "set") return `Set<${this.text(items)}>`;
    const pair = typeof items === "object" ? (items["prefixItems"] as readonly Schema[] | undefined) : undefined;
    return schema["x-stem"] === "map" ? `Map<${this.text(pair?.[0])}, ${this.text(pair?.[1])}>` : "unknown";
  }

  #list({ prefixItems: first, items, "x-stem-rest": places, minItems }: Exclude<Schema, boolean>): string {
    if (Array.isArray(places)) {
      const [rest, ...last] = places.map((one: Schema) => this.text(one));
      return `[${[...((first ?? []) as readonly Schema[]).map((one) => this.text(one)), `...${grouped(rest!)}[]`, ...last].join(", ")}]`;
    }
    const prefixItems = first;
    if (!Array.isArray(prefixItems)) return `${grouped(this.text(items as Schema | undefined))}[]`;
    const needed = typeof minItems === "number" ? minItems : 0;
    const members = prefixItems.map((one: Schema, at) => (at < needed ? this.text(one) : `${grouped(this.text(one))}?`));
    if (items !== false) members.push(`...${grouped(this.text(items as Schema | undefined))}[]`);
    return `[${members.join(", ")}]`;
  }

  #object({ properties, required, additionalProperties, patternProperties }: Exclude<Schema, boolean>): string {
    const known = Object.entries((properties ?? {}) as Readonly<Record<string, Schema>>);
    const needed = new Set((required ?? []) as readonly string[]);
    const others = [
      ...(additionalProperties === undefined ? [] : [additionalProperties as Schema]),
      ...Object.values(patternProperties ?? {}),
    ];
    const rest = others.filter((one) => one !== false).map((one) => this.text(one as Schema));
    const parts: string[] = [];
    if (known.length > 0) {
      const members = known.map(([name, schema]) => {
        const doc = docOf(schema, "").join(" ");
        return `${doc === "" ? "" : `${doc} `}${key(name)}${needed.has(name) ? "" : "?"}: ${this.text(schema)}`;
      });
      parts.push(`{ ${members.join("; ")} }`);
    }
    if (rest.length > 0) parts.push(`{ [key: string]: ${union(rest)} }`);
    if (parts.length === 0 && additionalProperties === false) return "{ [key: string]: never }";
    // `{}` would fit everything but null.
    return parts.length === 0 ? "{ [key: string]: unknown }" : parts.join(" & ");
  }
}

/** The description of a schema, as a comment on one line. */
function docOf(schema: Schema, indent: string): readonly string[] {
  if (typeof schema === "boolean") return [];
  const { description, deprecated } = schema;
  const said = [
    ...(typeof description === "string" ? [description.replace(/\s+/g, " ").trim()] : []),
    ...(deprecated === true ? ["@deprecated"] : []),
  ];
  return said.length === 0 ? [] : docComment([said.join(" ")], indent);
}

function literal(value: unknown): string {
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" ? quote(value) : "unknown";
}

function union(members: readonly string[]): string {
  const different = [...new Set(members)];
  if (PRESENT.every((one) => different.includes(one))) return different.includes("null") ? "{} | null" : "{}";
  return different.includes("unknown") ? "unknown" : different.length === 0 ? "never" : different.map(partOfUnion).join(" | ");
}

/** A member of a union needs no parentheses, but intersections read better in them. */
function partOfUnion(text: string): string {
  return text.includes(" & ") && !/^[[({]/.test(text) ? `(${text})` : text;
}

function grouped(text: string): string {
  return /^[\w$.]+$|^\w+<.*>$|^\{[^{}]*\}$/.test(text) ? text : `(${text})`;
}
