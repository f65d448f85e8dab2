import { describe, expect, it } from "@jest/globals";
import { MODULE, run } from "./run.js";

const MAIN = (suffix: string): string =>
  `import { NestFactory } from '@nestjs/core';\nimport { ShopModule } from './shop.module${suffix}';\n\nconst app = await NestFactory.create(ShopModule);\nawait app.listen(3000);\n`;
const SHOP = MODULE.replace("AppModule", "ShopModule");
const TSCONFIG = JSON.stringify({ compilerOptions: { outDir: "./dist", rootDir: "./src" } });

const standard = {
  "src/main.ts": MAIN(".js"),
  "src/shop.module.ts": SHOP,
  "tsconfig.build.json": TSCONFIG,
  "nest-cli.json": JSON.stringify({ sourceRoot: "src" }),
};

/** As `nest g app` leaves the workspace. */
const monorepo = (builder: string) => ({
  "apps/shop/src/main.ts": MAIN(".js"),
  "apps/shop/src/shop.module.ts": SHOP,
  "apps/shop/tsconfig.app.json": JSON.stringify({
    extends: "../../tsconfig.json",
    compilerOptions: { rootDir: "../..", outDir: "../../dist/apps/shop" },
    include: ["src/**/*"],
  }),
  "tsconfig.json": JSON.stringify({ files: [], references: [{ path: "./apps/shop/tsconfig.app.json" }] }),
  "nest-cli.json": JSON.stringify({
    monorepo: true,
    root: "apps/shop",
    sourceRoot: "apps/shop/src",
    compilerOptions: { builder, tsConfigPath: "apps/shop/tsconfig.app.json" },
    projects: { shop: { type: "application", root: "apps/shop", entryFile: "main", sourceRoot: "apps/shop/src" } },
  }),
});

const scriptsOf = (text: string): unknown => (JSON.parse(text) as { readonly scripts: unknown }).scripts;

describe("nest g -c nestjs-stem worker-app", () => {
  it("writes an entry beside main.ts that starts the same module as a worker, its spec and its script", async () => {
    const { tree, created, said } = await run("worker-app", {}, { files: standard });
    expect([...created].sort()).toEqual(["/src/worker.spec.ts", "/src/worker.ts"]);
    const entry = tree.readText("/src/worker.ts");
    expect(entry).toContain("import { ShopModule } from './shop.module.js';");
    expect(entry).toContain(
      "process.env.STEM_ROLE ??= 'worker,beat';\n  const app = await NestFactory.createApplicationContext(ShopModule);",
    );
    expect(entry).toContain("await bootstrap();");
    expect(scriptsOf(tree.readText("/package.json"))).toEqual({ "start:worker": "node dist/worker" });
    expect(said).toBe("");
  });

  it("follows a CommonJS app, another name and --no-spec", async () => {
    const files = { ...standard, "src/main.ts": MAIN("").replaceAll("await ", "") };
    const { tree, created } = await run("worker-app", { name: "images", spec: false }, { files, packageJson: {} });
    expect(created).toEqual(["/src/images.ts"]);
    expect(tree.readText("/src/images.ts")).toContain("from './shop.module';");
    expect(tree.readText("/src/images.ts")).toContain("void bootstrap();");
  });

  it("takes the place of the script that starts the command, and leaves any other as it is", async () => {
    const stem = await run(
      "worker-app",
      {},
      { files: standard, packageJson: { type: "module", scripts: { "start:worker": "stem worker" } } },
    );
    expect(scriptsOf(stem.tree.readText("/package.json"))).toEqual({ "start:worker": "node dist/worker" });
    const own = await run("worker-app", {}, { files: standard, packageJson: { type: "module", scripts: { "start:worker": "mine" } } });
    expect(scriptsOf(own.tree.readText("/package.json"))).toEqual({ "start:worker": "mine" });
    expect(own.said).toBe('package.json keeps its script "start:worker". This entry is started with:\n  node dist/worker');
  });

  it("gives a bundled app a configuration of its own for the second entry", async () => {
    const files = {
      ...standard,
      "nest-cli.json": JSON.stringify({ sourceRoot: "src", compilerOptions: { builder: "webpack", deleteOutDir: true } }),
    };
    const { tree } = await run("worker-app", {}, { files });
    expect(JSON.parse(tree.readText("/nest-cli.worker.json"))).toEqual({
      sourceRoot: "src",
      compilerOptions: { builder: "webpack", deleteOutDir: false },
      entryFile: "worker",
    });
    expect(scriptsOf(tree.readText("/package.json"))).toEqual({
      "build:worker": "nest build --config nest-cli.worker.json",
      "start:worker": "node dist/worker",
    });
  });

  it.each([
    ["tsc", "node dist/apps/worker/apps/worker/src/main"],
    ["rspack", "node dist/apps/worker/main"],
  ])("makes an application of its own in a monorepo built by %s", async (builder, start) => {
    const { tree, created, said } = await run("worker-app", { sourceRoot: "apps/shop/src" }, { files: monorepo(builder) });
    expect([...created].sort()).toEqual(["/apps/worker/src/main.ts", "/apps/worker/src/worker.spec.ts", "/apps/worker/tsconfig.app.json"]);
    expect(tree.readText("/apps/worker/src/main.ts")).toContain("from '../../shop/src/shop.module.js';");
    expect(tree.readText("/apps/worker/tsconfig.app.json")).toContain('"outDir":"../../dist/apps/worker"');
    const cli = JSON.parse(tree.readText("/nest-cli.json")) as { readonly projects: object };
    expect(Object.keys(cli.projects)).toEqual(["shop", "worker"]);
    expect(cli.projects).toHaveProperty("worker", {
      type: "application",
      root: "apps/worker",
      entryFile: "main",
      sourceRoot: "apps/worker/src",
      compilerOptions: { tsConfigPath: "apps/worker/tsconfig.app.json" },
    });
    expect(tree.readText("/tsconfig.json")).toContain("./apps/worker/tsconfig.app.json");
    expect(scriptsOf(tree.readText("/package.json"))).toEqual({ "start:worker": start });
    expect(said).toBe("");
  });

  it("refuses a name that is no file's, one that is taken, and an app without a root module", async () => {
    await expect(run("worker-app", { name: "a/b" }, { files: standard })).rejects.toThrow('"a/b" cannot name an entry');
    await expect(run("worker-app", { name: "main" }, { files: standard })).rejects.toThrow(
      "src/main.ts exists already: nothing was changed.",
    );
    await expect(run("worker-app", {}, { files: { "src/main.ts": "" } })).rejects.toThrow(
      "The root module is not found: neither does src/main.ts give one to NestFactory.create(), nor is there src/app.module.ts.",
    );
  });
});
