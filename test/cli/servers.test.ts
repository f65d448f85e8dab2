import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { describeShared, sharedPostgres, sharedRedis } from "../servers/index.js";
import { type Ended, root, startStem } from "./run.js";

const home = mkdtempSync(join(tmpdir(), "stem-cli-servers-"));
const ours = `cli_${process.pid}`;

beforeAll(() => {
  const href = (file: string): string => pathToFileURL(join(root, file)).href;
  writeFileSync(
    join(home, "app.mjs"),
    `import { Module } from "${href("node_modules/@nestjs/common/index.js")}";
     import { StemModule } from "${href("dist/lib/index.js")}";
     import { redis } from "${href("dist/lib/adapters/redis/index.js")}";
     import { postgres } from "${href("dist/lib/adapters/postgres/index.js")}";
     const url = process.env.STORE_URL;
     const adapter = url.startsWith("redis") ? redis(url, { namespace: "${ours}", connectTimeoutMs: 2000 }) : postgres(url, { schema: "${ours}", connectTimeoutMs: 2000 });
     export class AppModule {}
     Module({ imports: [StemModule.forRoot({ adapter })] })(AppModule);`,
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const stem = (url: string, args: readonly string[], environment = "test"): Promise<Ended> =>
  startStem(home, [...args, "--app", "app.mjs"], { STORE_URL: url, NODE_ENV: environment }).ended;

describeShared("postgres")("On Postgres in production", () => {
  it("a schema that is behind stops the app and is named by status and doctor; sql prints it, migrate takes it, and all is well", async () => {
    const url = await sharedPostgres();
    const run = (...args: string[]): Promise<Ended> => stem(url, args, "production");
    expect(await run("dlq", "list")).toMatchObject({ code: 3, err: expect.stringContaining("[STEM_SCHEMA_BEHIND]") });
    expect(JSON.parse((await run("status")).out)).toMatchObject({ version: 0, upToDate: false });
    const doctor = await run("doctor");
    expect(doctor.code).toBe(1);
    expect(JSON.parse(doctor.out)).toMatchObject({ ok: false, code: "STEM_SCHEMA_BEHIND", schema: { version: 0 } });
    expect(await run("sql")).toMatchObject({ code: 0, out: expect.stringMatching(/^-- 1 .*\n[^]*CREATE TABLE/) });
    expect(await run("migrate")).toMatchObject({ code: 0, out: expect.stringMatching(/^Took 1 /) });
    expect(await run("migrate")).toMatchObject({ code: 0, out: expect.stringContaining("already") });
    expect((await run("status")).code).toBe(0);
    expect(await run("sql")).toMatchObject({ code: 0, out: "-- The schema in postgres is up to date.\n" });
    expect(JSON.parse((await run("doctor")).out)).toMatchObject({ connected: true, server: expect.stringMatching(/^PostgreSQL \d/) });
    expect(await run("dlq", "list")).toMatchObject({ code: 0 });
  });

  it("what sql prints is what migrate does", async () => {
    const { Client } = await import("pg");
    const url = await sharedPostgres();
    const { out } = await stem(url, ["sql", "--from", "0"]);
    const client = new Client(url);
    await client.connect();
    try {
      const tables = async (): Promise<unknown> =>
        (
          await client.query(
            `SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns WHERE table_schema = '${ours}' ORDER BY 1, 2`,
          )
        ).rows;
      await stem(url, ["migrate"], "production");
      const migrated = await tables();
      await client.query(`SET client_min_messages = warning; DROP SCHEMA "${ours}" CASCADE`);
      await client.query(out);
      expect(await tables()).toEqual(migrated);
      expect(JSON.parse((await stem(url, ["status"], "production")).out)).toMatchObject({ upToDate: true });
    } finally {
      await client.query(`SET client_min_messages = warning; DROP SCHEMA IF EXISTS "${ours}" CASCADE`);
      await client.end();
    }
  });
});

describeShared("redis")("On Redis", () => {
  it("the doctor names the server, and a setting that puts jobs at risk", async () => {
    // The shared one writes nothing to disk.
    const { code, out } = await stem(await sharedRedis(), ["doctor"]);
    expect({ code, said: JSON.parse(out) as unknown }).toMatchObject({
      code: 1,
      said: {
        connected: true,
        server: expect.stringMatching(/^Redis \d/),
        findings: [expect.objectContaining({ message: expect.stringContaining("append-only") })],
      },
    });
  });
});

describe("A server that is away", () => {
  it.each(["redis", "postgres"])(
    "is one wait for health and doctor on %s, and an answer with its address",
    async (kind) => {
      for (const command of ["health", "doctor"]) {
        const began = performance.now();
        const { code, out } = await stem(`${kind}://127.0.0.1:1/0`, [command]);
        const took = performance.now() - began;
        expect({ code, said: JSON.parse(out) as unknown, late: took > 9_000 }).toMatchObject({
          code: 1,
          said: { ok: false, code: "STEM_STORE_UNREACHABLE", error: expect.stringContaining("127.0.0.1:1") },
          late: false,
        });
      }
    },
    60_000,
  );
});
