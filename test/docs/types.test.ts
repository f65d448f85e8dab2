import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { compile } from "../../lib/core/schema/compile.js";
import type { JsonSchema } from "../../lib/core/schema/json-schema.js";
import { type TypeCase, TYPES } from "../codegen/type-cases.js";
import { samplesOf } from "./sample.js";

const PAGE = fileURLToPath(new URL("../../docs/maintaining/types.md", import.meta.url));

/** Where each diagnostic is explained. */
const ANCHORS: ReadonlyMap<string, string> = new Map(
  [
    ...readFileSync(fileURLToPath(new URL("../../docs/diagnostics.md", import.meta.url)), "utf8").matchAll(/^### ((STEM20\d\d): .*)$/gm),
  ].map(([, heading, name]) => [
    name!,
    heading!
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  ]),
);

/** There and back, as between two processes. */
function travel(
  { schema, $defs }: TypeCase,
  value: unknown,
): { readonly issues: unknown; readonly wire: string; readonly arrived: unknown } {
  const { check, encode, decode } = compile(schema as JsonSchema, $defs as Readonly<Record<string, JsonSchema>>);
  const wire = JSON.stringify(encode === undefined ? value : encode(value));
  const read: unknown = JSON.parse(wire);
  return { issues: check(value), wire, arrived: decode === undefined ? read : decode(read) };
}

function page(): string {
  const groups = TYPES.map(({ title, cases }) => {
    const rows = cases.map((row) => {
      const { type, with: others, schema, $defs, optional, refused, inferred } = row;
      const written = code(others === undefined ? type : `${type}\u00A0 with\u00A0 ${others}`) + (inferred ? " (takes the checker)" : "");
      if (refused !== undefined) return `| ${written} | refused: ${refused.map((one) => `[${one}](../diagnostics.md#${ANCHORS.get(one)!})`).join(", ")} | | |`; // prettier-ignore
      if (schema === undefined) return `| ${written} | none: there is no value | | |`;
      const [sample] = samplesOf(schema as JsonSchema, $defs as Readonly<Record<string, JsonSchema>>);
      const { wire, arrived } = travel(row, sample);
      const becomes = `${code(JSON.stringify(schema))}${$defs === undefined ? "" : ` with $defs ${code(JSON.stringify($defs))}`}${optional ? ", or left out" : ""}`;
      return `| ${written} | ${becomes} | ${code(wire)} | ${code(inspect(arrived, { depth: 8, breakLength: Infinity, compact: true }))} |`;
    });
    return [`## ${title}`, "", "| type | JSON Schema | for example on the wire | arrives as |", "|---|---|---|---|", ...rows, ""].join(
      "\n",
    );
  });
  const intro =
    "What `stem generate` makes of types, row by row. [payloads.md](../payloads.md) has the rules. Every row is\nread by its syntax and through the type checker, and what travels in it is sent and received\n(`test/codegen/types-table.test.ts`, `test/docs/types.test.ts`, which also writes this page:\n`STEM_WRITE_DOCS=1 npm run jest -- test/docs/types`).\n";
  return `# Types\n\n${intro}\n${groups.join("\n")}`;
}

/** A code span in a table. */
function code(text: string): string {
  const line = text.replace(/\s+/g, " ").replaceAll("|", "\\|");
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}

describe("docs/maintaining/types.md", () => {
  it("is what the table of types says", () => {
    if (process.env["STEM_WRITE_DOCS"] !== undefined) writeFileSync(PAGE, page());
    expect(readFileSync(PAGE, "utf8")).toBe(page());
  });

  const travelling = TYPES.flatMap(({ cases }) => cases).filter(({ schema }) => schema !== undefined);
  it.each(travelling.map((row) => [`${row.type} ${row.with ?? ""}`, row] as const))("%s arrives as what was sent", (_, row) => {
    const samples = samplesOf(row.schema as JsonSchema, row.$defs as Readonly<Record<string, JsonSchema>>);
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      const { issues, arrived } = travel(row, sample);
      expect([sample, issues]).toEqual([sample, undefined]);
      expect(sample).not.toBeUndefined();
      expect(arrived).toEqual(sample);
    }
  });
});
