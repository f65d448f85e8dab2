import { describe, expect, it } from "@jest/globals";
import { generateAll } from "../../codegen/index.js";
import { GENERATED, taskClass, withProject } from "./project.js";

const USE = 'import { BackgroundTask as B } from "@acme/jobs";\n@B("a", { priority: 2 }) export class A { run() {} }';
const DECORATORS = '[{ decorator: "@acme/jobs#BackgroundTask", queue: "background", priority: 9 }]';

describe("stem.config", () => {
  it.each([
    ["stem.config.json", `{ "decorators": [{ "decorator": "@acme/jobs#BackgroundTask", "queue": "background", "priority": 9 }] }`],
    ["stem.config.mjs", `export default { app: async () => class {}, decorators: ${DECORATORS} };`],
    ["stem.config.cjs", `module.exports = { decorators: ${DECORATORS} };`],
    ["stem.config.ts", `import { defineConfig } from "nestjs-stem/codegen";\nexport default defineConfig({ app: () => import("./x.js"), decorators: ${DECORATORS} });`],
    ["stem.config.mts", `const decorators = ${DECORATORS} as const;\nexport default { decorators } satisfies object;`],
    ["stem.config.ts", `const q = "background";\nconst config = { decorators: [{ decorator: \`@acme/jobs#BackgroundTask\`, queue: q, priority: 9 }] };\nexport default config;`],
  ])("may be %s, and name decorators that cannot be followed", (file, text) =>
    withProject({ "src/app.ts": USE, [file]: text }, async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      expect(project.text(GENERATED)).toContain("a: stem.task('a', { queue: 'background', priority: 2 })");
    }),
  ); // prettier-ignore

  it("names a decorator of the project that works on the class itself, a workflow's too", () =>
    withProject(
      {
        "stem.config.json": '{ "decorators": ["./src/own#MailTask", { "decorator": "./src/own#Flow", "as": "Workflow" }] }',
        "src/own.ts": 'import { Task, Workflow } from "nestjs-stem";\nexport const MailTask = (n?: string) => (t: object) => Task(n)(t as never);\nexport const Flow = (t: object) => Workflow()(t as never);',
        "src/app.ts": 'import { MailTask, Flow } from "./own.js";\n@MailTask() export class A { run() {} }\n@Flow export class B { run() {} }',
      },
      async (project) => {
        expect(await project.diagnostics()).toEqual([]);
        expect(project.text(GENERATED)).toContain("a: stem.task('a', { queue: 'default' })");
        expect(project.text(GENERATED)).toContain("b: stem.workflow('b', { queue: 'default' })");
      },
    )); // prettier-ignore

  it("says which project to read and where to write; options on the command line win", () =>
    withProject(
      {
        "stem.config.json": '{ "project": "app", "out": "app/client.ts" }',
        "app/tsconfig.json": "{}",
        "app/a.ts": taskClass("A", "a"),
        "src/b.ts": taskClass("B", "b"),
      },
      async (project) => {
        expect(await project.generate()).toMatchObject({ out: "app/client.ts", tasks: 1 });
        expect(await project.generate({ out: "app/other.ts" })).toMatchObject({ out: "app/other.ts", tasks: 1 });
        expect(await project.generate({ project: "tsconfig.json", out: GENERATED })).toMatchObject({ out: GENERATED, tasks: 2 });
      },
    ));

  it("lists applications where there is no nest-cli.json", () =>
    withProject(
      {
        "stem.config.json":
          '{ "apps": { "api": { "project": "api/tsconfig.json" }, "jobs": { "project": "jobs", "out": "jobs/jobs.gen.ts" } } }',
        "api/tsconfig.json": "{}",
        "api/a.ts": taskClass("A", "a"),
        "jobs/tsconfig.json": "{}",
        "jobs/b.ts": taskClass("B", "b"),
      },
      async ({ folder }) => {
        const results = await generateAll({ cwd: folder });
        expect(results.map(({ app, out }) => [app, out])).toEqual([
          ["api", "api/stem/stem.gen.ts"],
          ["jobs", "jobs/jobs.gen.ts"],
        ]);
      },
    ));

  it.each([
    ["stem.config.json", "{", /stem\.config\.json cannot be read: /],
    ["stem.config.json", "[]", /does not export an object/],
    ["stem.config.json", '{ "outs": "x" }', /"outs" in stem\.config\.json is not an option\.\n.*There are: app, project, out/],
    ["stem.config.json", '{ "decorators": ["MailTask"] }', /"decorators" in stem\.config\.json is not what it should be/],
    ["stem.config.json", '{ "decorators": ["./src/app#Missing"] }', /The decorator "\.\/src\/app#Missing" is not there/],
    ["stem.config.json", '{ "__proto__": 1 }', /"__proto__" in stem\.config\.json is not an option/],
    ["stem.config.mjs", "export default {", /stem\.config\.mjs cannot be read: /],
    ["stem.config.mjs", "throw 1;", /stem\.config\.mjs cannot be read: 1/],
    ["stem.config.ts", "export default { out: process.env.OUT };", /"out" is not a constant, and TypeScript is not run here/],
    ["stem.config.ts", "export const config = {};", /it has no default export/],
    ["stem.config.ts", "export default {{", /stem\.config\.ts cannot be read/],
  ])("%s that holds %s says what is wrong", (file, text, told) =>
    withProject({ "src/app.ts": taskClass("A", "a"), [file]: text }, async (project) => {
      const error: unknown = await project.generate().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "STEM_CODEGEN_CONFIG" });
      expect((error as Error).message).toMatch(told);
    }),
  );
});
