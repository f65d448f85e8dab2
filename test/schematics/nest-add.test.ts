import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { type App, run } from "./run.js";

const MAIN =
  "import { NestFactory } from '@nestjs/core';\nimport { AppModule } from './app.module.js';\n\n" +
  "async function bootstrap() {\n  const app = await NestFactory.create(AppModule);\n  await app.listen(process.env.PORT ?? 3000);\n}\nawait bootstrap();\n";
const MODULE =
  "import { Module } from '@nestjs/common';\nimport { AppService } from './app.service.js';\n\n" +
  "@Module({\n  imports: [],\n  controllers: [],\n  providers: [AppService],\n})\nexport class AppModule {}\n";
const SCRIPTS = { build: "nest build", "start:dev": "nest start --watch", "start:prod": "node dist/main", test: "vitest run" };
const files = {
  "src/main.ts": MAIN,
  "src/app.module.ts": MODULE,
  "tsconfig.json": '{ "compilerOptions": { "outDir": "./dist", "rootDir": "." } }',
  "tsconfig.build.json": '{ "extends": "./tsconfig.json", "compilerOptions": { "rootDir": "./src" } } // built',
  "nest-cli.json": '{ "sourceRoot": "src" }',
  ".gitignore": "/dist\n",
};
const packageJson = { type: "module", scripts: SCRIPTS, dependencies: { rxjs: "^7.8.1" }, devDependencies: { vitest: "^4.1.2" } };
const app: App = { files, packageJson };

const add = (options: object, more: App = {}) => run("nest-add", { skipInstall: true, ...options }, { ...app, ...more });
const module = async (options: object, source: string) =>
  (await add(options, { files: { ...files, "src/app.module.ts": source } })).tree.readText("/src/app.module.ts");
const main = async (source: string) => add({}, { files: { ...files, "src/main.ts": source } });
/** Everything the tree holds, to go on with or to compare. */
const all = (tree: { readonly files: readonly string[]; readText(path: string): string }): Record<string, string> =>
  Object.fromEntries(tree.files.map((path) => [path.slice(1), tree.readText(path)]));

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly jest?: Readonly<Record<string, unknown>>;
}
const manifestOf = (tree: { readText(path: string): string }): Manifest => JSON.parse(tree.readText("/package.json")) as Manifest;

describe("nest add nestjs-stem", () => {
  it("puts the store and the generated client into the root module", async () => {
    const { tree, said } = await add({ store: "redis" });
    expect(tree.readText("/src/app.module.ts")).toBe(
      [
        "import { Module } from '@nestjs/common';",
        "import { AppService } from './app.service.js';",
        "import { StemModule } from 'nestjs-stem';",
        "import { redis } from 'nestjs-stem/redis';",
        "import { StemClient } from './stem/stem.gen.js';",
        "",
        "@Module({",
        "  imports: [",
        "    StemModule.forRoot({",
        "      adapter: redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'),",
        "      clients: [StemClient],",
        "    }),",
        "  ],",
        "  controllers: [],",
        "  providers: [AppService],",
        "})",
        "export class AppModule {}",
        "",
      ].join("\n"),
    );
    expect(said).toBe("");
  });

  it("takes the address from ConfigService where the module imports ConfigModule of @nestjs/config", async () => {
    const source = MODULE.replace("\n\n", "\nimport { ConfigModule } from '@nestjs/config';\n\n").replace(
      "imports: []",
      "imports: [ConfigModule.forRoot()]",
    );
    const text = await module({ store: "postgres" }, source);
    expect(text).toContain("import { ConfigModule, ConfigService } from '@nestjs/config';");
    expect(text).toContain(
      [
        "  imports: [",
        "    ConfigModule.forRoot(),",
        "    StemModule.forRootAsync({",
        "      imports: [ConfigModule],",
        "      inject: [ConfigService],",
        "      useFactory: (config: ConfigService) => ({",
        "        adapter: postgres(",
        "          config.get(",
        "            'DATABASE_URL',",
        "            'postgres://stem:stem@127.0.0.1:5432/stem',",
        "          ),",
        "        ),",
        "      }),",
        "      clients: [StemClient],",
        "    }),",
        "  ],",
      ].join("\n"),
    );
    expect(await module({ store: "memory" }, source)).toContain("StemModule.forRoot({\n      adapter: memory(),");
  });

  it("writes what Prettier would leave as it is, for every store, with and without ConfigModule", async () => {
    const { format } = await import("prettier");
    const config = MODULE.replace("\n\n", "\nimport { ConfigModule } from '@nestjs/config';\n\n").replace(
      "imports: []",
      "imports: [ConfigModule.forRoot()]",
    );
    for (const store of ["memory", "sqlite", "redis", "postgres"]) {
      for (const source of [MODULE, config]) {
        const text = await module({ store }, source);
        expect(await format(text, { parser: "typescript", singleQuote: true, trailingComma: "all" })).toBe(text);
      }
      const { tree } = await add({ store });
      for (const path of ["/src/main.ts", "/stem.config.mjs"])
        expect(await format(tree.readText(path), { parser: "typescript", singleQuote: true })).toBe(tree.readText(path));
    }
  });

  it("keeps the quotes, the indentation and the line ends of the file", async () => {
    const source = MODULE.replaceAll("'", '"').replaceAll("  ", "\t").replaceAll("\n", "\r\n");
    const text = await module({ store: "memory" }, source);
    expect(text).toContain('import { memory, StemModule } from "nestjs-stem";\r\nimport { StemClient } from "./stem/stem.gen.js";\r\n');
    expect(text).toContain(
      "\timports: [\r\n\t\tStemModule.forRoot({\r\n\t\t\tadapter: memory(),\r\n\t\t\tclients: [StemClient],\r\n\t\t}),\r\n\t],\r\n",
    );
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it.each([
    [
      "there are no imports yet",
      "@Module({\n  providers: [],\n})",
      "  providers: [],\n  imports: [\n    StemModule.forRoot({\n      adapter: memory(),\n      clients: [StemClient],\n    }),\n  ],\n})",
    ],
    [
      "the metadata is empty",
      "@Module({})",
      "@Module({\n  imports: [\n    StemModule.forRoot({\n      adapter: memory(),\n      clients: [StemClient],\n    }),\n  ],\n})",
    ],
    [
      "they stand on a line each",
      "@Module({\n  imports: [\n    A, // first\n  ],\n})",
      "    A, // first\n    StemModule.forRoot({\n      adapter: memory(),\n      clients: [StemClient],\n    }),\n  ],\n})",
    ],
    [
      "a comment stands among those on one line",
      "@Module({ imports: [A /* a */, B] })",
      "imports: [A /* a */, B, StemModule.forRoot({\n  adapter: memory(),\n  clients: [StemClient],\n})] })",
    ],
  ])("adds to the imports where %s", async (_, decorator, expected) => {
    const text = await module({ store: "memory" }, `import { Module } from '@nestjs/common';\n\n${decorator}\nexport class AppModule {}\n`);
    expect(text).toContain(expected);
  });

  it("leaves a module alone that it does not understand, and prints the lines to add by hand", async () => {
    const source = MODULE.replace("imports: []", "imports: modules");
    const { tree, said } = await add({ store: "sqlite" }, { files: { ...files, "src/app.module.ts": source } });
    expect(tree.readText("/src/app.module.ts")).toBe(source);
    expect(said).toBe(
      [
        "src/app.module.ts was left as it is, because its imports are not a plain array. Add by hand:",
        "  import { StemModule } from 'nestjs-stem';",
        "  import { sqlite } from 'nestjs-stem/sqlite';",
        "  import { StemClient } from './stem/stem.gen.js';",
        "  imports: [StemModule.forRoot({",
        "    adapter: sqlite(process.env.STEM_DB ?? 'data/stem.db'),",
        "    clients: [StemClient],",
        "  })],",
      ].join("\n"),
    );
  });

  it("finds the root module by what main.ts starts", async () => {
    const { tree } = await add(
      {},
      {
        files: {
          ...files,
          "src/main.ts": MAIN.replaceAll("AppModule", "Shop").replace("./app.module.js", "./shop/shop.js"),
          "src/shop/shop.ts": MODULE.replace("AppModule", "Shop"),
        },
      },
    );
    expect(tree.readText("/src/app.module.ts")).toBe(MODULE);
    expect(tree.readText("/src/shop/shop.ts")).toContain("import { StemClient } from '../stem/stem.gen.js';");
    expect(tree.readText("/stem.config.mjs")).toContain("app: 'dist/shop/shop.js#Shop',");
  });

  it("has main.ts close the app on signals", async () => {
    expect((await add({})).tree.readText("/src/main.ts")).toBe(
      MAIN.replace("AppModule);\n", "AppModule);\n  app.enableShutdownHooks();\n"),
    );
    const spread = MAIN.replace(
      "const app = await NestFactory.create(AppModule)",
      "const shop = await NestFactory.create<NestExpressApplication>(AppModule, {\n    logger: false,\n  })",
    );
    expect((await main(spread)).tree.readText("/src/main.ts")).toContain("  });\n  shop.enableShutdownHooks();\n");
    const crlf = MAIN.replace("AppModule);\n", "AppModule); // ours\n").replaceAll("\n", "\r\n");
    expect((await main(crlf)).tree.readText("/src/main.ts")).toContain("AppModule); // ours\r\n  app.enableShutdownHooks();\r\n");
  });

  it.each([
    [
      "is chained",
      MAIN.replace("const app = await NestFactory.create(AppModule);", "const app = (await NestFactory.create(AppModule)).x();"),
    ],
    ["goes on behind the call", MAIN.replace("(AppModule);", "(AppModule).then(tap);")],
    ["is there twice", MAIN + MAIN],
  ])("leaves a main.ts alone where the creation %s", async (_, source) => {
    const { tree, said } = await main(source);
    expect(tree.readText("/src/main.ts")).toBe(source);
    expect(said).toContain(
      "src/main.ts was left as it is, because it is not plain where it creates the application. Add by hand:\n  app.enableShutdownHooks();",
    );
  });

  it("adds the driver, the tools and the scripts", async () => {
    const { tree } = await add({ store: "sqlite" });
    expect(manifestOf(tree)).toEqual({
      type: "module",
      scripts: {
        ...SCRIPTS,
        "start:dev": 'concurrently -k -n stem,nest "stem generate --watch" "nest start --watch"',
        prebuild: "stem generate",
        "stem:generate": "stem generate",
        "stem:watch": "stem generate --watch",
        "start:worker": "stem worker",
        "start:beat": "stem beat",
      },
      dependencies: { "better-sqlite3": "^12.11.1", rxjs: "^7.8.1" },
      devDependencies: { concurrently: "^9.2.1", "ts-morph": "^28.0.0", vitest: "^4.1.2" },
    });
  });

  it("gives versions that this package is tested with", async () => {
    const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Manifest;
    for (const store of ["sqlite", "redis", "postgres"]) {
      const { dependencies, devDependencies } = manifestOf(
        (await add({ store }, { packageJson: { scripts: SCRIPTS, devDependencies: { jest: "^30.0.0" } } })).tree,
      );
      const { concurrently, jest, ...tested } = { ...dependencies, ...devDependencies };
      expect([concurrently, jest]).toEqual(["^9.2.1", "^30.0.0"]);
      for (const [name, range] of Object.entries(tested)) expect({ name, range }).toEqual({ name, range: `^${own.devDependencies[name]}` });
    }
  });

  it("keeps what is there: versions, scripts, and a prebuild, which goes first", async () => {
    const { tree } = await add(
      { store: "postgres" },
      {
        packageJson: {
          scripts: { prebuild: "rimraf dist", "start:worker": "mine", "start:dev": "tsx watch" },
          dependencies: { pg: "8.11.0" },
          devDependencies: { "ts-morph": "28.0.0" },
        },
      },
    );
    expect(manifestOf(tree)).toMatchObject({
      scripts: { prebuild: "rimraf dist && stem generate", "start:worker": "mine", "start:dev": "tsx watch", "start:beat": "stem beat" },
      dependencies: { pg: "8.11.0" },
      devDependencies: { "ts-morph": "28.0.0" },
    });
    expect(manifestOf(tree).devDependencies["concurrently"]).toBeUndefined();
  });

  it("leaves a configuration of the command alone, and says what it lacks", async () => {
    const { created, said } = await add({ store: "memory" }, { files: { ...files, "stem.config.json": '{ "decorators": [] }' } });
    expect(created).not.toContain("/stem.config.mjs");
    expect(said).toBe(
      "stem.config.json was left as it is, and does not say what the commands start. Add by hand:\n  app: 'dist/app.module.js#AppModule',",
    );
  });

  it("writes the client as the generator does for an app without handlers", async () => {
    const text = (await add({})).tree.readText("/src/stem/stem.gen.ts");
    expect(text).toContain('// @generated by "stem generate"');
    expect(text).toContain("export class StemClient");
  });

  it("tells the command where the app is, git and Prettier what to leave out, and people what to set", async () => {
    const { tree, created } = await add({ store: "sqlite" });
    expect(created.sort()).toEqual([
      "/.env.example",
      "/.prettierignore",
      "/src/stem/stem.gen.ts",
      "/stem.config.mjs",
      "/stem.manifest.json",
    ]);
    expect(tree.readText("/stem.config.mjs")).toContain("export default {\n  app: 'dist/app.module.js#AppModule',\n};\n");
    expect(tree.readText("/.prettierignore")).toBe("*.gen.ts\n");
    expect(tree.readText("/.gitignore")).toBe("/dist\n/data/stem.db*\n");
    expect(tree.readText("/.env.example")).toContain("STEM_DB=data/stem.db\n");
    expect((await add({ store: "memory" })).created).not.toContain("/.env.example");
  });

  it.each(["redis", "postgres"])("describes a server of %s for development, unless a compose file has one", async (store) => {
    const { tree, said } = await add({ store });
    const compose = tree.readText("/compose.yaml");
    expect(compose).toContain(`services:\n  ${store}:\n    image: ${store}:`);
    expect(said).toBe("");
    const other = await add({ store }, { files: { ...files, "docker-compose.yml": "services:\n  web:\n    image: nginx\n" } });
    expect(other.created).not.toContain("/compose.yaml");
    expect(other.said).toContain(`docker-compose.yml was left as it is. Add by hand:\n  services:\n    ${store}:`);
    const there = await add({ store }, { files: { ...files, "docker-compose.yml": `services:\n  x:\n    image: ${store}:7-alpine\n` } });
    expect(there.said).toBe("");
  });

  it("describes the servers as this repository runs them", async () => {
    const ours = readFileSync(new URL("../../compose.yaml", import.meta.url), "utf8");
    for (const store of ["redis", "postgres"]) {
      const [, service] = /services:\n([^]*?)volumes:\n/.exec((await add({ store })).tree.readText("/compose.yaml")) ?? [];
      expect(ours).toContain(service);
    }
  });

  it.each(["memory", "sqlite", "redis", "postgres"])("changes nothing when it runs a second time (%s)", async (store) => {
    const jest = { devDependencies: { jest: "^30.0.0" }, jest: { transform: { "^.+\\.ts$": "ts-jest" } }, scripts: SCRIPTS };
    for (const manifest of [packageJson, jest]) {
      const first = all((await add({ store }, { packageJson: manifest })).tree);
      const again = await run("nest-add", { store }, { files: first });
      expect(all(again.tree)).toEqual(first);
      expect(again.said).toBe("");
      expect(again.tasks).toEqual([]);
    }
  });

  it("installs what it added with the package manager of the app, unless told not to", async () => {
    const { tasks } = await add({ skipInstall: false }, { files: { ...files, "pnpm-lock.yaml": "" } });
    expect(tasks).toEqual([
      { name: "node-package", options: { command: "install", quiet: true, workingDirectory: ".", packageManager: "pnpm" } },
    ]);
    expect((await add({})).tasks).toEqual([]);
  });

  it("works on one app of a monorepo", async () => {
    const shop = {
      "apps/shop/src/main.ts": MAIN,
      "apps/shop/src/app.module.ts": MODULE,
      "apps/shop/tsconfig.app.json": '{ "compilerOptions": { "rootDir": "../..", "outDir": "../../dist/apps/shop" } }',
      "nest-cli.json": JSON.stringify({
        monorepo: true,
        sourceRoot: "apps/api/src",
        projects: { shop: { sourceRoot: "apps/shop/src", compilerOptions: { tsConfigPath: "apps/shop/tsconfig.app.json" } } },
      }),
    };
    const { tree } = await add({ store: "memory", sourceRoot: "apps/shop/src" }, { files: shop });
    expect(tree.exists("/apps/shop/src/stem/stem.gen.ts")).toBe(true);
    expect(tree.readText("/apps/shop/src/app.module.ts")).toContain("StemModule.forRoot");
    expect(tree.readText("/stem.config.mjs")).toContain("app: 'dist/apps/shop/apps/shop/src/app.module.js#AppModule',");
    expect(tree.exists("/apps/shop/stem.manifest.json")).toBe(true);
    // It writes the clients of all apps.
    expect(manifestOf(tree).scripts["prebuild"]).toBe("stem generate");
  });

  it("says of a bundled app that its workers need an entry of their own", async () => {
    const bundled = { ...files, "nest-cli.json": '{ "sourceRoot": "src", "compilerOptions": { "builder": { "type": "webpack" } } }' };
    const { tree, said } = await add({ store: "memory" }, { files: bundled });
    expect(manifestOf(tree).scripts["start:worker"]).toBeUndefined();
    expect(tree.exists("/stem.config.mjs")).toBe(false);
    expect(said).toContain("For workers of their own: nest g -c nestjs-stem worker-app");
  });

  it("refuses a store there is not", async () => {
    await expect(add({ store: "mysql" })).rejects.toThrow("must be equal to one of the allowed values");
  });
});

describe("nest add nestjs-stem, in an app that tests with Jest", () => {
  const CONFIG =
    "const config = {\n  rootDir: '.',\n  transform: {\n    '^.+\\\\.(t|j)s$': 'ts-jest',\n  },\n  testEnvironment: 'node',\n};\n";
  const FLAGGED = "node --experimental-vm-modules ./node_modules/jest/bin/jest.js";
  const manifest = {
    scripts: { test: FLAGGED, "test:e2e": `${FLAGGED} --config ./test/jest-e2e.json` },
    devDependencies: { jest: "^30.0.0" },
  };
  const e2e = JSON.stringify({ transform: { "^.+\\.(t|j)s$": "ts-jest" } });

  it("lets swc turn ES modules into CommonJS, and takes the flag away with which that would not work", async () => {
    const { tree, said } = await add(
      { store: "memory" },
      {
        files: { ...files, "src/main.ts": MAIN.replaceAll(".js", ""), "jest.config.ts": CONFIG, "test/jest-e2e.json": e2e },
        packageJson: manifest,
      },
    );
    const config = tree.readText("/jest.config.ts");
    expect(config).toMatch(
      /^const config = \{\n {2}rootDir: '\.',\n {2}transform: \{\n {4}'\^\.\+\\\\\.\(t\|j\)s\$': \[\n {6}'@swc\/jest',\n/,
    );
    expect(config).toMatch(
      / {2}transformIgnorePatterns: \[\n {4}'\/node_modules\/\(\?!\(nestjs-stem\|@nestjs\|.*\n {2}\],\n {2}testEnvironment: 'node',\n\};\n$/,
    );
    expect(JSON.parse(tree.readText("/test/jest-e2e.json"))).toMatchObject({
      transform: { "^.+\\.(t|j)s$": ["@swc/jest", { module: { type: "commonjs" } }] },
      transformIgnorePatterns: [expect.stringContaining("nestjs-stem")],
    });
    expect(manifestOf(tree).scripts).toMatchObject({ test: "jest", "test:e2e": "jest --config ./test/jest-e2e.json" });
    expect(Object.keys(manifestOf(tree).devDependencies)).toEqual(expect.arrayContaining(["@swc/core", "@swc/jest"]));
    expect(said).toBe("");
  });

  it("leaves what stands on one line there, so that only what is new is in the diff", async () => {
    const before = [
      "{",
      '  "moduleFileExtensions": ["js", "json", "ts"],',
      '  "rootDir": ".",',
      '  "testRegex": ".e2e-spec.ts$",',
      '  "transform": {',
      String.raw`    "^.+\\.(t|j)s$": "ts-jest"`,
      "  }",
      "}",
      "",
    ];
    const { tree } = await add({ store: "memory" }, { files: { "test/jest-e2e.json": before.join("\n") }, packageJson: manifest });
    const after = tree.readText("/test/jest-e2e.json").split("\n");
    expect(after.slice(0, 5)).toEqual(before.slice(0, 5));
    expect(after.length).toBeGreaterThan(before.length);
  });

  it("does so in package.json, as apps of Nest 11 have it", async () => {
    const { tree } = await add(
      { store: "memory" },
      { packageJson: { ...manifest, jest: { rootDir: "src", transform: { "^.+\\.(t|j)s$": "ts-jest" } } } },
    );
    expect(manifestOf(tree).jest).toMatchObject({ rootDir: "src", transform: { "^.+\\.(t|j)s$": ["@swc/jest", {}] } });
  });

  it("leaves other configurations and their scripts alone, and prints the lines", async () => {
    const own = CONFIG.replace("'ts-jest'", "['ts-jest', { useESM: true }]");
    const { tree, said } = await add({ store: "memory" }, { files: { ...files, "jest.config.ts": own }, packageJson: manifest });
    expect(tree.readText("/jest.config.ts")).toBe(own);
    expect(manifestOf(tree).scripts["test"]).toBe(FLAGGED);
    expect(said).toContain(
      "The Jest configuration in jest.config.ts was left as it is, because it does more than run ts-jest. Add by hand:\n  transform: {",
    );
  });

  const E2E =
    "import { Test, TestingModule } from '@nestjs/testing';\nimport { AppModule } from './../src/app.module';\n\n" +
    "describe('AppController (e2e)', () => {\n  beforeEach(async () => {\n" +
    "    const moduleFixture: TestingModule = await Test.createTestingModule({\n      imports: [AppModule],\n    }).compile();\n" +
    "    app = moduleFixture.createNestApplication();\n  });\n});\n";

  it.each(["\n", "\r\n"])("keeps the store out of the e2e test of nest new, once (line ends %j)", async (newline) => {
    const { tree, said } = await add({}, { files: { ...files, "test/app.e2e-spec.ts": E2E.replaceAll("\n", newline) } });
    const expected = E2E.replace(
      "await Test.createTestingModule({\n      imports: [AppModule],\n    })",
      "await useStemTesting(\n      Test.createTestingModule({\n        imports: [AppModule],\n      }),\n    )",
    ).replace("app.module';\n", "app.module';\nimport { useStemTesting } from 'nestjs-stem/testing';\n");
    expect(tree.readText("/test/app.e2e-spec.ts")).toBe(expected.replaceAll("\n", newline));
    expect(said).not.toContain("e2e");
    const again = await run("nest-add", { skipInstall: true }, { files: all(tree) });
    expect(again.tree.readText("/test/app.e2e-spec.ts")).toBe(tree.readText("/test/app.e2e-spec.ts"));
  });

  it("leaves an e2e test alone that is not plain, and says what to add", async () => {
    const two = E2E + E2E;
    const { tree, said } = await add({}, { files: { ...files, "test/app.e2e-spec.ts": two } });
    expect(tree.readText("/test/app.e2e-spec.ts")).toBe(two);
    expect(said).toContain("useStemTesting(Test.createTestingModule");
  });
});
