import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "stem-package-"));
const installed = join(home, "node_modules/nestjs-stem");
const env = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" };

/** What an app has that installed no optional peer. */
const PRESENT = ["@nestjs/common", "@nestjs/core", "reflect-metadata", "rxjs", "commander", "cron-parser", "@types/node"];

interface Manifest {
  readonly main: string;
  readonly types: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly typesVersions: { readonly "*": Readonly<Record<string, readonly string[]>> };
  readonly bin: { readonly stem: string };
  readonly schematics: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

let files: readonly string[];
let manifest: Manifest;

const read = (file: string): string => readFileSync(join(installed, file), "utf8");
const node = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, args, { cwd: home, encoding: "utf8", env });

/** Names of an adapter's files of this kind, in the sources or in the package. */
function filesOf(folder: "lib" | "dist/lib", adapter: string, kind: string): readonly string[] {
  const start = `${folder}/adapters/${adapter}/`;
  const all =
    folder === "lib"
      ? readdirSync(join(root, start), { recursive: true, encoding: "utf8" })
      : files.filter((file) => file.startsWith(start)).map((file) => file.slice(start.length));
  const found = all.filter((file) => file.endsWith(`.${kind}`)).sort();
  return found.length > 0 ? found : [`no .${kind} at all`, folder];
}

/** The entries of `exports` that hold code, as an app names them. */
const entries = (): { name: string; types: string; file: string }[] =>
  Object.entries(manifest.exports).flatMap(([path, entry]) =>
    typeof entry === "string" ? [] : [{ name: `nestjs-stem${path.slice(1)}`, types: entry.types, file: entry.default }],
  );

beforeAll(() => {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", home], {
    cwd: root,
    encoding: "utf8",
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename, files: listed }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  files = listed.map(({ path }) => path);
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(home, filename), "-C", installed, "--strip-components=1"]);
  for (const name of PRESENT) {
    mkdirSync(dirname(join(home, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(home, "node_modules", name));
  }
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  manifest = JSON.parse(read("package.json")) as Manifest;
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("The package", () => {
  it("holds the library, the generator, the schematics and the papers, and nothing else of the repository", () => {
    const expected =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/.+\.md|dist\/(lib|codegen|schematics)\/.+\.(js|d\.ts|json|sql|lua|(ts|json)\.template))$/;
    expect(files.filter((file) => !expected.test(file) || /(\.test|\.spec)\.|tsbuildinfo|tsconfig/.test(file))).toEqual([]);
    for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "dist/lib/adapters/sqlite/migrations/001-tables.sql"])
      expect(files).toContain(file);
    // tsc copies neither: without them the adapters would load, and fail at their first call.
    for (const [adapter, kind] of [
      ["redis", "lua"],
      ["postgres", "sql"],
      ["sqlite", "sql"],
    ] as const)
      expect({ adapter, packed: filesOf("dist/lib", adapter, kind) }).toEqual({ adapter, packed: filesOf("lib", adapter, kind) });
    for (const kind of ["task", "workflow", "cron", "event"])
      for (const file of ["index.js", "schema.json", `files/__file__.${kind}.ts.template`, `files/__file__.${kind}.__spec__.ts.template`])
        expect(files).toContain(`dist/schematics/${kind}/${file}`);
    expect(files).toContain("dist/schematics/nest-add/files/stem.gen.ts.template");
  });

  it("has every file that package.json names, an executable command, and the same types by each way to find them", () => {
    const named = [
      manifest.main,
      manifest.types,
      manifest.bin.stem,
      manifest.schematics,
      ...entries().flatMap(({ types, file }) => [types, file]),
    ];
    expect(named.filter((file) => !existsSync(join(installed, file)))).toEqual([]);
    expect(statSync(join(installed, manifest.bin.stem)).mode & 0o111).toBe(0o111);
    expect(read(manifest.bin.stem)).toMatch(/^#!\/usr\/bin\/env node\n/);
    const classic = Object.entries(manifest.typesVersions["*"]).map(([name, [types]]) => [`nestjs-stem/${name}`, types]);
    expect([["nestjs-stem", manifest.types], ...classic]).toEqual(entries().map(({ name, types }) => [name, types]));
  });

  it("imports only what it declares", () => {
    const declared = ["nestjs-stem", ...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    const undeclared = files
      .filter((file) => file.endsWith(".js"))
      .flatMap((file) =>
        [...read(file).matchAll(/(?:^|\s)(?:from|import|require)\s*\(?\s*["']([^"'.][^"']*)["']/gm)]
          .map((match) => match[1]!)
          .filter((name) => /^[@a-z]/.test(name) && !name.startsWith("node:") && !builtinModules.includes(name))
          .filter((name) => !declared.some((one) => name === one || name.startsWith(`${one}/`)))
          .map((name) => `${file}: ${name}`),
      );
    expect(undeclared).toEqual([]);
  });

  it("has no source maps, which were more than half of it, and refers to none: what runs reads as its sources do", () => {
    expect(files.filter((file) => file.endsWith(".map") || (file.endsWith(".js") && read(file).includes("sourceMappingURL")))).toEqual([]);
    expect(files.reduce((sum, file) => sum + Buffer.byteLength(read(file)), 0)).toBeLessThan(4_000_000);
  });

  it("loads from ES modules and from CommonJS without any optional peer, as the same module", () => {
    const optional = Object.keys(manifest.peerDependenciesMeta);
    expect(optional).toEqual(expect.arrayContaining(["better-sqlite3", "ts-morph"]));
    writeFileSync(
      join(home, "load.mjs"),
      `import { createRequire } from "node:module";
       const require = createRequire(import.meta.url);
       for (const name of ${JSON.stringify(optional)}) try { require.resolve(name); throw name + " is there"; } catch (e) { if (e.code !== "MODULE_NOT_FOUND") throw e; }
       const found = {};
       for (const name of ${JSON.stringify(entries().map(({ name }) => name))})
         found[name] = Object.keys(require(name)).length > 0 && require(name) === (await import(name));
       console.log(JSON.stringify(found));`,
    );
    const { stdout, stderr } = node("--no-warnings", "load.mjs");
    expect({ stdout: stdout.trim(), stderr }).toEqual({
      stdout: JSON.stringify(Object.fromEntries(entries().map(({ name }) => [name, true]))),
      stderr: "",
    });
    // The commonest start: a CommonJS app whose first line is a require.
    expect(node("-p", `typeof require("nestjs-stem").StemModule.forRoot`).stdout.trim()).toBe("function");
  });

  it("names the missing peer and the command that installs it", () => {
    for (const [adapter, peer, address] of [
      ["sqlite", "better-sqlite3", "stem.db"],
      ["redis", "ioredis", "redis://127.0.0.1:1"],
      ["postgres", "pg", "postgres://127.0.0.1:1/app"],
    ] as const) {
      writeFileSync(
        join(home, "open.mjs"),
        `import { ${adapter} } from "nestjs-stem/${adapter}"; await ${adapter}("${address}").open().catch((e) => console.log(e.code, e.message));`,
      );
      expect(node("open.mjs").stdout).toMatch(
        new RegExp(`^STEM_MISSING_PEER .*${peer}, which is not installed\\.\\n.*npm install ${peer}`),
      );
    }
    writeFileSync(join(home, "tsconfig.json"), "{}");
    const { status, stderr } = node(join(installed, manifest.bin.stem), "generate");
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringMatching(/ts-morph, which is not installed\.\n.*npm install --save-dev ts-morph/),
    });
  });

  it("tells its version and its commands without an app, a store or Nest", () => {
    for (const name of ["@nestjs", "reflect-metadata", "rxjs"]) rmSync(join(home, "node_modules", name), { recursive: true });
    try {
      expect(node(join(installed, manifest.bin.stem), "--version").stdout.trim()).toBe(
        (JSON.parse(read("package.json")) as { version: string }).version,
      );
    } finally {
      for (const name of PRESENT.filter((one) => /^@nestjs|^reflect|^rxjs/.test(one))) {
        mkdirSync(dirname(join(home, "node_modules", name)), { recursive: true });
        symlinkSync(join(root, "node_modules", name), join(home, "node_modules", name));
      }
    }
  });

  it("has schematics that load in CommonJS without the devkit", () => {
    const { schematics } = JSON.parse(read(manifest.schematics)) as { schematics: Record<string, { factory: string; schema: string }> };
    for (const { factory, schema } of Object.values(schematics)) {
      expect(existsSync(join(installed, dirname(manifest.schematics), schema))).toBe(true);
      const [file, name = "default"] = factory.split("#");
      const path = join(installed, dirname(manifest.schematics), file!);
      expect(node("-p", `typeof require(${JSON.stringify(path)})[${JSON.stringify(name)}]`).stdout.trim()).toBe("function");
    }
  });

  it.each([
    ["an ES module app", "module", { module: "nodenext" }],
    ["a CommonJS app", "commonjs", { module: "nodenext" }],
    ["a bundled app", "module", { module: "esnext", moduleResolution: "bundler" }],
    [
      "a CommonJS app with classic module resolution",
      "commonjs",
      { module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0" },
    ],
  ])("has types for %s", (_, type, options) => {
    const app = join(home, `${type}-${JSON.stringify(options).length}`);
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), JSON.stringify({ type }));
    writeFileSync(
      join(app, "app.ts"),
      `import { memory, StemModule, Task, type Stem } from "nestjs-stem";
       import { defineConfig } from "nestjs-stem/codegen";
       import { Beat } from "nestjs-stem/core";
       import { postgres } from "nestjs-stem/postgres";
       import { redis } from "nestjs-stem/redis";
       import { sqlite } from "nestjs-stem/sqlite";
       import { StemTestKit } from "nestjs-stem/testing";
       @Task("mail.send")
       export class SendMail { run(mail: { to: string }): string { return mail.to; } }
       export const modules = [StemModule.forRoot({ adapter: memory() }), StemModule.forRoot({ adapter: sqlite("stem.db") })];
       export const servers = [redis("redis://127.0.0.1:1", { namespace: "app" }), postgres("postgres://127.0.0.1:1/app", { schema: "app" })];
       export const sent = async (stem: Stem): Promise<string> => stem.enqueueAndWait(SendMail, { to: "ada" });
       // @ts-expect-error the types are there, and are not any
       export const wrong = async (stem: Stem): Promise<string> => stem.enqueueAndWait(SendMail, { too: "ada" });
       export const config = defineConfig({ out: "src/client.ts", decorators: ["./src/own#MailTask"] });
       // @ts-expect-error as above
       export const other = defineConfig({ outs: "src/client.ts" });
       export type All = [Beat, StemTestKit];`,
    );
    const compilerOptions = {
      ...options,
      target: "es2022",
      types: ["node"],
      strict: true,
      noEmit: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    };
    writeFileSync(
      join(app, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true }, files: ["app.ts"] }),
    );
    expect(node(join(root, "node_modules/typescript/bin/tsc"), "-p", app).stdout).toBe("");
  });
});
