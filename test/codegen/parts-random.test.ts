import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { Again } from "../../codegen/read/again.js";
import { type CachedProject, cachedProject } from "./cached-project.js";
import { dice, pick } from "./mutate.js";
import { GENERATED } from "./project.js";

/** `STEM_FUZZ=long` makes 2,000 sequences; `STEM_FUZZ_SEED` starts the dice elsewhere. */
const SEQUENCES = process.env["STEM_FUZZ"] === "long" ? 2_000 : 200;
const SEED = Number(process.env["STEM_FUZZ_SEED"] ?? 20_261_130);

/** A file with tasks: of each its name, what it takes and what it gives. */
const tasks = (imports: string, ...all: readonly (readonly [name: string, input: string, output?: string])[]): string =>
  `import { Task } from "nestjs-stem";\n${imports}${all
    .map(([name, input, output = "void"]) => `@Task("${name}")\nexport class ${name.toUpperCase()} {\n  /** Does it. */\n  async run(input: ${input}): Promise<${output}> {\n    return undefined as never;\n  }\n}\n`)
    .join("")}`; // prettier-ignore

const from = (module: string, ...names: readonly string[]): string => `import type { ${names.join(", ")} } from "./${module}.js";\n`;

/** The same with results that are left to be inferred. */
const inferred = (imports: string, ...all: readonly (readonly [name: string, input: string, result: string])[]): string =>
  `import { Task } from "nestjs-stem";\n${imports}${all
    .map(([name, input, result]) => `@Task("${name}")\nexport class ${name.toUpperCase()} {\n  async run(${input}) {\n    return ${result};\n  }\n}\n`)
    .join("")}`; // prettier-ignore

const WORKFLOW = (body: string, more = ""): string =>
  `import { Step, Workflow, type WorkflowContext, defineEvent, defineSignal } from "nestjs-stem";\nimport { Base } from "./base.js";\nimport type { A } from "./types.js";\nexport const paid = defineEvent<A>("paid");\n@Workflow("d")\nexport class D extends Base {\n  static readonly approved = defineSignal<A>("approved");\n${more}  async run(id: string, ctx: WorkflowContext): Promise<A> {\n${body}    return undefined as never;\n  }\n}\n`;

/** What each file may be. Any choice of these is an application with nothing wrong. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  "src/a.ts": [
    tasks("", ["a", "{ to: string }"], ["a2", "{ to: Date }", "{ n: number }"]),
    tasks(from("types", "A"), ["a", "A", "A[]"]),
    tasks(from("types", "A", "B"), ["a", "Pick<A, 'x'>"], ["a2", "{ a: A; b: B }", "B"]),
    `// moved\n\n${tasks(from("types", "A"), ["a", "A", "A[]"])}`,
    tasks(from("tree", "Json", "Page"), ["a", "Page<Json>", "Json"]),
    "export const nothing = 1;\n",
  ],
  "src/e.ts": [
    tasks(from("tree", "Json", "Page"), ["e", "Page<Json>"]),
    tasks(`${from("twin1", "Twin")}${from("tree", "Page", "Tree")}`, ["e", "{ left: Twin; tree: Tree; list: Page<{ e: 1 }> }"]),
    tasks(from("twin1", "Twin"), ["e", "{ one: Twin; two: Twin }", "Twin[]"]),
    tasks(`${from("twin2", "Twin")}${from("tree", "Page")}`, ["e", "Page<Twin>", "Page<Twin>"], ["e2", "Page<1>", "Page<2>"]),
    tasks(from("types", "A"), ["e", "{ a: A; b: A }"]),
  ],
  "src/f.ts": [
    tasks(`${from("twin2", "Twin")}${from("tree", "List")}`, ["f", "{ one: Twin; two: Twin }", "List"]),
    tasks(`${from("twin1x", "Twin")}${from("tree", "Branch", "Page")}`, ["f", "{ one: Page<Twin>; two: Page<Branch>; three: Page<Branch> }", "Page<Twin>"]),
    tasks(from("tree", "Page"), ["f", "Page<2>", "Page<number>"], ["f2", "Page<1>", "Page<number>"]),
    tasks('import { Kind } from "./names.js";\n', ["f", "Kind"]),
  ],
  "src/g.ts": [
    tasks(`${from("twin1x", "Twin")}`, ["g", "Twin", "Twin"]),
    tasks(`${from("twin1", "Twin")}${from("tree", "Branch", "Page")}`, ["g", "Page<Twin>", "Page<Branch>"]),
    tasks(from("tree", "Tree"), ["g", "Tree"]),
  ],
  "src/d.ts": [
    WORKFLOW('    await ctx.sleep("nap", 10);\n    await this.stamp();\n'),
    WORKFLOW('    await this.stamp();\n', "  /** Its own. */\n  @Step() async own(): Promise<A> {\n    return undefined as never;\n  }\n"),
    WORKFLOW('    await ctx.sleep("nap", 20);\n'),
    'import { Cron, Task } from "nestjs-stem";\n@Task("d")\n@Cron("0 9 * * *", { name: "daily" })\nexport class D {\n  async run(): Promise<void> {}\n}\n',
  ],
  "src/base.ts": [
    'import { Step } from "nestjs-stem";\nexport abstract class Base {\n  @Step() async stamp(): Promise<{ n: number }> {\n    return { n: 1 };\n  }\n}\n',
    'import { Step } from "nestjs-stem";\nimport type { A } from "./types.js";\nexport abstract class Base {\n  @Step() async mark(): Promise<A> {\n    return undefined as never;\n  }\n  async stamp() {}\n}\n',
  ],
  "src/own.ts": [
    'import { Task, type TaskOptions } from "nestjs-stem";\nexport const Mail = (name: string, options: TaskOptions = {}) => Task(`mail.${name}`, options);\n',
    'import { Task } from "nestjs-stem";\nexport const Mail = (name: string) => Task(`post.${name}`, { queue: "mail" });\n',
  ],
  "src/mail.ts": [
    'import { Mail } from "./own.js";\nimport { NAME } from "./names.js";\n@Mail(NAME)\nexport class M {\n  async run(input: { n: number }): Promise<void> {}\n}\n',
    'import { Mail } from "./own.js";\nimport { NAME, QUEUE } from "./deep/index.js";\n@Mail(`${NAME}${QUEUE}`)\nexport class M {\n  async run(input: { n: number }): Promise<void> {}\n}\n',
  ],
  "src/deep/index.ts": ['export * from "../names.js";\nexport const QUEUE = "q";\n', 'export { NAME } from "../names.js";\nexport * from "./queue.js";\n'],
  "src/deep/queue.ts": ['export const QUEUE = "one";\n', 'export const QUEUE = "two"; // as well\n'],
  "src/types.ts": [
    "export interface A { x: string }\nexport type B = A | null;\n",
    "import type { Tree } from \"./tree.js\";\n/** More. */\nexport interface A { x: number; next?: A; tree?: Tree }\nexport type B = A | null;\n",
    "export interface A { x: string; y?: Date }\nexport interface B extends A { z: 1 }\n",
    'export type { A } from "./types/index.js";\nexport type B = string;\n',
  ],
  "src/types/index.ts": ["export interface A { x: Date }\n", 'import type { Twin } from "../twin1x.js";\nexport interface A { x: Twin }\n'],
  "src/tree.ts": [
    "export type Json = string | List;\nexport type List = Json[];\nexport interface Tree { branches: Branch[]; value: Json }\nexport interface Branch { tree: Tree; at: Date }\n/** A part. */\nexport interface Page<T> { items: T[]; next?: string }\n",
    "/** Any. */\nexport type Json = string | { [name: string]: Json } | List;\nexport type List = readonly Json[];\nexport interface Branch { tree?: Tree }\nexport interface Tree { branches: Branch[] }\nexport interface Page<T> { items: readonly T[]; more: Page<T> | null }\n",
    "export type Json = string;\nexport type List = Json[];\nexport interface Branch { name: string }\nexport interface Tree { branches: Branch[] }\nexport interface Page<T> { items: T[] }\n",
  ],
  "src/twin1.ts": ["export interface Twin { cents: number }\n", "\n\nexport interface Twin { cents: bigint }\n", "// first\nexport interface Twin { cents: number }\n"],
  "src/twin2.ts": ["export interface Twin { cents: number }\n", "export interface Twin { cents: bigint; of?: Twin }\n", 'export type { Twin } from "./twin1.js";\n'],
  "src/twin1x.ts": ['export type { Twin } from "./twin1.js";\n', 'export * from "./twin2.js";\n', "export interface Twin { cents: Date }\n"],
  "src/names.ts": [
    'export const NAME = "one";\nexport enum Kind { One = "one", Two = "two" }\n',
    'export const NAME = "two";\nexport enum Kind { One = 1, Two = 2 }\n',
    'export const NAME = "three";\nexport const Kind = 1;\nexport type Kind = "k" | 1;\n',
  ],
  "src/h.ts": [
    inferred(from("types", "A"), ["h", "n: number", "{} as { a: A; n: 1 }"]),
    inferred('import { make } from "./infer.js";\n', ["h", "n: number", "make(1)"], ["h2", "n: 1", "[n]"]),
    inferred('import "extends-it";\nimport { make } from "./infer.js";\n', ["h", "n: number", "{ made: make(2) }"]),
    inferred('import type { Options } from "has-options";\nimport type { Twin } from "./twin1x.js";\n', ["h", "t: Twin", "{ options: {} as Options, of: t }"]),
    tasks(from("types", "A"), ["h", "{ [K in keyof A]: A[K] }", "A"]),
    tasks("", ["h", "string"]),
  ],
  "src/i.ts": [
    inferred('import type { Options } from "has-options";\nimport { make } from "./infer.js";\n', ["i", "n: number", "{ options: {} as Options, made: make(3) }"]),
    inferred('import type { Options } from "has-options";\nimport "extends-it";\n', ["i", "n: number", "{} as Options"]),
    inferred('import type { Options } from "has-options";\n', ["i", "n: number", "{} as Options"]),
    inferred('import { kind } from "./kind.js";\nimport type { Json } from "./tree.js";\n', ["i", "j: Json", "{ kind: kind(), j }"]),
    tasks("", ["i", "string", "number"]),
  ],
  "src/infer.ts": [
    "export const make = (n: number) => ({ at: new Date(), n });\n",
    'import type { A, B } from "./types.js";\nexport const make = (n: number) => ({ a: {} as A, b: n === 1 ? null : ({} as B) });\n',
    'import { kind } from "./kind.js";\nimport "extends-it";\nexport const make = (n: number) => ({ n, kind: kind() });\n',
  ],
  "src/kind.ts": [
    'export const kind = () => "a" as "a" | "b";\n',
    'import { Kind } from "./names.js";\nimport type { Options } from "has-options";\nexport const kind = () => ({ k: {} as Kind, o: {} as Options });\n',
  ],
  "src/service.ts": [
    "export const serve = () => 1;\n",
    'import type { A } from "./types.js";\nexport const serve = (a: A) => a;\n',
    'import type { Twin } from "./twin1.js";\ndeclare module "./types.js" { interface A { more?: Twin } }\nexport const serve = (a: Twin) => a;\n',
  ],
}; // prettier-ignore

/**
 * What else may happen: now and then, or nothing would be left to be kept. Undefined: the file is not there.
 */
const SELDOM: readonly (readonly [path: string, text: string | undefined])[] = [
  ["src/a.ts", "export const broken = {"],
  ["src/a.ts", tasks("", ["e", "string"])],
  ["src/kind.ts", "interface Scripted { s: 1 }\n"],
  ["node_modules/has-options/index.d.ts", "export interface Options { a: 2 }\n"],
  ["src/g.ts", tasks("", ["g", "() => void"])],
  ["src/g.ts", tasks(from("gone", "A"), ["g", "A"])],
  ["src/types.ts", undefined],
  ["src/types.ts", "export interface A { x: () => void }\nexport type B = A;\n"],
  ["src/service.ts", 'import type { A } from "./types.js";\ndeclare module "./types.js" { interface A { more: Date } }\nexport const serve = (a: A) => a;\n'],
  ["src/service.ts", 'import "../more/task.js";\n'],
  ["src/fresh.ts", tasks("", ["fresh", "string"])],
  ["src/fresh.ts", undefined],
  ["src/twin1x.d.ts", "export interface Twin { declared: true }\n"],
  ["src/twin1x.d.ts", undefined],
  ["more/task.ts", tasks("", ["more", "{ m: Date }"])],
  ["tsconfig.json", '{ "compilerOptions": { "module": "nodenext", "strict": true }, "include": ["src", "more"] }'],
  ["tsconfig.json", '{ "compilerOptions": { "module": "nodenext", "strict": true, "exactOptionalPropertyTypes": true }, "include": ["src"] }'],
  ["stem.config.json", '{ "decorators": [{ "decorator": "./src/own#Mail", "as": "Task", "queue": "set" }] }'],
  ["stem.config.json", undefined],
  [GENERATED, undefined],
]; // prettier-ignore

const START = {
  "package.json": '{ "type": "module" }',
  "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "strict": true }, "include": ["src"] }',
  "more/task.ts": tasks("", ["more", "{ m: string }"]),
  "node_modules/has-options/package.json": '{ "name": "has-options", "types": "index.d.ts" }',
  "node_modules/has-options/index.d.ts": "export interface Options { a: 1 }\n",
  "node_modules/extends-it/package.json": '{ "name": "extends-it", "types": "index.d.ts" }',
  "node_modules/extends-it/index.d.ts": 'export {};\ndeclare module "has-options" { interface Options { more: Date } }\n',
};

function write(project: CachedProject, path: string, text: string | undefined): void {
  if (text === undefined) rmSync(join(project.folder, path), { force: true });
  else project.write({ [path]: text });
}

/** What was kept is cut off, or of another time. */
function spoil(project: CachedProject, spoilt: Buffer[], random: () => number): void {
  if (!existsSync(join(project.folder, "node_modules/.cache/nestjs-stem"))) return;
  const path = project.cacheFile().replace(/\.json$/, ".parts.json");
  if (!existsSync(path)) return;
  const now = readFileSync(path);
  spoilt.push(now);
  writeFileSync(path, random() < 0.5 ? now.subarray(0, Math.floor(random() * now.length)) : pick(spoilt, random));
}

it("After any edits of handlers and of what they use, a run that reads these alone comes to the same as one that reads everything", async () => {
  const random = dice(SEED);
  const project = cachedProject({ ...START, ...Object.fromEntries(Object.entries(STATES).map(([path, [first]]) => [path, first!])) });
  const spoilt: Buffer[] = [];
  let again = 0;
  const { file } = Again.prototype;
  Again.prototype.file = function (path) {
    const found = file.call(this, path);
    if (found !== undefined) again++;
    return found;
  };
  try {
    /** To be taken back, mostly. */
    const odd = new Map<string, string | undefined>();
    for (let sequence = 0; sequence < SEQUENCES; sequence++) {
      for (const [path, text] of odd) if (random() < 0.7 && odd.delete(path)) write(project, path, text);
      for (let count = Math.floor(random() * 4); count > 0; count--) {
        if (random() < 0.08) {
          const [path, text] = pick(SELDOM, random);
          odd.set(path, STATES[path]?.[0] ?? (START as Readonly<Record<string, string>>)[path]);
          write(project, path, text);
        } else {
          const path = pick(Object.keys(STATES), random);
          odd.delete(path);
          write(project, path, pick(STATES[path]!, random));
        }
      }
      if (random() < 0.05) spoil(project, spoilt, random);
      const { ms: _, kept: __, state, diff: ___, ...told } = await project.run();
      const { ms: ____, state: now, diff, ...anew } = await project.generate({ check: true, cache: false });
      // To the byte: whatever differs makes it stale.
      expect({ sequence, state: now, diff, ...anew }).toEqual({ sequence, state: state === "errors" ? "errors" : "unchanged", ...told });
    }
    // Else nothing was tried.
    expect(again).toBeGreaterThan(SEQUENCES * 2);
  } finally {
    Again.prototype.file = file;
    project.remove();
  }
}, 1_800_000);
