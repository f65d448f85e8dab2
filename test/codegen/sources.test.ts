import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { generateAll } from "../../codegen/index.js";
import { GENERATED, taskClass, type TestProject, withProject } from "./project.js";

const NEST = JSON.stringify({
  monorepo: true,
  projects: {
    api: { type: "application", root: "apps/api", sourceRoot: "apps/api/src", compilerOptions: { tsConfigPath: "apps/api/tsconfig.app.json" } },
    worker: { type: "application", root: "apps/worker", sourceRoot: "apps/worker/src" },
    web: { type: "application", root: "apps/web", compilerOptions: { tsConfigPath: "apps/web/tsconfig.app.json" } },
    jobs: { type: "library", root: "libs/jobs", sourceRoot: "libs/jobs/src" },
  },
}); // prettier-ignore
const APP = '{ "extends": "../../tsconfig.json", "include": ["src/**/*"] }';
const monorepo = {
  "package.json": "{}",
  "nest-cli.json": NEST,
  "tsconfig.json": '{ "compilerOptions": { "module": "commonjs", "paths": { "@app/jobs": ["./libs/jobs/src"], "@app/jobs/*": ["./libs/jobs/src/*"] } } }',
  "apps/api/tsconfig.app.json": APP,
  "apps/api/src/signup.ts": taskClass("Signup", "signup"),
  "apps/worker/tsconfig.app.json": APP,
  "apps/worker/src/main.ts": 'import { JobsModule } from "@app/jobs";\nvoid JobsModule;',
  "apps/web/tsconfig.app.json": APP,
  "apps/web/src/main.ts": 'import type { JobsModule } from "@app/jobs";\nexport type M = JobsModule;',
  "libs/jobs/src/index.ts": 'export * from "./jobs.module";\nexport { SendMail as MailSender } from "./send-mail";\nexport { SendMail } from "./send-mail";',
  "libs/jobs/src/jobs.module.ts": 'import { SendMail } from "./send-mail";\nimport { Hidden } from "./hidden";\nexport class JobsModule { of = [SendMail, Hidden]; }',
  "libs/jobs/src/send-mail.ts": taskClass("SendMail", "mail.send"),
  "libs/jobs/src/hidden.ts": taskClass("Hidden", "hidden"),
  "libs/jobs/src/unused.ts": taskClass("Unused", "unused"),
}; // prettier-ignore

const all = (project: TestProject, options: object = {}) => generateAll({ cwd: project.folder, ...options });

describe("In a Nest monorepo", () => {
  it("each application that has handlers gets a client of its own, with those of the libraries it runs", () =>
    withProject(monorepo, async (project) => {
      const results = await all(project);
      expect(results.map(({ app, out, tasks, state }) => [app, out, tasks, state])).toEqual([
        ["api", "apps/api/src/stem/stem.gen.ts", 1, "written"],
        ["worker", "apps/worker/src/stem/stem.gen.ts", 2, "written"],
        ["web", "apps/web/src/stem/stem.gen.ts", 0, "empty"],
      ]);
      const worker = project.text("apps/worker/src/stem/stem.gen.ts");
      expect(worker).toContain("import type { SendMail } from '@app/jobs';");
      expect(worker).toContain("import type { Hidden } from '../../../../libs/jobs/src/hidden';");
      expect(worker).not.toContain("Unused");
      expect((await all(project)).map(({ state }) => state)).toEqual(["unchanged", "unchanged", "empty"]);
    }));

  it("one of them may be named, also one without handlers; an unknown name lists the known ones", () =>
    withProject(monorepo, async (project) => {
      expect((await all(project, { app: "web" })).map(({ app, state }) => [app, state])).toEqual([["web", "written"]]);
      await expect(all(project, { app: "wroker" })).rejects.toThrow(/no application "wroker" here.\n.*There are: api, worker, web\./);
      await expect(all(project, { out: "x.ts" })).rejects.toMatchObject({ code: "STEM_OUT_REFUSED" });
      expect((await all(project, { project: "apps/api/tsconfig.app.json" })).map(({ app, tasks }) => [app, tasks])).toEqual([[undefined, 1]]);
      await expect(project.generate()).rejects.toMatchObject({ code: "STEM_PROJECT_NOT_FOUND" });
    })); // prettier-ignore

  it("names need to be unique within each application only", () =>
    withProject({ ...monorepo, "apps/api/src/mail.ts": taskClass("Mail", "mail.send") }, async (project) => {
      expect((await all(project)).map(({ state }) => state)).toEqual(["written", "written", "empty"]);
      project.write({ "apps/api/src/uses.ts": 'import "@app/jobs";' });
      expect((await all(project)).map(({ state }) => state)).toEqual(["errors", "unchanged", "empty"]);
    }));
});

/** Packages in one workspace: `packages/jobs`, linked into node_modules, with the app in `app`. */
async function workspace(files: Readonly<Record<string, string>>, use: (project: TestProject) => Promise<void>): Promise<void> {
  const base = {
    "packages/jobs/package.json": '{ "name": "@acme/jobs", "type": "module", "types": "./dist/index.d.ts", "main": "./dist/index.js" }',
    "packages/jobs/tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "outDir": "dist", "rootDir": "src", "declaration": true, "composite": true }, "include": ["src"] }',
    "packages/jobs/src/index.ts": 'export { SendMail } from "./send-mail.js";\nexport { BackgroundTask } from "./decorators.js";\nexport { NAMES } from "./names.js";',
    "packages/jobs/src/names.ts": 'export const NAMES = { mail: "mail.send" } as const;',
    "packages/jobs/src/send-mail.ts": 'import { NAMES } from "./names.js";\nimport { Task } from "nestjs-stem";\n@Task(NAMES.mail) export class SendMail { run(input: string) {} }',
    "packages/jobs/src/decorators.ts": 'import { applyDecorators } from "@nestjs/common";\nimport { Task } from "nestjs-stem";\nexport const BackgroundTask = (name: string) => applyDecorators(Task(name, { queue: "background" }));',
    "src/app.ts": 'import { SendMail, BackgroundTask, NAMES } from "@acme/jobs";\n@BackgroundTask(`later.${NAMES.mail}`) export class Later extends SendMail {}',
  }; // prettier-ignore
  await withProject({ ...base, ...files }, async (project) => {
    const link = join(project.folder, "node_modules/@acme/jobs");
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync("../../packages/jobs", link);
    await use(project);
  });
}

describe("Packages of the same workspace are read from their sources", () => {
  const built = {
    "packages/jobs/dist/index.d.ts": 'export { SendMail } from "./send-mail.js";\nexport { BackgroundTask } from "./decorators.js";\nexport { NAMES } from "./names.js";',
    "packages/jobs/dist/send-mail.d.ts": "export declare class SendMail { run(input: string): void }",
    "packages/jobs/dist/decorators.d.ts": "export declare const BackgroundTask: (name: string) => any;",
    "packages/jobs/dist/names.d.ts": 'export declare const NAMES: { readonly mail: "mail.send" };',
  }; // prettier-ignore
  const inTsconfig = { "tsconfig.json": '{ "compilerOptions": { "module": "nodenext" }, "include": ["src"] }' };
  it.each<[string, Readonly<Record<string, string>>]>([
    ["not built yet", inTsconfig],
    ["built", { ...inTsconfig, ...built }],
    ["by paths", { "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "paths": { "@acme/jobs": ["./packages/jobs/src/index.ts"] } }, "include": ["src"] }' }],
    ["by project references", { ...built, "tsconfig.json": '{ "compilerOptions": { "module": "nodenext" }, "include": ["src"], "references": [{ "path": "packages/jobs" }] }' }],
    ["by exports", { ...inTsconfig, "packages/jobs/package.json": '{ "name": "@acme/jobs", "type": "module", "exports": { ".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" } } }' }],
  ])("%s", (_, files) =>
    workspace(files, async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      const text = project.text(GENERATED);
      expect(text).toContain("import type { SendMail } from '@acme/jobs';");
      expect(text).toContain("stem.task('mail.send', { queue: 'default' })");
      expect(text).toContain("stem.task('later.mail.send', { queue: 'background' })");
    }),
  ); // prettier-ignore

  it("and a class that the package keeps to itself is an error", () =>
    workspace({ "packages/jobs/src/index.ts": 'import "./send-mail.js";', "src/app.ts": 'import "@acme/jobs";', ...inTsconfig }, async (project) => {
      expect(await project.diagnostics()).toEqual([
        "packages/jobs/src/send-mail.ts:3:32 - error STEM1102: class SendMail is in another package, which does not export it from what this project imports. Export it there, under its name, so that the client can refer to its types.",
      ]);
    })); // prettier-ignore

  it("but one that is installed is not the application's own", () =>
    withProject(
      {
        "src/app.ts": 'import { A } from "lib";\nvoid A;',
        "node_modules/lib/package.json": '{ "name": "lib", "types": "index.ts" }',
        "node_modules/lib/index.ts": taskClass("A", "a"),
      },
      async (project) => {
        expect(await project.generate()).toMatchObject({ tasks: 0, diagnostics: [] });
      },
    ));
});

it("files that the tsconfig lists only by what they import are read", () =>
  withProject(
    {
      "tsconfig.json": '{ "compilerOptions": { "module": "nodenext" }, "files": ["src/main.ts"] }',
      "src/main.ts": 'import { A } from "./a.js";\nimport "./deep/index.js";\nvoid A;',
      "src/a.ts": taskClass("A", "a"),
      "src/deep/index.ts": 'export * from "../a.js";\nexport { B } from "./b.js";\nexport const c = () => import("./c.js");',
      "src/deep/b.ts": taskClass("B", "b"),
      "src/deep/c.ts": taskClass("C", "c"),
      "src/left-out.ts": taskClass("D", "d"),
    },
    async (project) => {
      expect(await project.generate()).toMatchObject({ tasks: 3, diagnostics: [] });
      expect(project.text(GENERATED)).toContain("import type { B } from '../deep/b.js';");
    },
  ));
