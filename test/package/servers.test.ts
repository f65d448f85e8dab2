import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { describeShared, sharedPostgres, sharedRedis } from "../servers/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "stem-package-servers-"));
const env = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" };

/**
 * A CommonJS app and an ES module app, the same but for the way they load: one job through queue, worker and
 * result.
 */
const body = (adapter: string, given: string): string => `
  class Greet { run(name) { return "hello " + name; } }
  Task("greet")(Greet);
  class AppModule {}
  Module({ imports: [StemModule.forRoot({ adapter: ${adapter}(process.argv[2], ${given}) })], providers: [Greet] })(AppModule);
  (async () => {
    const app = await NestFactory.createApplicationContext(AppModule, { logger: ["error"] });
    console.log(await app.get(Stem).enqueueAndWait(Greet, "ada", { timeout: "20s" }));
    await app.close();
  })();`;
const NAMES = [
  ["reflect-metadata", ""],
  ["@nestjs/common", "Module"],
  ["@nestjs/core", "NestFactory"],
  ["nestjs-stem", "Stem, StemModule, Task"],
] as const;
const asModule = (adapter: string): string =>
  [...NAMES, [`nestjs-stem/${adapter}`, adapter] as const]
    .map(([from, names]) => `import ${names === "" ? "" : `{ ${names} } from `}"${from}";`)
    .join("\n");
const asCommonJs = (adapter: string): string =>
  [...NAMES, [`nestjs-stem/${adapter}`, adapter] as const]
    .map(([from, names]) => `${names === "" ? "" : `const { ${names} } = `}require("${from}");`)
    .join("\n");

beforeAll(() => {
  const installed = join(home, "node_modules/nestjs-stem");
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", home], {
    cwd: root,
    encoding: "utf8",
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(home, filename), "-C", installed, "--strip-components=1"]);
  for (const name of ["@nestjs/common", "@nestjs/core", "reflect-metadata", "rxjs", "cron-parser", "ioredis", "pg"]) {
    mkdirSync(dirname(join(home, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(home, "node_modules", name));
  }
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "app" }));
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

for (const [adapter, url, given] of [
  ["redis", sharedRedis, '{ namespace: "packed" }'],
  ["postgres", sharedPostgres, '{ schema: "packed" }'],
] as const)
  describeShared(adapter)(`The packed ${adapter} adapter`, () => {
    it.each([
      ["an ES module app", "app.mjs", asModule],
      ["a CommonJS app", "app.cjs", asCommonJs],
    ] as const)(
      "works in %s",
      async (_, file, load) => {
        writeFileSync(join(home, file), load(adapter) + body(adapter, given));
        const { stdout, stderr, status } = spawnSync(process.execPath, ["--no-warnings", file, await url()], {
          cwd: home,
          encoding: "utf8",
          env,
        });
        expect({ stdout, stderr, status }).toEqual({ stdout: "hello ada\n", stderr: "", status: 0 });
      },
      60_000,
    );
  });

describe("An app on a server that is away", () => {
  it.each(["redis", "postgres"])("is told by %s where it looked, and waits for it once", (adapter) => {
    writeFileSync(
      join(home, "away.mjs"),
      `import { ${adapter} } from "nestjs-stem/${adapter}";
       const lines = [];
       const store = ${adapter}("${adapter}://127.0.0.1:1/0", { connectTimeoutMs: 2_000 });
       const began = performance.now();
       await store.open({ log() {}, warn: (line) => lines.push(line), error: (line) => lines.push(line) });
       const took = performance.now() - began;
       const error = await store.broker.enqueue([{ id: "1", task: "t", queue: "q", payload: "" }]).catch((error) => error);
       console.log(JSON.stringify({ named: lines.length > 0 && lines.every((line) => line.includes("127.0.0.1:1")), inTime: took < 3_800, code: error.code }));
       process.exit();`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", "away.mjs"], { cwd: home, encoding: "utf8", env });
    expect({ stdout: stdout.trim(), stderr }).toEqual({
      stdout: JSON.stringify({ named: true, inTime: true, code: "STEM_STORE_UNREACHABLE" }),
      stderr: "",
    });
  });
});
