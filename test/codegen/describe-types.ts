import { rmSync } from "node:fs";
import { check } from "../../codegen/check.js";
import type { Reading } from "../../codegen/read.js";
import { Reader } from "../../codegen/read.js";
import { Disk } from "../../codegen/disk.js";
import { loadTypescript } from "../../codegen/read/load.js";
import type { Wanted } from "../../codegen/types/index.js";
import { makeProject } from "./project.js";
import type { TypeCase } from "./type-cases.js";

/** What became of a type: the same members as in a case. */
export interface Outcome {
  readonly schema?: unknown;
  readonly $defs?: unknown;
  readonly optional?: true;
  readonly refused?: readonly string[];
  readonly messages?: readonly string[];
}

/** What the cases may import. */
const AROUND = {
  "src/order.ts": "export interface Far { at: Date }",
  "src/added.ts": 'export interface Added { at: Date }\nexport type Kind = "a" | "b"',
  "src/barrel.ts": 'export * from "./order.js";',
  "node_modules/shared/package.json": '{ "name": "shared", "types": "index.d.ts" }',
  "node_modules/shared/index.d.ts": "export interface Shared { n: number }",
  // Enough of Node's own declarations.
  "node_modules/@types/node/package.json": '{ "name": "@types/node", "types": "index.d.ts" }',
  "node_modules/@types/node/index.d.ts":
    "interface Buffer extends Uint8Array { readInt8(): number }\ninterface URL { toJSON(): string }\ninterface ReadableStream { cancel(): void }",
  "node_modules/zod-like/package.json": '{ "name": "zod-like", "types": "index.d.ts" }',
  "node_modules/zod-like/index.d.ts": `export interface Type<T> { readonly _output: T; parse(of: unknown): T }
export declare function string(): Type<string>;
export declare function number(): Type<number>;
export declare function object<S extends Record<string, Type<unknown>>>(shape: S): Type<{ [K in keyof S]: S[K]["_output"] }>;
type infer_<T extends Type<unknown>> = T["_output"];
export type { infer_ as infer };`,
};

/** The payload of one task per case, described on its own. */
export async function describeTypes(cases: readonly TypeCase[], always?: "checker"): Promise<readonly Outcome[]> {
  const files = cases.map((one, at) => {
    const task = `@Task("t${at}")\nexport class Handler {\n  async run(\n    payload: ${one.type},\n  ): Promise<void> {}\n}\n`;
    return [`src/case${at}.ts`, `import { Task } from "nestjs-stem";\n${one.with ?? ""}\n${task}`] as const;
  });
  const project = makeProject({ ...AROUND, ...Object.fromEntries(files) });
  try {
    const reader = new Reader(loadTypescript(), {
      disk: new Disk(),
      cwd: project.folder,
      project: undefined,
      decorators: [],
      out: (root) => `${root}/stem.gen.ts`,
    });
    const reading = reader.read() as Reading;
    const { handlers, diagnostics } = check(reading, (file) => file);
    if (diagnostics.length > 0 || reading.diagnostics.length > 0)
      throw new Error(JSON.stringify([...diagnostics, ...reading.diagnostics], null, 2));
    const wanted = handlers.map(({ name, place, input }): Wanted => ({ type: input, role: "input", of: `"${name}"`, place }));
    // One by one, so that no case shares a type with another.
    const described = wanted.map((one) => reading.describe([one], always === "checker" ? wanted : undefined));
    const outcomes = described.map(({ described: [one], $defs, diagnostics: told }): Outcome => {
      if (told.length > 0)
        return { refused: told.map(({ code }) => code), messages: told.map(({ line, column, message }) => `${line}:${column} ${message}`) };
      const { schema, optional } = one!;
      return {
        ...(schema !== undefined && { schema: plain(schema) }),
        ...(Object.keys($defs).length > 0 && { $defs: plain($defs) }),
        ...(optional && schema !== undefined && { optional: true as const }),
      };
    });
    return cases.map((_, at) => outcomes[handlers.findIndex(({ name }) => name === `t${at}`)]!);
  } finally {
    rmSync(project.folder, { recursive: true, force: true });
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
