import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { GENERATED, taskClass, withProject } from "./project.js";

const page = readFileSync(fileURLToPath(new URL("../../docs/diagnostics.md", import.meta.url)), "utf8");

/** The sections of docs/diagnostics.md on one code each: what is wrong, what is then said, what is right. */
const sections = page.split(/^### /m).flatMap((section) => {
  const title = /^(STEM\d+: .*)\n/.exec(section)?.[1];
  const block = (opening: string) => new RegExp(`^\`\`\`${opening}\\n([^]*?)\\n\`\`\``, "m").exec(section)?.[1] ?? "";
  return title === undefined
    ? []
    : [{ title, lang: /```(\w+) bad/.exec(section)?.[1], bad: block("\\w+ bad"), said: block("text"), good: block("\\w+ good") }];
});

describe("a diagnostic", () => {
  it("of every code is on the page", () => {
    const codes = (first: number, count: number) => Array.from({ length: count }, (_, at) => `STEM${first + at}`);
    expect(sections.map(({ title }) => title.slice(0, 8)).sort()).toEqual([...codes(1001, 20), ...codes(1101, 3), ...codes(2001, 13)]);
  });

  it.each(sections)(
    "$title: the bad example on the page gets the text on the page, the good one none",
    async ({ lang, bad, said, good }) => {
      const file = lang === "json" ? "tsconfig.json" : "src/app.ts";
      const filesOf = (text: string) => {
        const parts = text.split(/^\/\/ --- (.+)\n/m);
        return parts.length === 1 ? { [file]: text } : Object.fromEntries(parts.flatMap((part, at) => (at % 2 === 1 ? [[part, parts[at + 1]!]] : []))); // prettier-ignore
      };
      await withProject({ "src/app.ts": "export {};", ...filesOf(bad) }, async (project) => {
        expect((await project.diagnostics()).join("\n")).toBe(said);
        expect(existsSync(join(project.folder, GENERATED))).toBe(/ warning STEM\d+:/.test(said));
      });
      await withProject({ "src/app.ts": "export {};", ...filesOf(good) }, async (project) => {
        expect(await project.diagnostics()).toEqual([]);
        expect(project.text(GENERATED)).toContain("export class StemClient");
      });
    },
  );

  const body = (code: string) =>
    `import * as stem from "nestjs-stem";\nimport { Cron, defineEvent, defineSignal, Task, Workflow, Step, type TaskContext as Context } from "nestjs-stem";\n${code}\n`;
  it.each([
    [
      "STEM1001 for an option object that cannot be read",
      `declare function options(): { name: string };\n@Task(options()) export class A { run() {} }`,
    ],
    ["STEM1001 for a name that could change", `let name = "a"; name = "b";\n@Task(name) export class A { run() {} }`],
    ["STEM1001 for constants that go round in circles", `const a: string = b, b: string = a;\n@Task(a) export class A { run() {} }`],
    ["STEM1001 for a number", `@Task(7) export class A { run() {} }`],
    ["STEM1002 for a queue", `@Task("a", { queue: "a b" }) export class A { run() {} }`],
    ["STEM1002 for a default name", `@Task() export class Größe { run() {} }`],
    ["STEM1003 for a task and a workflow", `@Task("a") export class A { run() {} }\n@Workflow("a") export class B { run() {} }`],
    ["STEM1004 for a class in a namespace", `export namespace N { @Task("a") export class A { run() {} } }`],
    ["STEM1004 for a class in a function", `export function f() { @Task("a") class A { run() {} } return A; }`],
    ["STEM1006 for a protected method", `export class A { @Task("a") protected a() {} }`],
    ["STEM1006 for a static method", `export class A { @Task("a") static a() {} }`],
    ["STEM1006 for a #private method", `export class A { @Task("a") #a() {} }`],
    ["STEM1006 for an arrow function in a property", `@Task("a") export class A { run = async () => {}; }`],
    ["STEM1006 for an accessor", `export class A { @Task("a") get a() { return 1; } }`],
    ["STEM1006 for an abstract class", `@Task("a") export abstract class A { run() {} }`],
    ["STEM1006 for a name known at run time only", `const key = Symbol();\nexport class A { @Task("a") [key]() {} }`],
    ["STEM1007 for a base class in reach that has no run", `class Base {}\n@Task("a") export class A extends Base {}`],
    ["STEM1008 for a type parameter of the class without a default", `@Task("a") export class A<T, U = 1> { run(input: T) {} }`],
    ["STEM1011 for a context under another name", `@Task("a") export class A { run(context: Context) {} }`],
    ["STEM1011 for a context of the namespace", `@Task("a") export class A { run(context: stem.WorkflowContext) {} }`],
    ["STEM1011 for a list of parameters", `@Task("a") export class A { run(...inputs: string[]) {} }`],
    [
      "STEM1015 for options that cannot be read",
      `declare const options: object;\n@Task("a", { queue: "q", ...options }) export class A { run() {} }`,
    ],
    ["STEM1015 for what is kept", `@Task("a", { keepResult: process.env.KEEP as never }) export class A { run() {} }`],
    ["STEM1015 for an instance that cannot be read", `@Task("a", { instance: String(1) }) export class A { run() {} }`],
    ["STEM1001 for an event without a name", `export const e = defineEvent();`],
    ["STEM1001 for an event whose name could change", `let name = "a"; name = "b";\nexport const e = defineEvent<string>(name);`],
    ["STEM1001 for a signal", `@Workflow("a") export class A { static readonly s = defineSignal(String(1)); run() {} }`],
    ["STEM1001 for a schedule", `export class A { @Cron("@daily", { name: String(1) }) a() {} }`],
    ["STEM1002 for an event", `export const e = defineEvent("a b");`],
    ["STEM1002 for a signal", `@Workflow("a") export class A { static readonly s = defineSignal("a b"); run() {} }`],
    ["STEM1002 for a schedule", `export class A { @Cron("@daily", { name: "a b" }) a() {} }`],
    ["STEM1002 for the default name of a schedule", `export class Größe { @Cron("@daily") a() {} }`],
    ["STEM1014 for an event", `export const a = defineEvent("a");\nexport const b = defineEvent("a.b");`],
    ["STEM1014 for a schedule", `export class A { @Cron("@daily", { name: "a" }) a() {}\n@Cron("@daily", { name: "a.b" }) b() {} }`],
    ["STEM1015 for the instance of an event", `export const e = defineEvent("e", { instance: String(1) });`],
    [
      "STEM1019 for two signals of one workflow",
      `@Workflow("a") export class A { static readonly s = defineSignal("s"); static readonly t = defineSignal("s"); run() {} }`,
    ],
    ["STEM1019 for two schedules on one method", `export class A { @Cron("@daily") @Cron("@hourly") a() {} }`],
    [
      "STEM1019 for schedules of two classes",
      `@Task("t") @Cron("@daily") export class A { run() {} }\nexport class B { @Cron("@daily", { name: "t" }) b() {} }`,
    ],
    ["STEM1020 for a private signal", `@Workflow("a") export class A { private static readonly s = defineSignal("s"); run() {} }`],
    ["STEM1020 for a #private signal", `@Workflow("a") export class A { static readonly #s = defineSignal("s"); run() {} }`],
    ["STEM1020 for a signal of an instance", `@Workflow("a") export class A { readonly s = defineSignal("s"); run() {} }`],
    ["STEM1020 for a signal on a task", `@Task("a") export class A { static readonly s = defineSignal("s"); run() {} }`],
    ["STEM1103 for a workflow", `export class A { run() {} }\nWorkflow("a")(A);`],
    ["STEM1103 for a composed decorator", `const Mail = (name: string) => Task(name);\nexport class A { run() {} }\nMail("a")(A);`],
    ["STEM1018 for a workflow on a method", `export class A { @Workflow("a") a() {} }`],
    ["STEM1018 for a step on a class", `@Step() export class A { run() {} }`],
    ["STEM1018 for a class marked twice", `@Task("a") @Workflow("b") export class A { run() {} }`],
  ])("is %s", (code, text) =>
    withProject({ "src/app.ts": body(text) }, async (project) => {
      const codes = (await project.generate()).diagnostics.map((one) => one.code);
      expect(new Set(codes)).toEqual(new Set([code.slice(0, 8)]));
    }),
  );

  it("names both places of a name in two files, relative to the working directory", () =>
    withProject({ "src/a.ts": taskClass("A", "same"), "src/deep/b.ts": taskClass("B", "same") }, async (project) => {
      const rule = "Names are unique over all tasks and workflows; give one of them another.";
      expect(await project.diagnostics()).toEqual([
        `src/a.ts:2:7 - error STEM1003: the name "same" is also used at src/deep/b.ts:2:7. ${rule}`,
        `src/deep/b.ts:2:7 - error STEM1003: the name "same" is also used at src/a.ts:2:7. ${rule}`,
      ]);
    }));

  it("keeps the file as it was, and all of them come at once", () =>
    withProject({ "src/a.ts": taskClass("A", "a") }, async (project) => {
      await project.generate();
      const before = project.text(GENERATED);
      project.write({ "src/a.ts": taskClass("A", "a b") + taskClass("B", "b").replace("export ", "") });
      const result = await project.generate();
      expect(result.state).toBe("errors");
      expect(result.diagnostics.map(({ code, line }) => [code, line])).toEqual([
        ["STEM1002", 2],
        ["STEM1004", 10],
      ]);
      expect(project.text(GENERATED)).toBe(before);
    }));
});
