import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { GENERATED, MANIFEST, withProject } from "./project.js";

const task = (input: string, name = "a") => `@Task("${name}") export class A { async run(input: ${input}): Promise<void> {} }\n`;
const IMPORT = 'import { Task } from "nestjs-stem";\n';

interface Read {
  /** The whole manifest. */
  readonly text: string;
  readonly told: readonly string[];
}

/** What the manifest says, and what is said. */
async function read(files: Readonly<Record<string, string>>): Promise<Read> {
  return withProject(files, async (project) => {
    const { diagnostics, state } = await project.generate();
    const told = diagnostics.map(({ file, line, severity, code, message }) => `${file}:${line} ${severity} ${code} ${message}`);
    return { text: state === "errors" ? "" : project.text(MANIFEST), told };
  });
} // prettier-ignore

describe("A type that is added to from another file", () => {
  const order = "export interface Order { id: string; line: Line }\nexport interface Line { sku: string }\n";
  it("has what is added: by module, through a barrel, to a class, and with names of the module itself", async () => {
    const files = {
      "src/order.ts": `${order}export class Dto { a!: string }\n`,
      "src/barrel.ts": 'export * from "./order.js";\n',
      "src/more.ts": 'import "./order.js";\ndeclare module "./order.js" { interface Order { at: Date; again: Line } interface Dto { b: number } }\n',
      "src/barrels.ts": 'import "./barrel.js";\ndeclare module "./barrel.js" { interface Line { count: number } }\n',
      "src/a.ts": `${IMPORT}import type { Dto, Order } from "./barrel.js";\n${task("{ order: Order; dto: Dto }")}`,
    };
    const { text, told } = await read(files);
    expect(told).toEqual([]);
    for (const name of ["at", "again", "count", "b"]) expect(text).toContain(`"${name}": {`);
  });

  it("is read anew when what adds to it changes", () =>
    withProject(
      {
        "src/order.ts": order,
        "src/more.ts": 'import "./order.js";\ndeclare module "./order.js" { interface Order { at: Date } }\n',
        "src/a.ts": `${IMPORT}import type { Order } from "./order.js";\n${task("Order")}`,
      },
      async (project) => {
        await project.generate();
        project.write({ "src/more.ts": 'import "./order.js";\ndeclare module "./order.js" { interface Order { was: Date } }\n' });
        await project.generate();
        expect(project.text(MANIFEST)).toContain('"was"');
        expect(project.text(MANIFEST)).not.toContain('"at"');
      },
    ));
}); // prettier-ignore

describe("A base class or interface that cannot be found", () => {
  const missing = 'import { Base } from "@not/there";\n';
  it.each([
    ["a class", "export class D extends Base { a!: string }", "D"],
    ["an empty class", "export class D extends Base {}", "D"],
    ["an interface", "export interface D extends Base { a: string }", "D"],
    ["a class in between", "class Mid extends Base { b!: string }\nexport class D extends Mid { a!: string }", "D"],
    ["what a utility type is made of", "class D extends Base { a!: string }", "Partial<D>"],
    ["a part of an intersection", "class D extends Base { a!: string }", "D & { b: string }"],
    ["a member's type", "class D extends Base { a!: string }", "{ d: D[] }"],
  ])("is told of at the clause, for %s", async (_, declared, type) => {
    const { told } = await read({ "src/a.ts": `${IMPORT}${missing}${declared}\n${task(type)}` });
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^src\/a\.ts:[34] warning STEM2011 input\S* of "a" extends Base, which cannot be found/);
  });

  it("is told of as such in what leaves members out, and not as a symbol", async () => {
    const { told } = await read({ "src/a.ts": `${IMPORT}${missing}${task('Omit<Base, "x"> & { q: 1 }')}` });
    expect(told.map((one) => one.split(" ")[2])).toEqual(["STEM2011"]);
  });

  it("is no matter where it can be", async () => {
    const { told } = await read({ "src/a.ts": `${IMPORT}class Base { z!: string }\nexport class D extends Base { a!: string }\n${task("D")}` });
    expect(told).toEqual([]);
  });
}); // prettier-ignore

describe("A generated client", () => {
  it("compiles with members that every object has, whatever they are", () =>
    withProject(
      { "src/a.ts": `${IMPORT}${task("{ toString: string; valueOf: number; constructor: string; hasOwnProperty: { toString: 1 }; n: number }")}` },
      async (project) => {
        expect((await project.generate()).state).toBe("written");
        const definitions = /definitions: StemDefinitions = (\{[^]*?\n {2}\});/.exec(project.text(GENERATED))![1]!;
        const source = `type JsonType = "object" | "string" | "number";\ntype Json = { readonly type?: JsonType | readonly JsonType[]; readonly required?: readonly string[]; readonly properties?: { readonly [name: string]: Json }; readonly [keyword: string]: unknown };\nexport const d: { readonly hash: string; readonly tasks: { readonly [name: string]: { readonly input: Json; readonly kind: string; readonly handler?: string } } } = ${definitions};`;
        const host = ts.createCompilerHost({});
        const read = host.getSourceFile.bind(host);
        host.getSourceFile = (path, ...rest) => (path === "d.ts" ? ts.createSourceFile(path, source, rest[0]) : read(path, ...rest));
        const program = ts.createProgram(["d.ts"], { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, types: [] }, host);
        expect(program.getSemanticDiagnostics().map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
      },
    ));
}); // prettier-ignore

describe("A type that the compiler cannot work out", () => {
  it("leaves nothing half read to those that come after it", async () => {
    const deep = Array.from({ length: 9_000 }, (_, at) => `type D${at} = [D${at + 1}];\n`).join("");
    const gives = (name: string, of: string) =>
      `@Task("${name}") export class ${name} { async run() { return { of: null! as ${of} }; } }\n`;
    const { told } = await read({ "src/a.ts": `${IMPORT}${deep}type D9000 = [Date];\n${gives("A", "D0")}${gives("B", "D300")}` });
    expect(told.join("\n")).toContain('of "A" is a type that the compiler cannot work out');
    expect(told.join("\n")).not.toContain("is D300, which cannot be found");
  });
});
