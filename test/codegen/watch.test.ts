import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { type Generated, watch, type WatchOptions } from "../../codegen/index.js";
import { Again } from "../../codegen/read/again.js";
import { withCached } from "./cached-project.js";
import { GENERATED, taskClass, type TestProject, withProject } from "./project.js";

/** Watches a project; results are taken one by one, in order. */
async function watched<T>(
  files: Readonly<Record<string, string>>,
  options: WatchOptions,
  use: (project: TestProject, next: () => Promise<Generated>, all: readonly Generated[]) => Promise<T>,
): Promise<void> {
  await withProject(files, async (project) => {
    const all: Generated[] = [];
    const waiting: (() => void)[] = [];
    let taken = 0;
    const watching = await watch({ cwd: project.folder, quietMs: 5, pollMs: 20, ...options }, (result) => {
      all.push(result);
      waiting.shift()?.();
    });
    const next = async (): Promise<Generated> => {
      if (taken === all.length) await new Promise<void>((resolve) => waiting.push(resolve));
      return all[taken++]!;
    };
    try {
      await use(project, next, all);
    } finally {
      await watching.close();
    }
  });
}

it("stem generate --watch begins with what the last run has kept, and knows of every file from then on", () => {
  const task = (name: string) =>
    `import { Task } from "nestjs-stem";\nimport type { Mail } from "./mail.js";\n@Task("${name}") export class ${name.toUpperCase()} { async run(input: Mail): Promise<void> {} }\n`;
  const files = { "src/a.ts": task("a"), "src/b.ts": task("b"), "src/mail.ts": "export interface Mail { to: string }\n" };
  let again = 0;
  const { file } = Again.prototype;
  Again.prototype.file = function (path) {
    const found = file.call(this, path);
    if (found !== undefined) again++;
    return found;
  };
  return withCached(files, async (project) => {
    await project.generate();
    project.write({ "src/a.ts": task("edited") });
    const all: Generated[] = [];
    const waiting: (() => void)[] = [];
    const next = async (count: number): Promise<Generated | undefined> => {
      while (all.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return all.at(-1);
    };
    const watching = await watch({ cwd: project.folder, quietMs: 5, pollMs: 20 }, (result) => {
      all.push(result);
      waiting.shift()?.();
    });
    try {
      expect(await next(1)).toMatchObject({ state: "written", tasks: 2 });
      expect(again).toBe(1);
      project.write({ "src/mail.ts": "export interface Mail { to: Date }\n" });
      expect(await next(2)).toMatchObject({ state: "written", tasks: 2 });
      await project.upToDate();
      expect(again).toBe(1);
    } finally {
      await watching.close();
    }
  }).finally(() => (Again.prototype.file = file));
});

describe.each([
  ["told by the system", {}],
  ["looking regularly", { poll: true }],
])("stem generate --watch, %s", (_, options) => {
  it("writes at once and after every edit, new file, new folder and removal", () =>
    watched({ "src/a.ts": taskClass("A", "a") }, options, async (project, next) => {
      expect(await next()).toMatchObject({ tasks: 1, state: "written" });
      project.write({ "src/a.ts": taskClass("A", "a.renamed") });
      expect(await next()).toMatchObject({ tasks: 1, state: "written" });
      expect(project.text(GENERATED)).toContain("'a.renamed'");
      project.write({ "src/b.ts": taskClass("B", "b") });
      expect(await next()).toMatchObject({ tasks: 2, state: "written" });
      project.write({ "src/deep/er/c.ts": taskClass("C", "c") });
      expect(await next()).toMatchObject({ tasks: 3, state: "written" });
      rmSync(join(project.folder, "src/b.ts"));
      expect(await next()).toMatchObject({ tasks: 2, state: "written" });
    }));

  it("follows a constant to a file the project does not include", () =>
    watched(
      {
        "tsconfig.json": '{ "compilerOptions": { "module": "nodenext" }, "include": ["src"] }',
        "src/a.ts":
          'import { Task } from "nestjs-stem";\nimport { NAME } from "../shared/names.js";\n@Task(NAME) export class A { run() {} }',
        "shared/names.ts": 'export const NAME = "one";',
      },
      options,
      async (project, next) => {
        expect(await next()).toMatchObject({ state: "written" });
        project.write({ "shared/names.ts": 'export const NAME = "two";' });
        expect(await next()).toMatchObject({ state: "written" });
        expect(project.text(GENERATED)).toContain("'two'");
      },
    ));

  it("reads again what an edit elsewhere changes: constants, composed decorators, what a name leads to", () =>
    watched(
      {
        "src/a.ts": 'import { Own } from "./own.js";\n@Own("a") export class A { run() {} }',
        "src/b.ts": taskClass("B", "b"),
        "src/own.ts": 'import { Task } from "nestjs-stem";\nimport { PREFIX } from "./barrel.js";\nexport const Own = (n: string) => Task(PREFIX + n);',
        "src/barrel.ts": 'export * from "./names.js";',
        "src/names/index.ts": 'export const PREFIX = "wrong.";',
        "src/names.ts": 'export const PREFIX = "one.";',
      },
      options,
      async (project, next) => {
        const after = async (files: Readonly<Record<string, string>>, name: string): Promise<void> => {
          project.write(files);
          let result = await next();
          while (!project.text(GENERATED).includes(`'${name}'`)) result = await next();
          expect(result).toMatchObject({ tasks: 2, diagnostics: [] });
        };
        await after({}, "one.a");
        await after({ "src/names.ts": 'export const PREFIX = "two.";' }, "two.a");
        await after({ "src/own.ts": 'import { Task } from "nestjs-stem";\nexport const Own = (n: string) => Task(`three.${n}`);' }, "three.a");
        await after({ "src/own.ts": 'import { Task } from "nestjs-stem";\nimport { PREFIX } from "./more.js";\nexport const Own = (n: string) => Task(PREFIX + n);', "src/more.ts": 'export const PREFIX = "four.";' }, "four.a");
        await after({ "src/b.ts": taskClass("B", "b2") }, "b2");
        project.write({ "src/b.ts": `${taskClass("B", "b3")}export const x = ${"(".repeat(20_000)}1${")".repeat(20_000)};` });
        expect(await next()).toMatchObject({ state: "errors", diagnostics: [{ code: "STEM1016" }] });
        await after({ "src/b.ts": taskClass("B", "b4") }, "b4");
      },
    )); // prettier-ignore

  it("reports errors, keeps the file, and goes on when they are mended; a broken tsconfig is an error like others", () =>
    watched({ "src/a.ts": taskClass("A", "a") }, options, async (project, next) => {
      expect(await next()).toMatchObject({ state: "written" });
      const before = project.text(GENERATED);
      project.write({ "src/a.ts": taskClass("A", "a b") });
      expect(await next()).toMatchObject({ state: "errors", diagnostics: [{ code: "STEM1002" }] });
      project.write({ "tsconfig.json": '{ "extends": "./missing.json" }' });
      expect(await next()).toMatchObject({ state: "errors", diagnostics: [{ code: "STEM1017" }] });
      expect(project.text(GENERATED)).toBe(before);
      project.write({ "src/a.ts": taskClass("A", "b"), "tsconfig.json": '{ "include": ["src"] }' });
      let result = await next();
      while (result.state === "errors") result = await next();
      expect(result).toMatchObject({ state: "written" });
    }));

  it("does not take its own writing for an edit, but writes again what was deleted", () =>
    watched({ "src/a.ts": taskClass("A", "a") }, options, async (project, next, all) => {
      expect(await next()).toMatchObject({ state: "written" });
      project.write({ "src/a.ts": taskClass("A", "b") });
      expect(await next()).toMatchObject({ state: "written" });
      // That nothing happens can only be seen by waiting: several times the quiet time and the time between
      // two looks.
      await new Promise((resolve) => setTimeout(resolve, 150));
      rmSync(join(project.folder, GENERATED));
      expect(await next()).toMatchObject({ state: "written" });
      expect(all.map(({ state }) => state)).toEqual(["written", "written", "written"]);
    }));
});

describe.each([
  ["told by the system", {}],
  ["looking regularly", { poll: true }],
])("stem generate --watch starts over, %s,", (_, options) => {
  const base = { "base/tsconfig.base.json": "{}", "tsconfig.json": '{ "extends": "./base/tsconfig.base.json" }' };
  const use = 'import { Job } from "job";\n@Job("a") export class A { run() {} }\n@Job("b") export class B { run() {} }';

  it("when stem.config comes, changes, breaks and goes", () =>
    watched({ ...base, "src/a.ts": use }, options, async (project, next) => {
      expect(await next()).toMatchObject({ tasks: 0, state: "written" });
      project.write({ "stem.config.json": '{ "decorators": ["job#Job"] }' });
      expect(await next()).toMatchObject({ tasks: 2, state: "written" });
      project.write({ "stem.config.json": '{ "decorators": ["job#Job"], "out": "src/other.ts" }' });
      expect(await next()).toMatchObject({ tasks: 2, out: "src/other.ts" });
      project.write({ "stem.config.json": "{ broken" });
      expect(await next()).toMatchObject({ state: "errors", diagnostics: [{ code: "STEM1017", file: "stem.config.json" }] });
      rmSync(join(project.folder, "stem.config.json"));
      expect(await next()).toMatchObject({ tasks: 0, out: GENERATED });
    }));

  it("when nest-cli.json names applications, and each is watched", () =>
    watched({ ...base, "src/a.ts": taskClass("A", "a"), "b/tsconfig.json": "{}", "b/b.ts": taskClass("B", "b") }, options, async (project, next) => {
      expect(await next()).toMatchObject({ tasks: 2 });
      const app = (root: string) => ({ type: "application", root, compilerOptions: { tsConfigPath: `${root}/tsconfig.json` } });
      project.write({ "src/tsconfig.json": "{}", "nest-cli.json": JSON.stringify({ projects: { b: app("b"), src: app("src") } }) });
      let results = [await next(), await next()];
      // The whole project may have been read once more before the applications were known.
      while (results.some(({ app: name }) => name === undefined)) results = [results[1]!, await next()];
      expect(results.map(({ app: name, tasks }) => [name, tasks])).toEqual([["b", 1], ["src", 1]]);
      project.write({ "src/a.ts": taskClass("A", "a.renamed") });
      expect(await next()).toMatchObject({ app: "src", tasks: 1, state: "written" });
    })); // prettier-ignore

  it("when what the tsconfig extends changes", () =>
    watched({ ...base, "src/a.ts": taskClass("A", "a") }, options, async (project, next) => {
      expect(await next()).toMatchObject({ tasks: 1 });
      project.write({ "base/tsconfig.base.json": '{ "compilerOptions": { "module": "nodenext" } }' });
      expect(await next()).toMatchObject({ tasks: 1, state: "written" });
      expect(project.text(GENERATED)).toContain("from '../a.js'");
    }));
});

it("stem generate --watch fails at once for a project that is not there", () =>
  withProject({}, async ({ folder }) => {
    await expect(watch({ cwd: folder, project: "missing.json" }, () => {})).rejects.toMatchObject({ code: "STEM_PROJECT_NOT_FOUND" });
  }));
