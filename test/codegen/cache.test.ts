import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type CachedProject, withCached } from "./cached-project.js";
import { GENERATED, MANIFEST, taskClass } from "./project.js";

const cli = new URL("../../dist/lib/cli/main.js", import.meta.url).pathname;

/**
 * Of every kind that goes in: sources, a type from a package, a type that takes the checker, a base of the
 * tsconfig.
 */
const FILES = {
  "base.json": '{ "compilerOptions": { "module": "nodenext", "target": "es2023", "strict": true } }',
  "tsconfig.json": '{ "extends": "./base.json", "include": ["src"] }',
  "src/a.ts": taskClass("A", "a"),
  "src/b.ts": 'import { Task } from "nestjs-stem";\nimport type { Shared } from "./shared.js";\nimport type { Far } from "far";\nimport type { Other } from "../other/far.js";\n@Task("b")\nexport class B {\n  async run(input: { shared: Shared; far: Far; other: Other }) {\n    return [input.far];\n  }\n}\n',
  "other/far.d.ts": "export interface Other { there: 3 }\n",
  "src/shared.ts": "export interface Shared { one: string }\n",
  "node_modules/far/package.json": '{ "name": "far", "version": "1.0.0", "types": "index.d.ts" }',
  "node_modules/far/index.d.ts": "export interface Far { far: number }\n",
}; // prettier-ignore

/**
 * A project that has run until nothing is new to it: what the first runs write (a folder, files) is told by
 * the disk too.
 */
const settled = (use: (project: CachedProject) => Promise<void>, files: Readonly<Record<string, string>> = {}) =>
  withCached({ ...FILES, ...files }, async (project) => {
    await project.run();
    await project.run();
    expect(await project.run()).toMatchObject({ state: "unchanged", tasks: 2, kept: true });
    await use(project);
  });

/** Another run does the work, and after it all is as it should be, and kept again. */
async function expectAnew(project: CachedProject): Promise<void> {
  expect((await project.run()).kept).toBe(false);
  await project.upToDate();
  await project.run();
  expect((await project.run()).kept).toBe(true);
}

/**
 * Of a client that stands apart, in a folder that is new, in one that is there; and of what is imported
 * before it exists.
 */
const OUTS = [undefined, "src/made/by/stem.gen.ts", "src/stem.gen.ts", "gen/stem.gen.ts"] as const;

describe("A run that has written files", () => {
  it.each(OUTS)("holds already the next time, in a new project and after an edit: %s", (out) =>
    withCached(FILES, async (project) => {
      const options = { ...(out !== undefined && { out }) };
      expect(await project.run(options)).toMatchObject({ state: "written", kept: false });
      expect(await project.run(options)).toMatchObject({ state: "unchanged", kept: true });
      project.write({ "src/a.ts": taskClass("A", "renamed") });
      expect(await project.run(options)).toMatchObject({ state: "written", kept: false });
      expect(await project.run(options)).toMatchObject({ state: "unchanged", kept: true });
      await project.upToDate(options);
    }),
  );

  it("does not hold if somebody has put a file into the folder that is new", () =>
    withCached(FILES, async (project) => {
      await project.run();
      project.write({ "src/stem/more.ts": taskClass("More", "more") });
      expect(await project.run()).toMatchObject({ state: "written", tasks: 3, kept: false });
    }));

  it("does not hold if what it has written had been asked for before", () =>
    withCached({ ...FILES, "src/uses.ts": 'export { StemClient } from "./stem/stem.gen.js";\n' }, async (project) => {
      await project.run();
      await project.run();
      expect(await project.run()).toMatchObject({ state: "unchanged", kept: true });
      await project.upToDate();
    }));
});

describe("A run that is kept", () => {
  afterEach(() => {
    delete process.env["CI"];
  });

  it("is not done again, and the compiler is not loaded to find out", () =>
    settled(async ({ folder }) => {
      const watcher = join(folder, "loaded.cjs");
      writeFileSync(watcher, 'process.on("exit", () => console.error(Object.keys(require.cache).some((one) => one.includes("typescript"))));');
      const run = (...args: string[]) => spawnSync(process.execPath, ["--require", watcher, cli, "generate", ...args], { cwd: folder, encoding: "utf8" });
      // The built program is another than the one that runs here.
      run();
      expect(run()).toMatchObject({ status: 0, stderr: "false\n", stdout: expect.stringContaining("are up to date: 2 tasks") });
      expect(run("--no-cache")).toMatchObject({ status: 0, stderr: "true\n" });
    })); // prettier-ignore

  it("answers as the run itself did: warnings, the manifest, counts", () =>
    withCached({ "src/a.ts": taskClass("A", "a"), "src/w.ts": 'import { Step } from "nestjs-stem";\nexport class W { @Step() async s(): Promise<void> {} }' }, async (project) => {
      const { ms: _, ...first } = await project.generate();
      await project.run();
      const { kept, ms: __, ...again } = await project.run();
      expect(kept).toBe(true);
      expect(again).toEqual({ ...first, state: "unchanged" });
      expect(again.diagnostics).toMatchObject([{ code: "STEM1013" }]);
      expect(again.manifest?.text).toBe(project.text(MANIFEST));
      expect((await project.run({ check: true })).kept).toBe(true);
    })); // prettier-ignore

  it("holds apart what other options came to, and keeps nothing of errors, of stale files, or where it is told not to", () =>
    settled(async (project) => {
      expect(await project.run({ out: "src/other.ts" })).toMatchObject({ out: "src/other.ts", state: "written", kept: false });
      expect(existsSync(join(project.folder, "src/other.ts"))).toBe(true);
      rmSync(join(project.folder, "src/other.ts"));
      expect((await project.run({ cache: false })).kept).toBe(true);
      project.write({ "src/a.ts": taskClass("A", "a b") });
      for (let times = 0; times < 2; times++) expect(await project.run()).toMatchObject({ state: "errors", diagnostics: [{ code: "STEM1002" }] });
      project.write({ "src/a.ts": taskClass("A", "c") });
      for (let times = 0; times < 2; times++) expect(await project.run({ check: true })).toMatchObject({ state: "stale" });
      expect(await project.run()).toMatchObject({ state: "written" });
    })); // prettier-ignore

  it("holds when a file is edited that has neither handlers nor types of theirs, but not when it begins to import some", () =>
    settled(
      async (project) => {
        for (const body of ["2", "3 /* three */"]) {
          project.write({ "src/service.ts": `export const serve = () => ${body};\n` });
          expect((await project.run()).kept).toBe(true);
          await project.upToDate();
        }
        project.write({ "src/service.ts": 'import "../other/task.js";\nexport const serve = () => 2;\n' });
        expect(await project.run()).toMatchObject({ kept: false, tasks: 3 });
        await project.run();
        project.write({ "other/task.ts": taskClass("Other", "renamed") });
        expect(await project.run()).toMatchObject({ kept: false, state: "written" });
        await project.upToDate();
      },
      { "src/service.ts": "export const serve = () => 1;\n", "other/task.ts": taskClass("Other", "other") },
    ));

  it("counts for nothing when CI checks", () =>
    settled(async (project) => {
      // Made to lie: it says that a stale client is as it should be.
      writeFileSync(join(project.folder, GENERATED), `${project.text(GENERATED)}// edited`);
      const entry = project.entry() as { files: Record<string, string> };
      const { hashOf } = await import("../../codegen/disk.js");
      project.rewrite({
        ...entry,
        files: { ...entry.files, [join(project.folder, GENERATED)]: hashOf(readFileSync(join(project.folder, GENERATED))) },
      });
      expect(await project.run({ check: true })).toMatchObject({ state: "unchanged" });
      process.env["CI"] = "true";
      expect(await project.run({ check: true })).toMatchObject({ state: "stale" });
      process.env["CI"] = "false";
      expect(await project.run({ check: true })).toMatchObject({ state: "unchanged" });
    }));
});

describe("A run is done again", () => {
  const edits: Readonly<Record<string, (project: CachedProject) => void>> = {
    "when a source changes": (project) => project.write({ "src/a.ts": taskClass("A", "renamed") }),
    "when a type elsewhere changes": (project) => project.write({ "src/shared.ts": "export interface Shared { two: string }\n" }),
    "when a new file appears": (project) => project.write({ "src/c.ts": taskClass("C", "c") }),
    "when a file appears in a new folder": (project) => project.write({ "src/deep/er/c.ts": taskClass("C", "c") }),
    "when a file is gone": ({ folder }) => rmSync(join(folder, "src/a.ts")),
    "when a file is called otherwise": ({ folder }) => renameSync(join(folder, "src/a.ts"), join(folder, "src/z.ts")),
    "when a file appears where an import led nowhere before": (project) =>
      project.write({ "src/shared/index.ts": "", "src/shared.d.ts": "export interface Shared { three: string }\n" }),
    "when a file appears, outside of what is included, where an import led elsewhere before": (project) =>
      project.write({ "other/far.ts": "export interface Other { here: 4 }\n" }),
    "when the tsconfig changes": (project) => project.write({ "tsconfig.json": '{ "extends": "./base.json", "include": ["src"], "exclude": ["src/b.ts"] }' }),
    "when what the tsconfig extends changes": (project) => project.write({ "base.json": '{ "compilerOptions": { "module": "commonjs" } }' }),
    "when the package.json that says how modules load changes": (project) => project.write({ "package.json": '{ "type": "commonjs" }' }),
    "when stem.config appears": (project) => project.write({ "stem.config.json": '{ "out": "src/client.ts" }' }),
    "when a package is updated": (project) => project.write({ "node_modules/far/index.d.ts": "export interface Far { near: number }\n" }),
    "when a package points elsewhere": (project) =>
      project.write({ "node_modules/far/package.json": '{ "name": "far", "types": "other.d.ts" }', "node_modules/far/other.d.ts": "export interface Far { other: 1 }\n" }),
    "when a package is another by a link": ({ folder, write }) => {
      write({ "packages/far/package.json": '{ "name": "far", "types": "index.d.ts" }', "packages/far/index.d.ts": "export interface Far { linked: 1 }\n" });
      rmSync(join(folder, "node_modules/far"), { recursive: true });
      symlinkSync(join(folder, "packages/far"), join(folder, "node_modules/far"));
    },
    "when the client was edited": (project) => project.write({ [GENERATED]: `${project.text(GENERATED)}// edited` }),
    "when the client was deleted": ({ folder }) => rmSync(join(folder, GENERATED)),
    "when the manifest was edited": (project) => project.write({ [MANIFEST]: project.text(MANIFEST).replace("string", "number") }),
    "when the manifest was deleted": ({ folder }) => rmSync(join(folder, MANIFEST)),
    "when the client is as it was before the last change": (project) => project.write({ [GENERATED]: project.text(GENERATED).replace("'a'", "'e'") }),
  }; // prettier-ignore

  it.each(Object.entries(edits))("%s", (_, edit) =>
    settled(async (project) => {
      edit(project);
      await expectAnew(project);
    }),
  );

  it("when a source changes within a tick of the clock, to the same length, or while the clock goes back", () =>
    settled(async (project) => {
      const path = join(project.folder, "src/a.ts");
      const stamped = statSync(path);
      for (const time of [stamped.mtime, new Date(stamped.mtimeMs - 3_600_000), new Date(0)]) {
        project.write({ "src/a.ts": project.text("src/a.ts").replace(/@Task\("(.)"/, (_, name: string) => `@Task("${name === "a" ? "e" : "a"}"`) });
        utimesSync(path, stamped.atime, time);
        expect(statSync(path).size).toBe(stamped.size);
        await expectAnew(project);
      }
      // And not when only the clock says so.
      utimesSync(path, new Date(), new Date());
      expect((await project.run()).kept).toBe(true);
    })); // prettier-ignore

  it("when a config that is a program says something else, whatever from", () =>
    withCached({ ...FILES, "stem.config.mjs": "export { default } from './told.mjs';", "told.mjs": 'export default { out: "src/one.ts" };' }, async (project) => {
      const run = (out: string, env = {}): void => {
        const { stdout } = spawnSync(process.execPath, [cli, "generate"], { cwd: project.folder, encoding: "utf8", env: { ...process.env, ...env } });
        expect(stdout).toContain(` ${out} and `.trimStart());
        expect(existsSync(join(project.folder, out))).toBe(true);
      };
      for (let times = 0; times < 3; times++) run("src/one.ts");
      project.write({ "told.mjs": "export default { out: process.env.STEM_TEST_OUT };" });
      for (const out of ["src/two.ts", "src/three.ts", "src/two.ts"]) run(out, { STEM_TEST_OUT: out });
    })); // prettier-ignore

  it("when Node.js, the compiler or the generator is another", () =>
    settled(async (project) => {
      project.rewrite({ ...project.entry(), by: String(project.entry()["by"]).replace(process.version, "v18.0.0") });
      await expectAnew(project);
    }));
});

describe("A cache that is broken", () => {
  it("is ignored and written again: cut off anywhere, garbled, empty, or of another shape", () =>
    settled(async (project) => {
      const whole = readFileSync(project.cacheFile());
      const cut = [0, 1, 43, 44, 45, 46, Math.floor(whole.length / 2), whole.length - 1].map((length) => whole.subarray(0, length));
      const garbled = Buffer.from(whole);
      garbled[whole.length >> 1]! ^= 1;
      for (const content of [...cut, garbled, Buffer.from("\n"), Buffer.from("null\nnull"), Buffer.concat([whole, whole])]) {
        writeFileSync(project.cacheFile(), content);
        await expectAnew(project);
      }
      const { by } = project.entry();
      for (const entry of [null, 1, "text", [], {}, { by }, { by, facts: {} }, { by, facts: null, files: 1 }, { ...project.entry(), facts: 1 }, { ...project.entry(), results: "x" }]) {
        project.rewrite(entry);
        await expectAnew(project);
      }
    })); // prettier-ignore

  it("is no error where it cannot be written or read: a folder in its place, a file in the place of its folder", () =>
    settled(async (project) => {
      const file = project.cacheFile();
      rmSync(file);
      mkdirSync(file);
      expect(await project.run()).toMatchObject({ state: "unchanged" });
      const folder = join(project.folder, "node_modules/.cache");
      rmSync(folder, { recursive: true });
      writeFileSync(folder, "");
      expect(await project.run()).toMatchObject({ state: "unchanged" });
      rmSync(folder);
      chmodSync(join(project.folder, "node_modules"), 0o555);
      expect(await project.run()).toMatchObject({ state: "unchanged" });
      chmodSync(join(project.folder, "node_modules"), 0o755);
    }));

  it("is not made by two at once: of several runs amid edits, whichever is kept is true", () =>
    settled(async (project) => {
      for (let round = 0; round < 10; round++) {
        const runs = [project.run(), project.run()];
        project.write({ "src/a.ts": taskClass("A", `a${round}`) });
        await Promise.all([...runs, project.run(), project.run()]);
        await project.run();
        await project.upToDate();
      }
      expect((await project.run()).kept).toBe(true);
    }));

  it("is not made by two processes at once", () =>
    settled(async (project) => {
      const code = `import { spawn } from "node:child_process"; const run = () => new Promise((done) => spawn(process.execPath, [${JSON.stringify(cli)}, "generate"], { stdio: "inherit" }).on("exit", done)); console.log(JSON.stringify(await Promise.all([run(), run(), run()])));`;
      project.write({ "src/a.ts": taskClass("A", "of.both") });
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: project.folder, encoding: "utf8" });
      expect(stdout.trim().split("\n").at(-1)).toBe("[0,0,0]");
      await project.upToDate();
      expect(project.text(GENERATED)).toContain("'of.both'");
    })); // prettier-ignore
});

it("Compiled code that is kept is made again when it is broken, and is no error where it cannot be kept", () =>
  withCached(FILES, async ({ folder }) => {
    const place = join(folder, "tmp");
    const run = (tmp: string) => spawnSync(process.execPath, [cli, "generate", "--no-cache"], { cwd: folder, encoding: "utf8", env: { ...process.env, TMPDIR: tmp } });
    const files = () => readdirSync(place, { recursive: true, encoding: "utf8" }).map((name) => join(place, name)).filter((path) => statSync(path).isFile());
    mkdirSync(place);
    for (let times = 0; times < 2; times++) expect(run(place)).toMatchObject({ status: 0, stderr: "" });
    expect(files().length).toBeGreaterThan(0);
    for (const path of files()) writeFileSync(path, readFileSync(path).subarray(0, 1_000));
    for (let times = 0; times < 2; times++) expect(run(place)).toMatchObject({ status: 0, stderr: "" });
    expect(run(join(folder, "missing"))).toMatchObject({ status: 0, stderr: "" });
  })); // prettier-ignore

it("Nothing is kept where there is no node_modules", async () => {
  const { withProject } = await import("./project.js");
  await withProject({ "src/a.ts": taskClass("A", "a") }, async (project) => {
    await project.generate();
    expect(existsSync(join(project.folder, "node_modules"))).toBe(false);
  });
});

it("All that a run reads goes through one door, where it is noted", () => {
  const root = new URL("../../codegen/", import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const readers = files.filter((name) => /from "node:fs|\bsys\.(?:read|file|dir|get|real)/.test(readFileSync(join(root, name), "utf8")));
  // Beside it: the cache itself, what is written (whose hashes are noted), what is compared with afterwards,
  // and what only watches.
  const others = ["cache/kept.ts", "cache/store.ts", "compat/index.ts", "read/folders.ts", "standalone/index.ts", "watch-all.ts", "watch.ts", "write/file.ts"]; // prettier-ignore
  expect(readers.map((name) => name.replaceAll("\\", "/")).sort()).toEqual([...others, "disk.ts"].sort());
});
