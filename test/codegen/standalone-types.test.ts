import { describe, expect, it } from "@jest/globals";
import { SchemaTypes, type Schema } from "../../codegen/standalone/types.js";

const PRESENT = { anyOf: ["array", "boolean", "number", "object", "string"].map((type) => ({ type })) };

const CASES: readonly (readonly [what: string, schema: Schema, type: string])[] = [
  ["text", { type: "string", minLength: 1 }, "string"],
  ["a number", { type: "number" }, "number"],
  ["a whole number", { type: "integer", minimum: 1 }, "number"],
  ["a boolean", { type: "boolean" }, "boolean"],
  ["null", { type: "null" }, "null"],
  ["anything", {}, "unknown"],
  ["a member that must not be there", { type: "object", properties: { a: { not: {} } } }, "{ a?: never }"],
  [
    "a list with a last member of its own",
    {
      type: "array",
      prefixItems: [{ type: "null" }],
      items: { anyOf: [{ type: "number" }, { type: "string" }] },
      minItems: 2,
      "x-stem-rest": [{ type: "string" }, { type: "number" }],
    },
    "[null, ...string[], number]",
  ],
  ["an object without members", { type: "object", additionalProperties: false }, "{ [key: string]: never }"],
  ["anything but null", PRESENT, "{}"],
  ["anything but null, in a list", { type: "array", items: PRESENT }, "{}[]"],
  ["anything but null, or null", { anyOf: [PRESENT, { type: "null" }] }, "{} | null"],
  ["anything, said by true", true, "unknown"],
  ["nothing", false, "never"],
  ["a literal", { const: "it's" }, "'it\\'s'"],
  ["choices", { enum: ["a", 1, null] }, "'a' | 1 | null"],
  ["several types", { type: ["string", "null"] }, "string | null"],
  ["a moment", { type: "string", format: "date-time", "x-stem": "date" }, "Date"],
  ["a big number", { type: "string", pattern: "^-?(0|[1-9][0-9]*)$", "x-stem": "bigint" }, "bigint"],
  ["bytes", { type: "string", contentEncoding: "base64", "x-stem": "bytes" }, "Uint8Array"],
  ["a set", { type: "array", items: { type: "string" }, "x-stem": "set" }, "Set<string>"],
  [
    "a map",
    {
      type: "array",
      items: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 2 },
      "x-stem": "map",
    },
    "Map<string, number>",
  ],
  ["a list", { type: "array", items: { type: "string" } }, "string[]"],
  ["a list of a union", { type: "array", items: { anyOf: [{ type: "string" }, { type: "null" }] } }, "(string | null)[]"],
  ["a list of lists", { type: "array", items: { type: "array", items: { type: "number" } } }, "(number[])[]"],
  ["a pair", { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 2 }, "[string, number]"],
  [
    "a pair with an optional second",
    { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 1 },
    "[string, number?]",
  ],
  [
    "a list that begins with text",
    { type: "array", prefixItems: [{ type: "string" }], items: { type: "number" }, minItems: 1 },
    "[string, ...number[]]",
  ],
  [
    "an object",
    { type: "object", properties: { a: { type: "string" }, "b-c": { type: "number" } }, required: ["a"] },
    "{ a: string; 'b-c'?: number }",
  ],
  [
    "an object with a comment",
    { type: "object", properties: { a: { type: "string", description: "who */ reads" } }, required: ["a"] },
    "{ /** who *\\/ reads */ a: string }",
  ],
  ["a record", { type: "object", additionalProperties: { type: "number" } }, "{ [key: string]: number }"],
  [
    "an object with others",
    { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: { type: "number" } },
    "{ a: string } & { [key: string]: number }",
  ],
  ["some object", { type: "object" }, "{ [key: string]: unknown }"],
  ["a named type", { $ref: "#/$defs/Address" }, "Address"],
  ["a named type whose name is taken", { $ref: "#/$defs/Date" }, "Date2"],
  ["a type nobody has declared", { $ref: "#/$defs/Nobody" }, "unknown"],
  ["a union", { anyOf: [{ $ref: "#/$defs/Address" }, { type: "string" }, { type: "string" }] }, "Address | string"],
];

const DEFS = {
  Address: { type: "object", properties: { street: { type: "string" } }, required: ["street"], description: "Where." },
  Date: { type: "string" },
};

describe("A type written out from a schema", () => {
  const types = new SchemaTypes(DEFS, new Set(["StemClient"]));

  it.each(CASES)("says %s", (_, schema, type) => {
    expect(types.text(schema)).toBe(type);
  });

  it("is declared by name where the manifest names it", () => {
    expect(types.declarations()).toEqual([
      "",
      "/** Where. */",
      "export type Address = { street: string };",
      "",
      "export type Date2 = string;",
    ]);
  });
});
