/** How a JavaScript value that JSON has no word for travels; stands beside the schema of what travels. */
export type StemType = "date" | "bigint" | "map" | "set" | "bytes";

/**
 * The part of JSON Schema 2020-12 that describes payloads, results and events, with two keywords of ours.
 * Other keywords are ignored, and so are formats that are not known here.
 *
 * | `"x-stem"` | in JavaScript | travels as |
 * |---|---|---|
 * | `"date"` | `Date` | text in ISO 8601 with milliseconds |
 * | `"bigint"` | `bigint` | its decimal digits as text |
 * | `"map"` | `Map` | a list of pairs; `items.prefixItems` are the schemas of key and value |
 * | `"set"` | `Set` | a list |
 * | `"bytes"` | `Uint8Array`; arrives as a `Buffer`, which is one | text in base64 |
 */
export interface JsonSchema {
  readonly "x-stem"?: StemType;
  readonly $ref?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  /** Of no value: `{ not: {} }`, a property that must not be there. Nothing else is known here. */
  readonly not?: { readonly [keyword: string]: never };
  // Numbers (and bigints)
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  // Strings; lengths in code points
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly contentEncoding?: string;
  // Lists (and maps and sets)
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  /**
   * Where `items` stands for members of different places, `[...string[], number]`: what those after
   * `prefixItems` are, and then what the last of all are, one by one.
   */
  readonly "x-stem-rest"?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  // Objects
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly propertyNames?: JsonSchema;
  // For people
  readonly title?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly [annotation: string]: unknown;
}

export type JsonType = "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";

/**
 * What a generated client knows of the types of tasks, workflows and events. It checks and revives by them;
 * see docs/validation.md.
 */
export interface StemDefinitions {
  /** Of the manifest it was written with; changes with any change of what it says. */
  readonly hash: string;
  readonly tasks: Readonly<Record<string, TaskShape>>;
  readonly events?: Readonly<Record<string, EventShape>>;
  /** What `"#/$defs/Name"` stands for. */
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

export interface TaskShape {
  readonly kind: "task" | "workflow";
  readonly queue?: string;
  /** The class that handles it, for messages: `SendMail (src/mail/send-mail.task.ts)`. */
  readonly handler?: string;
  /** Absent: it takes no payload. */
  readonly input?: JsonSchema;
  /** The payload may be left out. */
  readonly optional?: true;
  /** Absent: it returns nothing. */
  readonly output?: JsonSchema;
  /** `false`: not checked; `"standard"`: a schema of its own checks it where the handler is. */
  readonly validate?: false | "standard";
  /** The instance of Stem it belongs to. Absent: the one without a name. */
  readonly instance?: string;
  /** Of a workflow: what its steps return, by name. */
  readonly steps?: Readonly<Record<string, { readonly output?: JsonSchema }>>;
  /** Of a workflow: what it may be told, by name. */
  readonly signals?: Readonly<Record<string, EventShape>>;
}

export interface EventShape {
  /** Absent: it carries nothing. */
  readonly payload?: JsonSchema;
  /** The payload may be left out. */
  readonly optional?: true;
}
