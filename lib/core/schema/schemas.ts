import { StemError } from "../../contract/errors.js";
import type { JsonSchema, JsonType } from "./json-schema.js";
import type { Kind } from "./kinds.js";

/** Keywords that refuse values, with the type they belong to. Beside a `$ref` or `anyOf` they hold for what these let through. */
const BELONGS_TO = {
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "number",
  minLength: "string",
  maxLength: "string",
  pattern: "string",
  format: "string",
  contentEncoding: "string",
  items: "array",
  prefixItems: "array",
  minItems: "array",
  maxItems: "array",
  uniqueItems: "array",
  properties: "object",
  required: "object",
  additionalProperties: "object",
  patternProperties: "object",
  propertyNames: "object",
} as const satisfies Partial<Record<keyof JsonSchema, JsonType>>;

const CONSTRAINTS = Object.entries(BELONGS_TO);

/** A union, `$ref`, or a schema of one type; each alone, so that whoever reads it has one case at a time. */
export class Schemas {
  readonly #defs: Readonly<Record<string, JsonSchema>>;

  constructor(defs: Readonly<Record<string, JsonSchema>>) {
    this.#defs = defs;
  }

  /** What a `$ref` stands for. @throws {StemError} `STEM_SCHEMA_INVALID` */
  readonly resolve = (ref: string): JsonSchema => {
    const name = ref.startsWith("#/$defs/") ? ref.slice(8).replaceAll("~1", "/").replaceAll("~0", "~") : undefined;
    if (name !== undefined && Object.hasOwn(this.#defs, name)) return this.#defs[name]!;
    throw new StemError("STEM_SCHEMA_INVALID", `A schema refers to ${JSON.stringify(ref)}, which is not there.`, REMEDY);
  };

  /**
   * The same schema in a simpler form: constraints beside a `$ref` or an `anyOf` go into what these stand for, a list of types becomes a union, and a missing
   * type is read off the keywords.
   */
  normal(schema: JsonSchema): JsonSchema {
    if (schema.$ref !== undefined) {
      const beside = constraintsOf(schema);
      return beside === undefined ? schema : this.normal(both(this.resolve(schema.$ref), beside));
    }
    if (schema.anyOf !== undefined) {
      const beside = constraintsOf(schema);
      return beside === undefined ? schema : { anyOf: schema.anyOf.map((member) => both(member, beside)) };
    }
    if (typeof schema.type === "object") return { anyOf: schema.type.map((type) => ({ ...schema, type })) };
    if (schema.type !== undefined || schema.const !== undefined || schema.enum !== undefined) return schema;
    const type = CONSTRAINTS.find(([keyword]) => schema[keyword] !== undefined)?.[1];
    return type === undefined ? schema : { ...schema, type };
  }

  /** The members of a union, those of unions in it included; of anything else itself. */
  membersOf(schema: JsonSchema, seen: readonly string[] = []): readonly JsonSchema[] {
    const one = this.normal(schema);
    if (one.anyOf !== undefined) return one.anyOf.flatMap((member) => this.membersOf(member, seen));
    if (schema.$ref === undefined || one.$ref === undefined || seen.includes(one.$ref)) return [schema.$ref === undefined ? one : schema];
    const members = this.membersOf(this.resolve(one.$ref), [...seen, one.$ref]);
    // A reference stays one: it is made once, wherever it is used.
    return members.length === 1 ? [schema] : members;
  }

  /** The schema itself, with no reference around it. */
  bare(schema: JsonSchema): JsonSchema {
    const one = this.normal(schema);
    return one.$ref === undefined ? one : this.bare(this.resolve(one.$ref));
  }

  /** Of what kind the values of a member are; undefined: of any. */
  kindsOf(member: JsonSchema, wire: boolean): readonly Kind[] | undefined {
    const one = this.bare(member);
    if (one.anyOf !== undefined) return undefined;
    const stem = one["x-stem"];
    if (stem !== undefined) return [wire ? (stem === "map" || stem === "set" ? "array" : "string") : stem];
    const literals = literalsOf(one);
    if (literals !== undefined)
      return literals.map((value) => (value === null ? "null" : Array.isArray(value) ? "array" : (typeof value as Kind)));
    if (one.type === undefined) return undefined;
    return [one.type === "integer" ? "number" : (one.type as Kind)];
  }
}

/** The values of a `const` or `enum`; undefined for other schemas. */
export function literalsOf(schema: JsonSchema): readonly unknown[] | undefined {
  return schema.const !== undefined ? [schema.const] : schema.enum;
}

/** @throws {StemError} `STEM_SCHEMA_INVALID` */
export function regExpOf(pattern: string): RegExp {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // Escapes such as `\-` are right without the flag only.
    }
  }
  throw new StemError("STEM_SCHEMA_INVALID", `The pattern ${JSON.stringify(pattern)} of a schema is no regular expression.`, REMEDY);
}

const REMEDY = "Correct the type it was made from, and run: npx stem generate";

function both(schema: JsonSchema, beside: JsonSchema): JsonSchema {
  const { properties, required } = schema;
  return {
    ...schema,
    ...beside,
    ...(properties !== undefined && { properties: { ...properties, ...beside.properties } }),
    ...(required !== undefined && { required: [...required, ...(beside.required ?? [])] }),
  };
}

function constraintsOf(schema: JsonSchema): JsonSchema | undefined {
  const found = CONSTRAINTS.filter(([keyword]) => schema[keyword] !== undefined).map(([keyword]) => [keyword, schema[keyword]]);
  return found.length === 0 ? undefined : (Object.fromEntries(found) as JsonSchema);
}
