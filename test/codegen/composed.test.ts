import { describe, expect, it } from "@jest/globals";
import { GENERATED, withProject } from "./project.js";

const IMPORTS =
  'import { applyDecorators, Injectable, SetMetadata } from "@nestjs/common";\nimport { Task, Workflow, Step } from "nestjs-stem";\n';

/** A file of decorators, and a class in another file that uses one. */
const files = (decorators: string, use: string, how = "* as own") => ({
  "src/own.ts": IMPORTS + decorators,
  "src/app.ts": `import ${how} from "./own.js";\n${use} export class SendMail { run(input: string) {} }\n`,
});

describe("A decorator composed of ours", () => {
  it.each<[string, string, string, string]>([
    ["an arrow function", 'export const Mail = (name: string) => applyDecorators(Task(name, { queue: "mail" }), Injectable());', '@own.Mail("a.b")', "stem.task('a.b', { queue: 'mail' })"],
    ["a function with constants", 'const Q = "mail";\nexport function Mail(name: string) {\n  const full = `mail.${name}`;\n  return applyDecorators(Injectable(), Task(full, { queue: Q }));\n}', '@own.Mail("send")', "stem.task('mail.send', { queue: 'mail' })"],
    ["options passed on", 'export const Mail = (name: string, options: object = {}) => applyDecorators(Task(name, { queue: "mail", ...options }));', '@own.Mail("a", { queue: "fast", priority: 3 })', "stem.task('a', { queue: 'fast', priority: 3 })"],
    ["what is kept", 'export const Mail = (name: string, options: object = {}) => applyDecorators(Task(name, { keepResult: "1h", ...options }));', '@own.Mail("a", { keepFailed: 0 })', "stem.task('a', { queue: 'default', keepResult: '1h', keepFailed: 0 })"],
    ["numbers worked out", "const SECOND = 10 ** 3, D = (60 * SECOND) / 2 - 1;\nexport const Mail = (name: string) => Task(name, { keepResult: D });", '@own.Mail("a")', "stem.task('a', { queue: 'default', keepResult: 29999 })"],
    ["options left out", 'export const Mail = (name: string, options: object = { queue: "usual" }) => Task(name, options);', '@own.Mail("a")', "stem.task('a', { queue: 'usual' })"],
    ["options taken apart", 'export const Mail = ({ topic, ...rest }: { topic: string }) => Task({ name: `m.${topic}`, ...rest });', '@own.Mail({ topic: "x", queue: "q" })', "stem.task('m.x', { queue: 'q' })"],
    ["all arguments passed on", "export const Mail = (...args: Parameters<typeof Task>) => applyDecorators(Task(...args));", '@own.Mail("a", { queue: "q" })', "stem.task('a', { queue: 'q' })"],
    ["a choice by type of argument", 'export function Mail(a: string | object, b?: object) {\n  if (typeof a === "string") return Task(a, b);\n  return Task(a);\n}', '@own.Mail({ name: "n" })', "stem.task('n', { queue: 'default' })"],
    ["a choice in place", 'export const Mail = (a?: string) => Task(a === undefined ? "none" : a, { queue: a ?? "q" });', "@own.Mail()", "stem.task('none', { queue: 'q' })"],
    ["another composed one", 'const Base = (n: string) => applyDecorators(Task(n));\nexport const Mail = (n: string) => applyDecorators(Base(`x.${n}`), SetMetadata("a", 1));', '@own.Mail("y")', "stem.task('x.y', { queue: 'default' })"],
    ["no name of its own", "export const Mail = () => applyDecorators(Task());", "@own.Mail()", "stem.task('sendMail', { queue: 'default' })"],
    ["a decorator that is there already", 'export const Nightly = applyDecorators(Task("nightly"), Injectable());', "@own.Nightly", "stem.task('nightly', { queue: 'default' })"],
    ["another name", "export const Job = Task;", '@own.Job("a")', "stem.task('a', { queue: 'default' })"],
    ["a member of an object", 'export const on = { mail: (n: string) => Task(n) };', '@own.on.mail("a")', "stem.task('a', { queue: 'default' })"],
    ["a static method", 'export class On { static mail(n: string) { return Task(n); } }', '@own.On.mail("a")', "stem.task('a', { queue: 'default' })"],
    ["overloads", 'export function Mail(): ClassDecorator;\nexport function Mail(n: string): ClassDecorator;\nexport function Mail(n = "d") { return applyDecorators(Task(n)); }', "@own.Mail()", "stem.task('d', { queue: 'default' })"],
    ["a workflow", 'export const Flow = (n: string) => applyDecorators(Workflow({ name: n }), Injectable());', '@own.Flow("w")', "stem.workflow('w', { queue: 'default' })"],
  ])("is followed: %s", (_, decorators, use, wanted) =>
    withProject(files(decorators, use), async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      expect(project.text(GENERATED)).toContain(wanted);
    }),
  ); // prettier-ignore

  it.each([
    ["imported under another name", "{ Mail as M }", "@M('a')"],
    ["imported by default", "Own", "@Own('a')"],
    ["in a namespace", "* as own", "@own.Mail('a')"],
  ])("is found when %s", (_, how, use) =>
    withProject(
      files("export const Mail = (n: string) => Task(n);\nexport default function Own(n: string) { return Mail(n); }", use, how),
      async (project) => {
        expect(await project.generate()).toMatchObject({ tasks: 1, diagnostics: [] });
      },
    ),
  );

  it("is found in a file that names neither the package nor a decorator of it, through one that does not either", () =>
    withProject(
      {
        ...files("export const Base = (n: string) => Task(n);", "@More('a')", "{ More }"),
        "src/app.ts": 'import { Less } from "./barrel.js";\n@Less("a") export class SendMail { run() {} }',
        "src/more.ts": 'import { applyDecorators } from "@nestjs/common";\nimport { Base } from "./own.js";\nexport const More = (n: string) => applyDecorators(Base(n));', // prettier-ignore
        "src/barrel.ts": 'export { More as Less } from "./more.js";',
      },
      async (project) => {
        expect(await project.generate()).toMatchObject({ tasks: 1, diagnostics: [] });
      },
    ));

  it.each([
    ["works on the class itself", "export const Mail = (n: string) => (target: object) => { Task(n)(target as never); };"],
    ["asks at run time", 'export const Mail = (n: string) => process.env.X ? Task(n) : Injectable();'],
    ["branches at run time", 'export function Mail(n: string) { if (process.env.X) { return Task(n); } return Injectable(); }'],
    ["keeps it in a variable", "export function Mail(n: string) { const made = Task(n); return made; }"],
    ["goes round in circles", "export const Mail = (n: string): unknown => Other(n, Task);\nconst Other = (n: string, x: unknown) => Mail(n);"],
    ["lists what it does not write out", "const all = [Task('a')];\nexport const Mail = (n: string) => applyDecorators(...all);"],
  ])("that %s is an error, not a task that goes missing", (_, decorators) =>
    withProject(files(decorators, '@own.Mail("a")'), async (project) => {
      expect((await project.generate()).diagnostics.map(({ code, file }) => [code, file])).toEqual([["STEM1101", "src/app.ts"]]);
    }),
  ); // prettier-ignore

  it("whose name is worked out at run time is an error at its use", () =>
    withProject(files("export const Mail = (n: string) => Task(n + Date.now());", '@own.Mail("a")'), async (project) => {
      expect((await project.generate()).diagnostics.map(({ code, line, column }) => [code, line, column])).toEqual([["STEM1001", 2, 1]]);
    }));

  it("and one that has nothing to do with ours is left alone", () =>
    withProject(
      files(
        'export const Mail = (n: string) => (target: object) => { Injectable()(target as never); };\nexport type T = typeof Task;\nexport class Held { @Task("held") run() {} }',
        '@own.Mail("a")',
      ),
      async (project) => {
        expect(await project.generate()).toMatchObject({ tasks: 1, diagnostics: [] });
      },
    ));
});

describe("A decorator of the project that has nothing to do with ours", () => {
  const OWN = 'const A = (o: object) => SetMetadata("a", o), B = (o: object) => SetMetadata("b", o);\n';
  const deep = Array.from({ length: 30 }, (_, at) => `const d${at + 1} = (o: object) => d${at}(o);`).join("\n");
  it.each<[string, string, string]>([
    ["chooses among others", `${OWN}export const Resp = (s: number) => { const R = s === 201 ? A : B; return applyDecorators(R({})); };`, "@own.Resp(200)"],
    ["is handed another", `${OWN}export const Resp = (of: typeof A) => applyDecorators(of({}));`, "@own.Resp(SetMetadata as never)"],
    ["takes one out of a map", `${OWN}const ALL = { 200: A, 201: B };\nexport const Resp = (s: 200 | 201) => { const R = ALL[s]; return R({}); };`, "@own.Resp(200)"],
    ["is made by a loop", `${OWN}export const Resp = (...all: number[]) => { const out = all.map((one) => A({ one })); return applyDecorators(...out); };`, "@own.Resp(200, 201)"],
    ["calls others thirty deep", `const d0 = (o: object) => SetMetadata("a", o);\n${deep}\nexport const Resp = () => d30({});`, "@own.Resp()"],
    ["is a function of a function", `${OWN}const make = () => (o: object) => A(o);\nexport const Resp = (o: object) => { const made = make(); return made(o); };`, "@own.Resp({})"],
  ])("never stops the generator: it %s", (_, decorators, use) =>
    withProject(
      {
        "src/own.ts": IMPORTS + decorators,
        "src/app.ts": `import { SetMetadata } from "@nestjs/common";\nimport { Task } from "nestjs-stem";\nimport * as own from "./own.js";\n@Task("a") export class A { ${use} run(input: string) {} }\n@(SetMetadata("x", 1)) export class Other { ${use} get() {} }\n`,
      },
      async (project) => {
        expect(await project.diagnostics()).toEqual([]);
        expect(project.text(GENERATED)).toContain("stem.task('a', ");
      },
    ),
  ); // prettier-ignore

  it.each([
    ["a rest of them", "export const Mail = (...of: ClassDecorator[]) => applyDecorators(...of);", 'own.Mail(Task("a"))'],
    ["a list", "export const Mail = (of: ClassDecorator[]) => applyDecorators(...of);", 'own.Mail([Task("a")])'],
    ["a decorator of a package", 'export { compose } from "composing";', 'own.compose(Task("a"))'],
    ["a decorator of a package, from there", "export {};", 'compose(Task("a"))'],
  ])("is unclear if it is handed ours: as %s", (_, decorators, use) =>
    withProject(
      {
        "node_modules/composing/package.json": '{ "name": "composing", "types": "index.d.ts" }',
        "node_modules/composing/index.d.ts": "export declare function compose(...of: ClassDecorator[]): ClassDecorator;",
        "src/own.ts": IMPORTS + decorators,
        "src/app.ts": `import { Task } from "nestjs-stem";\nimport { compose } from "composing";\nimport * as own from "./own.js";\n@${use} export class SendMail { run(input: string) {} }\n`,
      },
      async (project) => {
        expect((await project.diagnostics()).join("\n")).toContain("error STEM1101: @");
      },
    ),
  );

  const handing = (made: string, use: string) => ({
    "src/app.ts": `import { UseInterceptors as All } from "@nestjs/common";\nimport { Task } from "nestjs-stem";\nimport * as stem from "nestjs-stem";\n${made}\n@All(${use}) export class SendMail { run(input: string) {} }\n@Task("other") export class Other { run() {} }\n`,
  });

  it.each([
    ['const pre = Task("x");', "pre"],
    ["", '[Task("x")]'],
    ["", '{ use: Task("x") }'],
    ['const holder = { d: Task("x") };', "holder"],
    ['const holder = { d: Task("x") };', "holder.d"],
    ['const pres = [Task("x")];', "...pres"],
    ['const pres = [Task("x")];', "pres[0]"],
    ["", "Task"],
    ["", "stem.Task"],
    ["", '() => Task("x")'],
    ["", 'function () { return [Task("x")]; }'],
    ["", 'process.env.X ? Task("x") : undefined'],
    ["const Mail = (n: string) => Task(n);", "Mail"],
  ])("is unclear if it is handed ours in any way: %s @All(%s)", (made, use) =>
    withProject(handing(made, use), async (project) => {
      expect((await project.generate()).diagnostics.map(({ code }) => code)).toEqual(["STEM1101"]);
    }),
  );

  it.each([
    ["const list = [1], o = { a: list };", "list, o, o.a, ...list, () => list, Other, [Other], { use: Other }"],
    ["const a: unknown[] = [() => b], b: unknown[] = [a];", "a, b"],
    ['const Mail = { d: Task("x"), name: "x" };', "Mail.name"],
    ["const later = () => { Task; };", "later"],
  ])("is left alone if nothing of ours is in what it is handed: %s @All(%s)", (made, use) =>
    withProject(handing(made, use), async (project) => {
      expect(await project.generate()).toMatchObject({ tasks: 1, diagnostics: [] });
    }),
  );

  it("is unclear only if it is handed ours, or mentions it", () =>
    withProject(
      files('export const Mail = (of: typeof Task) => { const made = of("a"); return made; };', "@own.Mail(own.Task)").valueOf() as never,
      async (project) => {
        project.write({ "src/app.ts": 'import { Task } from "nestjs-stem";\nimport * as own from "./own.js";\n@own.Mail(Task) export class SendMail { run(input: string) {} }\n' });
        expect((await project.diagnostics()).join("\n")).toContain("error STEM1101: @own.Mail");
        project.write({ "stem.config.json": '{ "decorators": [{ "decorator": "./src/own#Mail", "as": "none" }] }' });
        expect(await project.diagnostics()).toEqual([]);
      },
    )); // prettier-ignore
});
