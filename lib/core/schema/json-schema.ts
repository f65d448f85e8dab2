/** A JavaScript type that JSON cannot carry. It stands beside the schema of what travels. */
export type StemType = "date" | "bigint" | "map" | "set" | "bytes";

/**
 * The part of JSON Schema 2020-12 that describes payloads, results and events, with two more keywords.
 * Other keywords are ignored, and so are unknown formats.
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
  /** `{ not: {} }` fits no value: a property that must not be there. Other forms are not supported. */
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
   * The members after `prefixItems` (the first entry), then the last members of the list, one by one.
   * It is for lists such as `[...string[], number]`, where `items` stands for members of different places.
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
  // Notes for people
  readonly title?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly [annotation: string]: unknown;
}

export type JsonType = "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";

/**
 * The types of tasks, workflows and events, from a generated client.
 * It checks and revives by them; see docs/validation.md.
 */
export interface StemDefinitions {
  /** Of the manifest it was written with; changes with any change of its content. */
  readonly hash: string;
  readonly tasks: Readonly<Record<string, TaskShape>>;
  readonly events?: Readonly<Record<string, EventShape>>;
  /** The schemas that `"#/$defs/Name"` refers to. */
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
  /** `false`: not checked; `"standard"`: a Standard Schema checks it where the handler is. */
  readonly validate?: false | "standard";
  /** The instance of Stem it belongs to. Absent: the one without a name. */
  readonly instance?: string;
  /** Of a workflow: the results of its steps, by name. */
  readonly steps?: Readonly<Record<string, { readonly output?: JsonSchema }>>;
  /** Of a workflow: its signals, by name. */
  readonly signals?: Readonly<Record<string, EventShape>>;
}

export interface EventShape {
  /** Absent: it carries nothing. */
  readonly payload?: JsonSchema;
  /** The payload may be left out. */
  readonly optional?: true;
}
