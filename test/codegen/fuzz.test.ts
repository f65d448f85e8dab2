import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { CodegenError, generateAll } from "../../codegen/index.js";
import { dice, mutate, pick } from "./mutate.js";
import { GENERATED, taskClass, type TestProject, withProject } from "./project.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = join(root, "test/codegen/fixtures");

/** `STEM_FUZZ=long` runs ten times as many mutations; `STEM_FUZZ_SEED` starts the dice elsewhere. */
const long = process.env["STEM_FUZZ"] === "long";
const MUTATIONS = long ? 2_000 : 160;
const SEED = Number(process.env["STEM_FUZZ_SEED"] ?? 20_260_101);
/** Those of single types are quick. */
const KIND_MUTATIONS = long ? 20_000 : 1_840;
/** Every so manieth client is compiled; all of them are parsed. */
const COMPILE_EVERY = 10;

const codes = /^STEM\d{4}$/;

/** The sources of a fixture, without the generated file. */
function sourcesOf(name: string): Record<string, string> {
  const folder = join(fixtures, name);
  const paths = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" }).map((path) => `src/${path.replaceAll("\\", "/")}`);
  const own = paths.filter((path) => path.endsWith(".ts") && !path.startsWith("src/stem/")).toSorted();
  return Object.fromEntries(own.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

/** A file that composes decorators, and constants from everywhere: what the shop has little of. */
const COMPOSED = {
  "src/own/decorators.ts": 'import { applyDecorators, Injectable } from "@nestjs/common";\nimport { Task, type TaskOptions } from "nestjs-stem";\n\nconst QUEUES = { mail: "q.mail" } as const;\nexport const Mail = (name: string, { queue = QUEUES.mail, ...rest }: TaskOptions = {}) => applyDecorators(Task(`own.${name}`, { queue, ...rest }), Injectable());\nexport function Other(name?: string) {\n  if (name === undefined) return Task("own.none");\n  return applyDecorators(Mail(name));\n}\n',
  "src/own/uses.ts": 'import { Mail, Other as O } from "./decorators.js";\n\n@Mail("one", { priority: 3 })\nexport class One {\n  async run(input: { readonly at: Date; readonly next?: One.Next }): Promise<number> {\n    return input.at.getTime();\n  }\n}\nexport namespace One {\n  export interface Next {\n    readonly next?: Next;\n    readonly kind: "a" | "b";\n  }\n}\n@O()\nexport class Two extends One {}\n',
}; // prettier-ignore

describe("broken sources", () => {
  it(
    `get a diagnostic or a correct file, never a crash or a hang, over ${MUTATIONS} mutations of the fixtures`,
    async () => {
      const originals = { ...sourcesOf("shop"), ...COMPOSED };
      const paths = Object.keys(originals);
      const tsconfig = readFileSync(join(fixtures, "shop/tsconfig.json"), "utf8");
      await withProject({ ...originals, "tsconfig.json": tsconfig }, async (project) => {
        const compile = compiler(project.folder);
        const random = dice(SEED);
        const ends = { errors: 0, clients: 0, slowest: 0 };
        for (let round = 0; round < MUTATIONS; round++) {
          const path = pick(paths, random);
          const text = mutate(originals[path as keyof typeof originals], random);
          project.write({ [path]: text });
          const result = await project.generate().catch((error: unknown) => ({ round, text, error }));
          project.write({ [path]: originals[path as keyof typeof originals] });
          if ("error" in result) throw new Error(`Round ${round} of seed ${SEED} crashed on ${JSON.stringify(text)}`, { cause: result.error });
          ends.slowest = Math.max(ends.slowest, result.ms);
          if (result.state === "errors") {
            ends.errors++;
            expect(result.diagnostics.filter((one) => one.line < 1 || one.column < 1 || one.message === "" || !codes.test(one.code))).toEqual([]);
            continue;
          }
          ends.clients++;
          expect({ round, text, errors: parseErrors(project) }).toEqual({ round, text, errors: [] });
          if (ends.clients % COMPILE_EVERY === 0) expect({ round, text, errors: compile(path, text) }).toEqual({ round, text, errors: [] });
        }
        // Both ends are met often enough to mean something, and nothing came near to hanging.
        expect(Math.min(ends.errors, ends.clients)).toBeGreaterThan(MUTATIONS / 10);
        expect(ends.slowest).toBeLessThan(20_000);
      });
    },
    long ? 900_000 : 60_000,
  ); // prettier-ignore
});

/**
 * One file for each kind of type that was ever read wrongly; those of the second list take the checker, which
 * is slow.
 */
const body = (types: string, input: string): string => `import { Task } from "nestjs-stem";\n${types}\n@Task("a") export class A { async run(input: ${input}): Promise<void> {} }\n`; // prettier-ignore
const KINDS: readonly string[] = [
  body("export class U { a!: string }\nexport interface U { b: Date }\nexport interface V { c: U }\nexport interface V { d?: U[] }", "V"),
  body("interface Rows extends Array<{ id: string }> {}\ninterface Sub extends Base<Rows> { e: 1 }\ninterface Base<T = string> { of: T }", "Sub | null"),
  body("const STATUS = { 200: 'ok', 404: 'nf', gone: 'g' } as const;", "{ code: keyof typeof STATUS; text: (typeof STATUS)[200] }"),
  body("type No = `INV-${number}` | `${'a' | 'b'}-${string}`;", "[No, Uppercase<string>?, ...Capitalize<string>[]]"),
  body("enum Perm { R = 1, W = 2, X = 4 }\nenum Size { S = 's', M = `${'m'}` }", "Map<Size, Set<Perm>> | Perm.R"),
  body("export type J = string | number | (J | null)[] | { [key: string]: J };", "{ json: J; at?: Date | null; big: bigint }"),
  body("interface Page<T, U = T[]> { items: U; next?: Page<T, U> }\ninterface M { page: Page<M>; n: Pick<M, 'n'> | 1 }", "Page<M>"),
  body("interface F { at: Date; f?: never; toString: string; __proto__: 1; 'x-y': readonly [a: 1, b?: 2] }", "Required<Omit<Partial<F>, 'f'>> & { more: true }"),
  body("export abstract class Base { @Step() async stamp(): Promise<{ n: Date }> { return { n: new Date() }; } }\nimport { Step, Workflow, defineSignal, type WorkflowContext as C } from 'nestjs-stem';\n@Workflow('w') export class W extends Base { static readonly s = defineSignal<{ ok: boolean }>('s'); async run(i: string, c: C): Promise<number> { await c.sleep('z', 4000); return (await this.stamp()).n.getTime(); } }", "string"),
  body("import { SetMetadata, applyDecorators } from '@nestjs/common';\nconst R = (s: 1 | 2) => { const M = s === 1 ? SetMetadata : SetMetadata; return applyDecorators(M('a', {})); };\nexport class C { @R(1) get() {} }\nconst T = (n: string) => applyDecorators(Task(`x.${n}`), R(2));\n@T('b') export class B { async run(input?: { a: 1 }) { return; } }", "unknown"),
]; // prettier-ignore
const CHECKED: readonly string[] = [
  body("type Over<T> = { [K in keyof T as `on${Capitalize<K & string>}`]?: T[K] extends Date ? T[K] : never };\ninterface O { at: Date; x: 1 }", "Over<O>"),
  body("type XOR<T, U> = (T & { [K in Exclude<keyof U, keyof T>]?: never }) | (U & { [K in Exclude<keyof T, keyof U>]?: never });\ninterface A1 { a: XOR<A1, B1> | Date }\ninterface B1 { b: A1[] }", "XOR<A1, B1>"),
  body("export const make = (a: number) => ({ a, below: a > 1 ? [make(a - 1)] : [], at: new Date() }) as const;", "Awaited<Promise<ReturnType<typeof make>>>"),
]; // prettier-ignore

describe("broken types", () => {
  it(
    `get a diagnostic or a correct file, never a crash or a hang, over ${KIND_MUTATIONS} mutations of one file each`,
    async () => {
      const random = dice(SEED + 2);
      const tsconfig = readFileSync(join(fixtures, "shop/tsconfig.json"), "utf8");
      await withProject({ "src/a.ts": "", "tsconfig.json": tsconfig }, async (project) => {
        const compile = compiler(project.folder);
        const ends = { errors: 0, clients: 0 };
        for (const original of [...KINDS, ...CHECKED]) {
          project.write({ "src/a.ts": original });
          expect({ original, diagnostics: await project.diagnostics() }).toEqual({ original, diagnostics: [] });
          expect(compile("src/a.ts", original)).toEqual([]);
        }
        for (let round = 0; round < KIND_MUTATIONS; round++) {
          const text = mutate(pick(round % 40 === 0 ? CHECKED : KINDS, random), random);
          project.write({ "src/a.ts": text });
          const result = await project.generate().catch((error: unknown) => ({ error }));
          if ("error" in result) throw new Error(`Round ${round} of seed ${SEED} crashed on ${JSON.stringify(text)}`, { cause: result.error });
          if (result.state === "errors") {
            ends.errors++;
            expect(result.diagnostics.filter((one) => one.line < 1 || one.column < 1 || one.message === "" || !codes.test(one.code))).toEqual([]);
            continue;
          }
          ends.clients++;
          expect({ round, text, errors: parseErrors(project) }).toEqual({ round, text, errors: [] });
          if (ends.clients % (4 * COMPILE_EVERY) === 0) expect({ round, text, errors: compile("src/a.ts", text) }).toEqual({ round, text, errors: [] });
        }
        expect(Math.min(ends.errors, ends.clients)).toBeGreaterThan(KIND_MUTATIONS / 10);
      });
    },
    900_000,
  );
}); // prettier-ignore

describe("odd sources", () => {
  const deep = (open: string, close: string, times: number, inside = "1"): string => open.repeat(times) + inside + close.repeat(times);
  const task = (name: string, type = "string"): string => `import { Task } from "nestjs-stem";\n@Task(${name}) export class A { run(input: ${type}) {} }\n`; // prettier-ignore
  it.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ["parentheses 20,000 deep", { "src/a.ts": task(deep("(", ")", 20_000, '"a"')) }, "STEM1016"],
    ["blocks 20,000 deep", { "src/a.ts": `${task('"a"')}export function f() ${deep("{", "}", 20_000, "")}` }, "STEM1016"],
    ["types 20,000 deep", { "src/a.ts": task('"a"', deep("Array<", ">", 20_000, "string")) }, "STEM1016"],
    ["a sum of 20,000 parts", { "src/a.ts": task('"a"' + ' + "a"'.repeat(20_000)) }, undefined],
    ["members 5,000 deep", { "src/a.ts": `${task("O" + ".a".repeat(5_000))}const O = {};` }, undefined],
    ["a name of 1,000,000 characters", { "src/a.ts": task(`"${"a".repeat(1_000_000)}"`) }, "STEM1002"],
    ["a line of 5,000,000 characters", { "src/a.ts": task('"a"'), "src/b.ts": `export const x = "nestjs-stem${"a".repeat(5_000_000)}";` }, ""],
    ["imports that go round", { "src/a.ts": `${task("B")}import { B } from "./b.js";\nexport const A1 = B;`, "src/b.ts": 'export { A1 as B } from "./a.js";' }, "STEM1001"],
    ["sums that go round twice at once", { "src/a.ts": `${task("a")}const a: string = b + b;\nconst b: string = a + a;` }, "STEM1001"],
    ["sums that double 60 times", { "src/a.ts": task("a60") + Array.from({ length: 60 }, (_, at) => `const a${at + 1} = a${at} + a${at};`).join("\n") + 'const a0 = "a";' }, undefined],
    ["stars that go round", { "src/a.ts": `${task("B")}import { B } from "./b.js";`, "src/b.ts": 'export * from "./b.js"; export * from "./c.js";', "src/c.ts": 'export * from "./b.js";' }, "STEM1001"],
    ["classes that go round", { "src/a.ts": `${task("A.B")}class C extends D {}\nclass D extends C {}\n@Task("c") export class E extends C {}` }, "STEM1001"],
    ["types that go round", { "src/a.ts": task('"a"', "Tree") + "export interface Tree { readonly below?: readonly Tree[]; readonly up?: Tree }\n" }, ""],
    ["decorators that go round", { "src/a.ts": 'import { Task } from "nestjs-stem";\nconst M = (n: string): ClassDecorator => N(n, Task);\nconst N = (n: string, t: unknown): ClassDecorator => M(n);\n@M("a") export class A { run() {} }' }, "STEM1101"],
    ["a name that is half a character", { "src/a.ts": task('"a\\ud83d"') }, "STEM1002"],
    ["a method that is half a character", { "src/a.ts": 'import { Task } from "nestjs-stem";\nexport class A { @Task("a") "\\ud83d\\n\'"(input: string) {} }' }, ""],
    ["bytes that are no text", { "src/a.ts": task('"a"') + "\ufffd\ufffd" }, "STEM1016"],
    ["a tsconfig that extends itself", { "src/a.ts": task('"a"'), "tsconfig.json": '{ "extends": "./tsconfig.json" }' }, "STEM1017"],
    ["3,000 handlers in a file", { "src/a.ts": `import { Task } from "nestjs-stem";\n${Array.from({ length: 3_000 }, (_, at) => `export class A${at} { @Task("a${at}") run(input: string) {} }`).join("\n")}` }, ""],
  ])("%s end in time, with a diagnostic or a correct file", (_, files, code) =>
    withProject(files, async (project) => {
      const { state, diagnostics, ms } = await project.generate();
      if (code === "") expect({ state, diagnostics }).toEqual({ state: "written", diagnostics: [] });
      else if (code !== undefined) expect(new Set(diagnostics.map((one) => one.code))).toContain(code);
      if (state === "written") expect(parseErrors(project)).toEqual([]);
      expect(ms).toBeLessThan(10_000);
    }),
  ); // prettier-ignore

  it("a source that is not UTF-8, a folder, or gone in between, is read as far as it can be", () =>
    withProject({ "src/b.ts": taskClass("B", "b"), "src/dir.ts/c.ts": taskClass("C", "c") }, async (project) => {
      writeFileSync(join(project.folder, "src/a.ts"), Buffer.concat([Buffer.from(taskClass("A", "a")), Buffer.from("// \xff\xfe\x80", "latin1")]));
      expect(await project.generate()).toMatchObject({ tasks: 3, state: "written" });
    })); // prettier-ignore
});

describe("broken settings", () => {
  it("get a diagnostic, an error with its remedy, or a client; never a crash", async () => {
    const nest =
      '{ "monorepo": true, "projects": { "a": { "type": "application", "root": "a", "compilerOptions": { "tsConfigPath": "a/tsconfig.json" } } } }';
    const originals: Record<string, string> = {
      "tsconfig.json": '{ // all of it\n  "extends": "./base.json", "compilerOptions": { "module": "nodenext", "paths": { "@x/*": ["./src/*"] }, "rootDir": "src", }, "include": ["src"], "exclude": ["x"], "references": [{ "path": "./a" }] }',
      "base.json": '{ "compilerOptions": { "target": "es2022", "outDir": "dist" } }',
      "package.json": '{ "type": "module", "name": "x" }',
      "stem.config.json": '{ "project": "tsconfig.json", "out": "src/stem/stem.gen.ts", "decorators": [{ "decorator": "./src/a#A", "as": "Task" }], "apps": { "x": { "project": "a" } } }',
      "stem.config.ts": 'export default { out: "src/x.ts", decorators: ["./src/a#A"] as const };',
      "nest-cli.json": nest,
      "a/tsconfig.json": "{}",
    }; // prettier-ignore
    const values = ["null", "1", '"x"', "[]", "{}", "[null]", '[{}]', '{ "x": null }', "true", '"\\u0000"', '".."', '"/"', "-0", "1e999"]; // prettier-ignore
    const random = dice(SEED + 1);
    const files = { "src/a.ts": `${taskClass("A", "a")}export const B = 1;`, "a/a.ts": taskClass("B", "b") };
    for (let round = 0; round < (long ? 400 : 80); round++) {
      const path = pick(Object.keys(originals), random);
      const original = originals[path]!;
      const values_ = [...original.matchAll(/"[^"]*"(?!\s*:)|\[[^[\]]*\]|true/g)];
      const found = pick(values_, random);
      const swapped = random() < 0.5 && found !== undefined ? original.slice(0, found.index) + pick(values, random) + original.slice(found.index + found[0].length) : mutate(original, random); // prettier-ignore
      const kept = Object.entries(originals).filter(
        ([name]) => name === path || random() < (name.startsWith("stem") || name === "nest-cli.json" ? 0.3 : 0.9),
      );
      await withProject({ ...files, ...Object.fromEntries(kept), [path]: swapped }, async ({ folder }) => {
        const ended = await generateAll({ cwd: folder }).catch((error: unknown) => error);
        if (Array.isArray(ended)) return;
        if (!(ended instanceof CodegenError)) throw new Error(`${path} crashed it: ${swapped}`, { cause: ended });
        expect(ended.message).toMatch(/\n {2}→ \S.*\[STEM_[A-Z_]+\]$/s);
      });
    }
  }, 120_000);
});

/** Syntax errors of the generated file. */
function parseErrors({ text }: TestProject): readonly string[] {
  const { diagnostics = [] } = ts.transpileModule(text(GENERATED), { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022, experimentalDecorators: true } }); // prettier-ignore
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** Errors of the generated file, while one of the sources is a mutation. The libraries are parsed once. */
function compiler(folder: string): (mutated: string, text: string) => readonly string[] {
  const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const paths = {
    "nestjs-stem": [join(root, "lib/index.ts")],
    "@nestjs/common": [join(root, "node_modules/@nestjs/common/index.d.ts")],
  };
  const all: ts.CompilerOptions = { ...options, types: ["node"], typeRoots: [resolve(root, "node_modules/@types")], paths };
  const host = ts.createCompilerHost(all);
  const read = host.getSourceFile.bind(host);
  const kept = new Map<string, ts.SourceFile | undefined>();
  let mutation = { path: "", text: "" };
  host.getSourceFile = (path, ...rest) => {
    if (path === mutation.path) return ts.createSourceFile(path, mutation.text, rest[0]);
    if (dirname(path).startsWith(folder)) return read(path, ...rest);
    if (!kept.has(path)) kept.set(path, read(path, ...rest));
    return kept.get(path);
  };
  return (path, text) => {
    mutation = { path: join(folder, path), text };
    const program = ts.createProgram([join(folder, GENERATED)], all, host);
    const file = program.getSourceFile(join(folder, GENERATED));
    const errors = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  };
}
