import { StemError } from "../../contract/errors.js";
import type { JsonSchema, JsonType } from "./json-schema.js";
import type { Kind } from "./kinds.js";

/**
 * Keywords that refuse values, with the type they belong to.
 * Beside a `$ref` or `anyOf` they hold for the values that these let through.
 */
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
  "x-stem-rest": "array",
  minItems: "array",
  maxItems: "array",
  uniqueItems: "array",
  properties: "object",
  required: "object",
  additionalProperties: "object",
  patternProperties: "object",
  propertyNames: "object",
} as const satisfies Partial<Record<keyof JsonSchema, JsonType>>;

/** References that lead to each other more often than this lead nowhere. */
const FARTHEST = 100;

const CONSTRAINTS = Object.entries(BELONGS_TO);

/** Reduces schemas to a union, a `$ref`, or a schema of one type, so that readers have few cases. */
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
   * The same schema in a simpler form.
   * Constraints beside a `$ref` or an `anyOf` go into the schemas behind these, a list of types becomes a
   * union, and a missing type is derived from the keywords.
   */
  normal(schema: JsonSchema, far = 0): JsonSchema {
    if (schema.$ref !== undefined) {
      if (far > FARTHEST) throw endless(schema.$ref);
      const beside = constraintsOf(schema);
      return beside === undefined ? schema : this.normal(both(this.resolve(schema.$ref), beside), far + 1);
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

  /** The members of a union, those of unions in it included; for other schemas the schema itself. */
  membersOf(schema: JsonSchema, seen: ReadonlySet<JsonSchema | string> = new Set()): readonly JsonSchema[] {
    // A union that is a member of itself adds nothing to it.
    const key = schema.$ref === undefined ? schema : JSON.stringify(schema);
    if (seen.has(key)) return [];
    const one = this.bare(schema);
    // A reference stays one: it is compiled once for all its uses.
    if (one.anyOf === undefined) return [schema.$ref === undefined ? one : schema];
    const within = new Set([...seen, key, one]);
    return one.anyOf.flatMap((member) => this.membersOf(member, within));
  }

  /** The schema itself, with no reference around it. @throws {StemError} `STEM_SCHEMA_INVALID` */
  bare(schema: JsonSchema): JsonSchema {
    let one = this.normal(schema);
    for (let far = 0; one.$ref !== undefined; far++) {
      if (far > FARTHEST) throw endless(one.$ref);
      one = this.normal(this.resolve(one.$ref));
    }
    return one;
  }

  /** The kinds of values of a member; undefined: any. */
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

/** True of a schema that no value fits. */
export function isNothing({ not }: JsonSchema): boolean {
  return not !== undefined && Object.keys(not).length === 0;
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
  throw new StemError("STEM_SCHEMA_INVALID", `The pattern ${JSON.stringify(pattern)} of a schema is not a regular expression.`, REMEDY);
}

const REMEDY = "Correct the type it was made from, and run: npx stem generate";

function endless(ref: string): StemError {
  return new StemError(
    "STEM_SCHEMA_INVALID",
    `A schema refers to ${JSON.stringify(ref)}, which leads back to itself and to nothing else.`,
    REMEDY,
  );
}

function both(schema: JsonSchema, beside: JsonSchema): JsonSchema {
  const { properties, required } = schema;
  return {
    ...schema,
    ...beside,
    ...(properties !== undefined && { properties: { ...properties, ...beside.properties } }),
    ...(required !== undefined && { required: [...new Set([...required, ...(beside.required ?? [])])] }),
  };
}

function constraintsOf(schema: JsonSchema): JsonSchema | undefined {
  const found = CONSTRAINTS.filter(([keyword]) => schema[keyword] !== undefined).map(([keyword]) => [keyword, schema[keyword]]);
  return found.length === 0 ? undefined : (Object.fromEntries(found) as JsonSchema);
}
