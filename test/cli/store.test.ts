import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Ended, root, startStem } from "./run.js";

const home = mkdtempSync(join(tmpdir(), "stem-cli-store-"));
const shop = join(root, "dist/sample-app/src/app.module.js#AppModule");

/**
 * An app on a store whose schema is a number in a file, and whose server is there, away, or refuses for good,
 * as the environment says.
 */
const APP = `
import { readFileSync, writeFileSync } from "node:fs";
import { Module } from "@nestjs/common";
import { memory, StemModule, StoreError } from "nestjs-stem";
const version = () => Number(readFileSync("version", "utf8"));
const migrations = ["tables", "events", "limits"].map((name, i) => ({ version: i + 1, name, sql: "CREATE TABLE " + name + " (id int);" }));
const inner = memory();
const { STORE = "there" } = process.env;
const away = () => Promise.reject(new StoreError("STEM_STORE_UNREACHABLE", "db:5432 refuses connections.", "Start it."));
const adapter = {
  ...inner,
  name: "fakegres",
  schema: {
    migrations,
    version: async () => (STORE === "away" ? away() : version()),
    migrate: async () => {
      if (STORE === "away") return away();
      const taken = migrations.slice(version());
      writeFileSync("version", String(Math.max(version(), 3)));
      return taken;
    },
  },
  async open(log) {
    if (STORE === "behind") throw new StoreError("STEM_SCHEMA_BEHIND", "The schema is at " + version() + ", this version needs 3.", "Run stem migrate.");
    await inner.open(log);
    if (STORE !== "away") return;
    log.warn("db:5432 refuses connections (ECONNREFUSED), attempt 1");
    await new Promise((resolve) => setTimeout(resolve, 200).unref());
  },
  ping: async () => (STORE === "away" ? new Promise((_, fail) => setTimeout(fail, 60_000).unref()) : { store: "db:5432", ms: 1.25, server: "Fakegres 15.3", schema: version() }),
  diagnose: async () => {
    if (STORE === "mute") throw new Error("permission denied");
    return STORE === "risky" ? [{ code: "STEM_FAKE_RISK", message: "fsync is off.", hint: "Switch it on." }] : [];
  },
};
class Hooked {
  onModuleInit() { writeFileSync("hooked", ""); }
  onApplicationBootstrap() { writeFileSync("hooked", ""); }
}
export class AppModule {}
Module({ imports: [StemModule.forRoot({ adapter })], providers: [Hooked] })(AppModule);
`;

const stem = (args: readonly string[], store = "there"): Promise<Ended> =>
  startStem(home, [...args, "--app", "app.mjs"], { STORE: store }).ended;
const onShop = (...args: string[]): Promise<Ended> => startStem(home, [...args, "--app", shop], { SHOP_DATA: home }).ended;
const atVersion = (version: number): void => writeFileSync(join(home, "version"), String(version));

beforeAll(() => {
  const library = pathToFileURL(join(root, "dist/lib/index.js")).href;
  const common = pathToFileURL(join(root, "node_modules/@nestjs/common/index.js")).href;
  writeFileSync(join(home, "app.mjs"), APP.replace('"nestjs-stem"', `"${library}"`).replace('"@nestjs/common"', `"${common}"`));
});
beforeEach(() => atVersion(3));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("stem migrate", () => {
  it("takes the missing steps, also where the app would not start because of them, and starts nothing of the app", async () => {
    atVersion(1);
    const { code, out, err } = await stem(["migrate"], "behind");
    expect({ code, out, err }).toEqual({
      code: 0,
      out: "Took 2 events\nTook 3 limits\nThe schema in fakegres is at version 3.\n",
      err: "",
    });
    expect(readFileSync(join(home, "version"), "utf8")).toBe("3");
    expect(() => readFileSync(join(home, "hooked"))).toThrow();
    expect((await stem(["migrate"])).out).toBe("The schema in fakegres is at version 3 already.\n");
    atVersion(2);
    expect(JSON.parse((await stem(["migrate", "--json"])).out)).toEqual({
      adapter: "fakegres",
      version: 3,
      taken: [{ version: 3, name: "limits" }],
    });
  });

  it("says in one line that a store has nothing to migrate", async () => {
    for (const command of ["migrate", "status", "sql"]) {
      const { code, out } = await onShop(command, ...(command === "status" ? ["--table"] : []));
      expect({ code, out }).toEqual({
        code: 0,
        out: expect.stringMatching(/^(-- )?The sqlite store looks after its schema by itself; there is nothing to migrate\.\n$/),
      });
    }
  });

  it("exits 3 with the reason when the server is away", async () => {
    for (const command of ["migrate", "status", "sql"])
      expect(await stem([command], "away")).toMatchObject({ code: 3, out: "", err: expect.stringContaining("[STEM_STORE_UNREACHABLE]") });
  });
});

describe("stem status", () => {
  it("lists the steps, and exits 1 unless all are taken and no others", async () => {
    expect(await stem(["status", "--table"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Up to date: .* 3\.\nVERSION +NAME +STATE\n/),
    });
    atVersion(1);
    const behind = await stem(["status"], "behind");
    expect({ ...(JSON.parse(behind.out) as object), exit: behind.code }).toEqual({
      exit: 1,
      adapter: "fakegres",
      version: 1,
      newest: 3,
      upToDate: false,
      migrations: [
        { version: 1, name: "tables", taken: true },
        { version: 2, name: "events", taken: false },
        { version: 3, name: "limits", taken: false },
      ],
    });
    expect((await stem(["status", "--table"], "behind")).out).toMatch(/^Behind: .* 2 steps behind 3\. Run "stem migrate"/);
    atVersion(4);
    expect(await stem(["status", "--table"])).toMatchObject({ code: 1, out: expect.stringMatching(/^Newer: .* Update nestjs-stem here/) });
  });
});

describe("stem sql", () => {
  it("prints the statements that are missing, or those after a version without asking the store", async () => {
    atVersion(2);
    expect(await stem(["sql"], "behind")).toMatchObject({ code: 0, out: "-- 3 limits\nCREATE TABLE limits (id int);\n\n" });
    const all = await stem(["sql", "--from", "0"], "away");
    expect({ code: all.code, statements: all.out.match(/^CREATE TABLE \w+/gm) }).toEqual({
      code: 0,
      statements: ["CREATE TABLE tables", "CREATE TABLE events", "CREATE TABLE limits"],
    });
    atVersion(3);
    expect((await stem(["sql"])).out).toBe("-- The schema in fakegres is up to date.\n");
    expect(await stem(["sql", "--from", "two"])).toMatchObject({ code: 2, err: expect.stringContaining("--from is a whole number") });
  });
});

describe("stem doctor", () => {
  it("exits 0 when all is well, and shows connection, version, schema, settings, workers and queues", async () => {
    const { code, out } = await stem(["doctor", "--table"]);
    expect({ code, out }).toEqual({
      code: 0,
      out: [
        "✓ fakegres at db:5432 answers in 1.3 ms (Fakegres 15.3)",
        "✓ Up to date: The schema in fakegres is at version 3.",
        "✓ Its settings put no job at risk",
        "  0 workers alive, 0 queues in use",
        "",
      ].join("\n"),
    });
    expect(JSON.parse((await stem(["doctor"])).out)).toMatchObject({
      ok: true,
      connected: true,
      server: "Fakegres 15.3",
      schema: { version: 3, newest: 3 },
      findings: [],
    });
    expect(await onShop("doctor")).toMatchObject({ code: 0, out: expect.stringMatching(/"server": "SQLite 3\./) });
  });

  it("exits 1 for a setting that puts jobs at risk, a schema that is behind, and a store that will not be looked at", async () => {
    const risky = await stem(["doctor", "--table"], "risky");
    expect(risky).toMatchObject({ code: 1, out: expect.stringContaining("✗ fsync is off.\n  → Switch it on.  [STEM_FAKE_RISK]\n") });
    const mute = await stem(["doctor", "--table"], "mute");
    expect(mute).toMatchObject({ code: 1, out: expect.stringMatching(/✗ .*permission denied\n.*\[STEM_DIAGNOSE_FAILED\]/) });
    atVersion(1);
    const behind = await stem(["doctor"], "behind");
    expect({ ...(JSON.parse(behind.out) as object), exit: behind.code }).toMatchObject({
      exit: 1,
      ok: false,
      connected: false,
      error: expect.stringContaining("[STEM_SCHEMA_BEHIND]"),
      schema: { version: 1, newest: 3 },
    });
  });
});

describe("A server that is away", () => {
  it("is what health and doctor say, with the reason, once, and exit 1", async () => {
    for (const command of ["health", "doctor"]) {
      const { code, out, err } = await stem([command, "--table"], "away");
      expect({ command, code, err, reason: out.match(/ECONNREFUSED/g)?.length, coded: out.includes("[STEM_STORE_UNREACHABLE]") }).toEqual({
        command,
        code: 1,
        err: "",
        reason: 1,
        coded: true,
      });
      const asJson = JSON.parse((await stem([command], "away")).out) as unknown;
      expect(asJson).toMatchObject({ ok: false, code: "STEM_STORE_UNREACHABLE", error: expect.stringContaining("ECONNREFUSED") });
    }
  });
});
