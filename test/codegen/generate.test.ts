import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { format } from "prettier";
import { CodegenError, generate } from "../../codegen/index.js";
import { loadTypescript } from "../../codegen/read/load.js";
import { GENERATED, MANIFEST, taskClass, withProject } from "./project.js";

const shop = fileURLToPath(new URL("fixtures/shop", import.meta.url));

describe("stem generate", () => {
  it("writes for the shop exactly the file that is kept beside it", async () => {
    const result = await generate({ cwd: shop, check: true });
    expect({ ...result, ms: 0 }).toEqual({
      out: GENERATED,
      manifest: { path: MANIFEST, text: readFileSync(join(shop, MANIFEST), "utf8") },
      tasks: 8,
      schedules: 3,
      workflows: 2,
      diagnostics: [],
      state: "unchanged",
      ms: 0,
    });
  });

  it("writes the same text wherever the project is and however its files are listed, also when the generated file is missing", async () => {
    const golden = readFileSync(join(shop, GENERATED), "utf8");
    const folder = mkdtempSync(join(tmpdir(), "stem-shop-"));
    try {
      cpSync(join(shop, "src"), join(folder, "src"), { recursive: true });
      cpSync(join(shop, "package.json"), join(folder, "package.json"));
      rmSync(join(folder, "src/stem"), { recursive: true });
      const files = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
      const { compilerOptions } = JSON.parse(readFileSync(join(shop, "tsconfig.json"), "utf8")) as { compilerOptions: object };
      for (const order of [files.toSorted(), files.toSorted().toReversed(), files.toSorted((a, b) => a.length - b.length)]) {
        rmSync(join(folder, GENERATED), { force: true });
        const tsconfig = JSON.stringify({ compilerOptions, files: order.map((path) => `src/${path}`) });
        writeFileSync(join(folder, "tsconfig.json"), tsconfig);
        expect((await generate({ cwd: folder })).state).toBe("written");
        expect(readFileSync(join(folder, GENERATED), "utf8")).toBe(golden);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("writes what prettier leaves alone, with Nest's settings", async () => {
    const text = readFileSync(join(shop, GENERATED), "utf8");
    expect(await format(text, { parser: "typescript", singleQuote: true, trailingComma: "all" })).toBe(text);
  });

  it("does not touch a file that is up to date, and leaves nothing else behind", () =>
    withProject({ "src/a.ts": taskClass("SendMail", "mail.send") }, async (project) => {
      expect((await project.generate()).state).toBe("written");
      const { mtimeNs, ino } = statSync(join(project.folder, GENERATED), { bigint: true });
      expect((await project.generate()).state).toBe("unchanged");
      expect(statSync(join(project.folder, GENERATED), { bigint: true })).toMatchObject({ mtimeNs, ino });
      expect(readdirSync(join(project.folder, "src/stem"))).toEqual(["stem.gen.ts"]);
    }));

  it("takes a checkout with CRLF for up to date", () =>
    withProject({ "src/a.ts": taskClass("SendMail", "mail.send") }, async (project) => {
      await project.generate();
      project.write({ [GENERATED]: project.text(GENERATED).replaceAll("\n", "\r\n") });
      expect((await project.generate({ check: true })).state).toBe("unchanged");
    }));

  it("takes a client for up to date from which ESLint has removed its unused directive, and writes it again with the next change", () =>
    withProject({ "src/a.ts": taskClass("A", "a") }, async (project) => {
      await project.generate();
      const text = project.text(GENERATED);
      // A space is what ESLint itself leaves.
      for (const left of [" \n", "\n", ""]) {
        const fixed = text.replace("/* eslint-disable */\n", left);
        expect(fixed).not.toBe(text);
        project.write({ [GENERATED]: fixed });
        for (const check of [true, false]) expect(await project.generate({ check })).toMatchObject({ state: "unchanged" });
        expect(project.text(GENERATED)).toBe(fixed);
      }
      project.write({ [GENERATED]: `${project.text(GENERATED)}// more` });
      expect(await project.generate({ check: true })).toMatchObject({ state: "stale" });
      expect(await project.generate()).toMatchObject({ state: "written" });
      expect(project.text(GENERATED)).toBe(text);
    }));

  it("with check writes nothing and shows what would change", () =>
    withProject({ "src/a.ts": taskClass("SendMail", "mail.send") }, async (project) => {
      const missing = await project.generate({ check: true });
      expect(missing.state).toBe("stale");
      expect(missing.diff).toMatch(/^--- \/dev\/null\n\+\+\+ src\/stem\/stem\.gen\.ts\n@@ -0,0 \+1,\d+ @@\n\+\/\/ @generated/);
      expect(existsSync(join(project.folder, "src/stem"))).toBe(false);
      await project.generate();
      const before = project.text(GENERATED);
      project.write({ "src/a.ts": taskClass("SendMail", "mail.send", ", { queue: 'mail' }") });
      const { state, diff } = await project.generate({ check: true });
      expect(state).toBe("stale");
      expect(diff).toContain(
        "-        send: stem.task('mail.send', { queue: 'default' }),\n+        send: stem.task('mail.send', { queue: 'mail' }),\n",
      );
      expect(diff?.split("\n").filter((line) => /^[-+](?![-+])/.test(line))).toHaveLength(9);
      expect(project.text(GENERATED)).toBe(before);
    }));

  it("writes a client without members for a project without handlers", () =>
    withProject({ "src/main.ts": "export {};" }, async (project) => {
      expect(await project.generate()).toMatchObject({ tasks: 0, workflows: 0, state: "written" });
      expect(project.text(GENERATED)).toContain(
        "  readonly tasks: {};\n  readonly workflows: {};\n  readonly events: {};\n  readonly schedules: {};\n",
      );
      expect(project.text(GENERATED)).toContain("import { InjectStem, Stem, type StemDefinitions } from 'nestjs-stem';\n");
    }));

  it("injects the instances that handlers belong to, and no other", () =>
    withProject({ "src/a.ts": taskClass("Invoice", "invoice", ", { instance: 'billing' }") }, async (project) => {
      await project.generate();
      expect(project.text(GENERATED)).toContain(
        "constructor(@InjectStem('billing') stem1: Stem) {\n    this.tasks = {\n      invoice: stem1.task('invoice', { queue: 'default' }),",
      );
      project.write({ "src/b.ts": taskClass("SendMail", "mail.send") });
      await project.generate();
      expect(project.text(GENERATED)).toContain(
        "constructor(@InjectStem() stem: Stem, @InjectStem('billing') stem1: Stem) {\n    this.stem = stem;",
      );
    }));

  it("lets events go with the only instance there is, or the one they name", () =>
    withProject(
      {
        "src/a.ts": taskClass("Invoice", "invoice", ", { instance: 'billing' }"),
        "src/e.ts": `import { defineEvent } from "nestjs-stem";\nexport const paid = defineEvent<string>("paid");\n`,
      },
      async (project) => {
        await project.generate();
        expect(project.text(GENERATED)).toContain("paid: stem1.event('paid'),");
        expect(project.text(GENERATED)).not.toContain("stem: Stem;");
        project.write({
          "src/f.ts": `import { defineEvent } from "nestjs-stem";\nexport const sold = defineEvent<string>("sold", { instance: "shop" });\n`,
        });
        await project.generate();
        expect(project.text(GENERATED)).toContain("paid: stem.event('paid'),\n      sold: stem2.event('sold'),");
      },
    ));

  it("reads events declared with a function that a file of the project hands on, and schedules made by composed decorators", () =>
    withProject(
      {
        "src/stem.ts": `export { defineEvent } from "nestjs-stem";\n`,
        "src/events.ts": `import { defineEvent } from "./stem.js";\nexport const paid = defineEvent<string>("paid");\n`,
        "src/nightly.ts": `import { applyDecorators } from "@nestjs/common";\nimport { Cron } from "nestjs-stem";\nexport const Nightly = (name: string) => applyDecorators(Cron("@daily", { name }) as MethodDecorator);\n`,
        "src/a.ts": `import { Nightly } from "./nightly.js";\nexport class Upkeep {\n  @Nightly("tidy.up")\n  async tidy() {\n    return 1;\n  }\n}\nclass Hidden {\n  @Nightly("hidden")\n  async run() {}\n}\n`,
      },
      async (project) => {
        expect(await project.diagnostics()).toEqual([]);
        const text = project.text(GENERATED);
        expect(text).toContain("readonly paid: EventClient<PayloadOf<typeof paid>>;");
        expect(text).toContain("readonly up: ScheduleClient<OutputOf<Upkeep, 'tidy'>>;");
        // Its types cannot be referred to, but it can be paused all the same.
        expect(text).toContain("Schedule `hidden`: `@daily`, handled by task `hidden.run`. */\n    readonly hidden: ScheduleClient;");
        expect(text).toContain("hidden: stem.schedule('hidden', { queue: 'default' }),");
      },
    ));

  it.each([
    ["nodenext", "module", "../a.js"],
    ["nodenext", "commonjs", "../a"],
    ["node16", "module", "../a.js"],
    ["commonjs", "commonjs", "../a"],
    ["preserve", "module", "../a"],
    ["es2022", "module", "../a"],
  ])("imports as module %s in a package of type %s wants it: %s", (module, type, wanted) =>
    withProject(
      {
        "package.json": JSON.stringify({ type }),
        "tsconfig.json": JSON.stringify({ compilerOptions: { module } }),
        "src/a.tsx": taskClass("A", "a"),
        "src/b.mts": taskClass("B", "b"),
      },
      async (project) => {
        await project.generate();
        expect(project.text(GENERATED)).toContain(`import type { A } from '${wanted}';`);
        expect(project.text(GENERATED)).toContain("import type { B } from '../b.mjs';");
      },
    ),
  );

  it("writes into the rootDir of the tsconfig it is given, or where it is told to", () =>
    withProject(
      {
        "apps/api/tsconfig.json": '{ "extends": "../../tsconfig.json", "compilerOptions": { "rootDir": "lib" }, "include": ["lib"] }',
        "apps/api/lib/a.ts": taskClass("A", "a"),
        "src/b.ts": taskClass("B", "b"),
      },
      async (project) => {
        expect(await project.generate({ project: "apps/api" })).toMatchObject({ out: "apps/api/lib/stem/stem.gen.ts", tasks: 1 });
        expect(await project.generate({ project: "apps/api/tsconfig.json", out: "apps/api/lib/client.ts" })).toMatchObject({ tasks: 1 });
        expect(project.text("apps/api/lib/client.ts")).toContain("from './a.js';");
        // The client in apps/api is part of this project, which includes everything.
        expect(await project.generate()).toMatchObject({ out: GENERATED, tasks: 2 });
      },
    ));

  it("reads a folder without a tsconfig", () =>
    withProject({ "app/src/a.ts": taskClass("A", "a") }, async (project) => {
      expect(await generate({ cwd: join(project.folder, "app") })).toMatchObject({ out: GENERATED, tasks: 1, state: "written" });
    }));

  it("ignores errors of type and syntax in files that hold no handlers", () =>
    withProject(
      {
        "src/a.ts": taskClass("A", "a"),
        "src/broken.ts": "class { ]]] (",
        "src/wrong.ts": 'import { StemClient } from "./stem/stem.gen.js"; const x: string = 1;',
      },
      async (project) => {
        expect(await project.generate()).toMatchObject({ tasks: 1, diagnostics: [], state: "written" });
      },
    ));

  it("refuses to write over a file it did not write", () =>
    withProject({ "src/a.ts": taskClass("A", "a"), "src/main.ts": "void 0;" }, async (project) => {
      await expect(project.generate({ out: "src/main.ts" })).rejects.toMatchObject({ name: "CodegenError", code: "STEM_OUT_REFUSED" });
      expect(project.text("src/main.ts")).toBe("void 0;");
      await expect(project.generate({ out: "src/client.js" })).rejects.toMatchObject({ code: "STEM_OUT_REFUSED" });
      await expect(project.generate({ out: "src/a.ts/x.ts" })).rejects.toMatchObject({ code: "STEM_OUT_REFUSED" });
    }));

  it("says which project it did not find, and where to name another", () =>
    withProject({ "solution.json": '{ "files": [], "references": [{ "path": "./app" }] }' }, async (project) => {
      await expect(project.generate({ project: "tsconfig.app.json" })).rejects.toThrow(
        /There is no tsconfig\.app\.json\.\n {2}→ Give --project .*\[STEM_PROJECT_NOT_FOUND\]/,
      );
      await expect(project.generate({ project: "solution.json" })).rejects.toMatchObject({ code: "STEM_PROJECT_NOT_FOUND" });
    }));

  it("names the projects that one without files refers to by the path to give from here, which then is the one", () => {
    const references = JSON.stringify({ files: [], references: [{ path: "./tsconfig.app.json" }, { path: "../../libs/mail" }] });
    const files = {
      "apps/api/tsconfig.json": references,
      "apps/api/tsconfig.app.json": '{ "include": ["src"] }',
      "apps/api/src/a.ts": taskClass("A", "a"),
    };
    return withProject({ ...files, "libs/mail/tsconfig.json": "{}" }, async (project) => {
      const said = await project.generate({ project: "apps/api" }).catch((error: Error) => error.message);
      expect(said).toContain("apps/api/tsconfig.json has no files of its own");
      const named = [...String(said).matchAll(/--project (\S+)/g)].map(([, path]) => path!);
      expect(named).toEqual(["apps/api/tsconfig.app.json", "libs/mail"]);
      expect((await project.generate({ project: named[0]! })).state).toBe("written");
    });
  });

  it("names the command to run when ts-morph is not installed", () => {
    const gone = Object.assign(new Error("Cannot find module 'ts-morph'"), { code: "MODULE_NOT_FOUND" });
    const load = () => {
      throw gone;
    };
    expect(() => loadTypescript(load)).toThrow(CodegenError);
    expect(() => loadTypescript(load)).toThrow(
      expect.objectContaining({ code: "STEM_MISSING_PEER", hint: "npm install --save-dev ts-morph", cause: gone }),
    );
  });
});
