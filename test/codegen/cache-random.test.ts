import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { type CachedProject, cachedProject } from "./cached-project.js";
import { dice, pick } from "./mutate.js";
import { GENERATED, MANIFEST, taskClass } from "./project.js";

/** `STEM_FUZZ=long` makes 2,000 sequences; `STEM_FUZZ_SEED` starts the dice elsewhere. */
const SEQUENCES = process.env["STEM_FUZZ"] === "long" ? 2_000 : 150;
const SEED = Number(process.env["STEM_FUZZ_SEED"] ?? 20_261_130);

const task = (name: string, input: string, imports = "", result = "Promise<void>") =>
  `import { Task } from "nestjs-stem";\n${imports}@Task("${name}")\nexport class ${name.toUpperCase()} {\n  /** Does it. */\n  async run(input: ${input}): ${result} {\n    return undefined as never;\n  }\n}\n`;

/**
 * What each file may be: all of it at once, as an editor, a formatter or a checkout would have it.
 * `undefined`: it is not there.
 */
const STATES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  "src/a.ts": [
    task("a", "{ to: string }"),
    task("a", "{ to: Date }"),
    task("b", "{ to: string }"),
    `\n\n${task("a", "{ to: string }")}`,
    task("a", "A", 'import type { A } from "./types.js";\n'),
    `${taskClass("A", "a")}${taskClass("A2", "a2").split("\n").slice(1).join("\n")}`,
    "export const broken = {",
    undefined,
  ],
  "src/c.ts": [
    task("c", "A | B", 'import type { A } from "./types.js";\nimport type { B } from "../more/b.js";\n'),
    task("c", "Pick<A, 'x'>", 'import type { A } from "./types.js";\n'),
    task("c", "{ [K in keyof A]: A[K] }", 'import type { A } from "./types.js";\n'),
    'import { Mail } from "./own.js";\nimport { NAME } from "./names.js";\n@Mail(NAME)\nexport class C {\n  async run(input: { n: number }) {\n    return [input.n];\n  }\n}\n',
    undefined,
  ],
  "src/d.ts": [
    'import { Step, Workflow, type WorkflowContext, defineEvent } from "nestjs-stem";\nimport { Base } from "./base.js";\nexport const paid = defineEvent<{ cents: number }>("paid");\n@Workflow("d")\nexport class D extends Base {\n  async run(id: string, ctx: WorkflowContext) {\n    await ctx.sleep("nap", 10);\n    return this.stamp();\n  }\n}\n',
    'import { Cron, Task } from "nestjs-stem";\n@Task("d")\n@Cron("0 9 * * *", { name: "daily" })\nexport class D {\n  async run(): Promise<void> {}\n}\n',
    undefined,
  ],
  "src/base.ts": [
    'import { Step } from "nestjs-stem";\nexport abstract class Base {\n  @Step() async stamp(): Promise<{ n: number }> {\n    return { n: 1 };\n  }\n}\n',
    'import { Step } from "nestjs-stem";\nexport abstract class Base {\n  @Step() async mark(): Promise<{ n: Date }> {\n    return { n: new Date() };\n  }\n  async stamp() {}\n}\n',
  ],
  "src/types.ts": [
    "export interface A { x: string }\n",
    "export interface A { x: number; next?: A }\n",
    "export interface A { y: string }\n",
    'export type { A } from "./types/index.js";\n',
    undefined,
  ],
  "src/types/index.ts": ["export interface A { x: Date }\n", undefined],
  "src/own.ts": [
    'import { Task, type TaskOptions } from "nestjs-stem";\nexport const Mail = (name: string, options: TaskOptions = {}) => Task(`mail.${name}`, options);\n',
    'import { Task } from "nestjs-stem";\nexport const Mail = (name: string) => Task(name, { queue: "mail" });\n',
  ],
  "src/service.ts": [
    "export const serve = () => 1;\n",
    "export const serve = () => 2; // of the same\n",
    'import "../more/task.js";\nexport const serve = () => 3;\n',
    'import type { A } from "./types.js";\ndeclare module "./types.js" { interface A { more: Date } }\nexport const serve = (a: A) => a;\n',
    undefined,
  ],
  "more/task.ts": [task("more", "{ m: string }"), task("more", "{ m: number }"), undefined],
  "src/names.ts": ['export const NAME = "one";\n', 'export const NAME = "two";\n', 'export const NAME = "a";\n'],
  "more/b.ts": ["export interface B { b: boolean }\n", "export interface B { b: 1 | 2 }\n", undefined],
  "more/b.d.ts": ["export interface B { declared: true }\n", undefined],
  "tsconfig.json": [
    '{ "extends": "./base.json", "include": ["src"] }',
    '{ "extends": "./base.json", "include": ["src", "more"] }',
    '{ "extends": "./base.json", "files": ["src/a.ts", "src/c.ts"] }',
  ],
  "base.json": [
    '{ "compilerOptions": { "module": "nodenext", "strict": true } }',
    '{ "compilerOptions": { "module": "esnext", "moduleResolution": "bundler" } }',
  ],
  "package.json": ['{ "type": "module" }', "{}"],
  "stem.config.json": [undefined, '{ "manifest": "jobs.json" }', '{ "decorators": [{ "decorator": "./src/own#Mail", "as": "Task", "queue": "set" }] }'],
}; // prettier-ignore

function write(project: CachedProject, path: string, text: string | undefined): void {
  if (text === undefined) rmSync(join(project.folder, path), { force: true });
  else project.write({ [path]: text });
}

/**
 * One edit: another state, the same one again, a stamp that lies, something that was written changed or gone,
 * a cache that is broken or of another time.
 */
function edit(project: CachedProject, caches: Buffer[], random: () => number): void {
  const kind = random();
  if (kind < 0.75) {
    const path = pick(Object.keys(STATES), random);
    write(project, path, pick(STATES[path]!, random));
  } else if (kind < 0.83) {
    const path = join(project.folder, pick(["src/names.ts", "src/own.ts", "src/base.ts"], random));
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path, "utf8").replace(/one|two|Task|Step/, (word) => (word === "one" ? "two" : word === "two" ? "one" : word)));
    utimesSync(path, atime, random() < 0.5 ? mtime : new Date(0));
  } else if (kind < 0.92) {
    const path = pick([GENERATED, MANIFEST], random);
    if (random() < 0.5) rmSync(join(project.folder, path), { force: true });
    else project.write({ [path]: pick(["", "// @generated by \"stem generate\". Do not edit.\n", '{ "stem": 1 }'].filter((text) => text === "" || text.startsWith("{") === path.endsWith("json")), random) });
  } else {
    try {
      const now = readFileSync(project.cacheFile());
      caches.push(now);
      writeFileSync(project.cacheFile(), random() < 0.5 ? now.subarray(0, Math.floor(random() * now.length)) : pick(caches, random));
    } catch {
      // Nothing is kept yet.
    }
  }
} // prettier-ignore

it("After any edits, a run that may use what was kept comes to the same as one that may not", async () => {
  const random = dice(SEED);
  const project = cachedProject(Object.fromEntries(Object.entries(STATES).flatMap(([path, [first]]) => (first === undefined ? [] : [[path, first]]))));
  const caches: Buffer[] = [];
  let kept = 0;
  try {
    for (let sequence = 0; sequence < SEQUENCES; sequence++) {
      const edits = Math.floor(random() * 4);
      for (let count = 0; count < edits; count++) edit(project, caches, random);
      const { ms: _, kept: held, state, diff: __, ...told } = await project.run();
      if (held && state === "unchanged") kept++;
      const { ms: ___, state: now, diff, ...anew } = await project.generate({ check: true, cache: false });
      // To the byte: whatever differs makes it stale.
      expect({ sequence, state: now, diff, ...anew }).toEqual({ sequence, state: state === "errors" ? "errors" : "unchanged", ...told });
    }
    // Else nothing was tried.
    expect(kept).toBeGreaterThan(SEQUENCES / 10);
  } finally {
    project.remove();
  }
}, 900_000); // prettier-ignore
