import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { hashOf } from "../../codegen/disk.js";
import { generateAll } from "../../codegen/index.js";
import { type CachedProject, withCached } from "./cached-project.js";
import { taskClass } from "./project.js";

const app = (root: string) => ({
  type: "application",
  root,
  sourceRoot: `${root}/src`,
  compilerOptions: { tsConfigPath: `${root}/tsconfig.json` },
});
const TSCONFIG = '{ "compilerOptions": { "module": "esnext", "moduleResolution": "bundler", "strict": true }, "include": ["src"] }';
const task = (name: string, input: string, output: string, body = "") =>
  `import { Task } from "nestjs-stem";\nimport type { TT } from "../../../libs/t";\n@Task("${name}")\nexport class ${name.toUpperCase()} { async run(i: ${input})${output} {${body}} }\n`;

/** Two applications that share a type, which one of them has from the checker alone. */
const TWO = {
  "nest-cli.json": JSON.stringify({ monorepo: true, projects: { a: app("apps/a"), b: app("apps/b") } }),
  "apps/a/tsconfig.json": TSCONFIG,
  "apps/b/tsconfig.json": TSCONFIG,
  "libs/t.ts": "export interface TT { a: 1 }\n",
  "apps/a/src/a.ts": task("a", "TT", ": Promise<void>"),
  "apps/b/src/b.ts": task("b", "1", "", " return { t: null! as TT }; "),
  "apps/b/src/c.ts": task("c", "1", ": Promise<void>"),
};

const all = async ({ folder }: CachedProject, options: object = {}) =>
  (await generateAll({ cwd: folder, ...options })).map(({ app: name, state, diff }) => ({ name, state, diff }));

const partsFile = (project: CachedProject): string => project.cacheFile().replace(/(?:\.parts)?\.json$/, ".parts.json");

function rewriteParts(project: CachedProject, change: (parts: Record<string, Record<string, unknown>>, of: unknown) => unknown): void {
  const { of, parts } = JSON.parse(readFileSync(partsFile(project), "utf8").split("\n")[1]!) as { of: unknown; parts: Record<string, Record<string, unknown>> };
  const body = JSON.stringify(change(parts, of));
  writeFileSync(partsFile(project), `${hashOf(body)}\n${body}`);
} // prettier-ignore

it("A type that two applications share is seen to change by both, also where only the checker's answers have it", () =>
  withCached(TWO, async (project) => {
    await all(project);
    // What is found out of `c` anew is kept beside what still holds of `b`.
    project.write({ "apps/b/src/c.ts": task("c", "2", ": Promise<void>") });
    expect(await all(project)).toMatchObject([{ state: "unchanged" }, { state: "written" }]);
    project.write({ "libs/t.ts": "export interface TT { a: string }\n" });
    expect(await all(project)).toMatchObject([{ state: "written" }, { state: "written" }]);
    expect(project.text("apps/b/stem.manifest.json")).toContain('"string"');
    expect(await all(project, { check: true, cache: false })).toMatchObject([{ state: "unchanged" }, { state: "unchanged" }]);
  }));

it("What was found out is not used by an application that depends on an edited file of which it does not know what was in it", () =>
  withCached(TWO, async (project) => {
    await all(project);
    const path = join(project.folder, "libs/t.ts");
    rewriteParts(project, (parts, of) => {
      delete (parts["b"]!["sources"] as Record<string, string>)[path];
      return { of, parts };
    });
    project.write({ "libs/t.ts": "export interface TT { a: string }\n" });
    expect(await all(project)).toMatchObject([{ state: "written" }, { state: "written" }]);
    expect(await all(project, { check: true, cache: false })).toMatchObject([{ state: "unchanged" }, { state: "unchanged" }]);
  }));

it("What was found out is ignored and written again if it is whole, but of another shape", () =>
  withCached({ "src/a.ts": taskClass("A", "a") }, async (project) => {
    await project.run();
    const shapes: readonly ((part: Record<string, unknown>) => unknown)[] = [
      () => null,
      () => 1,
      () => "text",
      () => [],
      () => ({ "": {} }),
      () => ({ "": null }),
      () => ({ "": [] }),
      ...["project", "sources", "glances", "leads", "everywhere", "read", "tied", "types", "checked"].flatMap((key) =>
        [null, 1, {}, []].map((value) => (part: Record<string, unknown>) => ({ "": { ...part, [key]: value } })),
      ),
    ]; // prettier-ignore
    for (const [at, shape] of shapes.entries()) {
      rewriteParts(project, (parts, of) => ({ of, parts: shape(parts[""]!) }));
      project.write({ "src/a.ts": taskClass("A", `a${at}`) });
      expect(await project.run()).toMatchObject({ state: "written" });
      await project.upToDate();
    }
    for (const value of [null, 1, "text", [], {}]) {
      rewriteParts(project, () => value);
      project.write({ "src/a.ts": taskClass("A", "of.none") });
      expect(await project.run()).toMatchObject({ state: "written" });
      project.write({ "src/a.ts": taskClass("A", "a") });
      expect(await project.run()).toMatchObject({ state: "written" });
    }
  }));
