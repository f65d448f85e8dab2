import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "@jest/globals";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { cannotOpen, checkDriver, SCHEMA_VERSION } from "../../../lib/adapters/sqlite/adapter.js";
import { inFolder } from "./processes.js";

describe("Opening a SQLite file", () => {
  it("touches nothing until open is called, then makes the folder and the file", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "a", "b", "stem.db");
      const adapter = sqlite(file);
      expect(() => readFileSync(file)).toThrow();
      await adapter.open();
      expect(await adapter.ping()).toEqual({
        store: file,
        ms: expect.any(Number),
        server: expect.stringContaining("SQLite"),
        schema: SCHEMA_VERSION,
      });
      await adapter.close();
      expect(readFileSync(file).subarray(0, 15).toString()).toBe("SQLite format 3");
    });
  });

  it("refuses :memory: and points to memory()", () => {
    expect(() => sqlite(":memory:")).toThrow(/memory\(\)/);
  });

  it.each([
    ["file:./dev.db", 'sqlite("./dev.db")'],
    ["file:dev.db?mode=rwc", 'sqlite("dev.db")'],
    ["file:///var/lib/stem.db", 'sqlite("/var/lib/stem.db")'],
    ["sqlite://x.db", 'sqlite("x.db")'],
    ["sqlite:///x.db", 'sqlite("/x.db")'],
    ["sqlite:x.db", 'sqlite("x.db")'],
    ["SQLITE3:x.db", 'sqlite("x.db")'],
    ["libsql://host/x", "Give the path alone"],
    ["file::memory:?cache=shared", "memory()"],
    ["~/stem.db", "homedir()"],
    ["x\0y.db", "Give a path"],
  ])("refuses %j, which it would take for odd folders, and says what to give", (file, remedy) => {
    expect(() => sqlite(file)).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID", hint: expect.stringContaining(remedy) }));
  });

  it.each(["stem.db", "./a:b/stem.db", "C:\\data\\stem.db", "data/file:x.db"])("takes %j for a path", (file) => {
    expect(() => sqlite(file)).not.toThrow();
  });

  it.each([
    [{ synchronous: "off" }, /"normal" or "full"/],
    [{ busyTimeoutMs: -1 }, /whole number/],
    [{ watchMs: 0 }, /from 1 to 2,147,483,647/],
    [{ watchMs: 2_147_483_648 }, /from 1 to 2,147,483,647/],
    [{ busyTimeoutMs: 3_000_000_000 }, /from 0 to 2,147,483,647/],
    [{ cacheSize: 5 }, /no option "cacheSize"/],
  ])("refuses the options %p by name", (options, message) => {
    expect(() => sqlite("stem.db", options as never)).toThrow(message);
  });

  it("refuses a folder, a file that is no database, and the database of something else, each with its remedy", async () => {
    await inFolder(async (folder) => {
      const text = join(folder, "notes.txt");
      writeFileSync(text, "no database at all, however long this text may be ".repeat(100));
      const foreign = join(folder, "app.db");
      const app = new Database(foreign);
      app.exec("CREATE TABLE users (id INTEGER PRIMARY KEY)");
      app.close();
      const opening = (file: string): Promise<void> => sqlite(file).open();
      await expect(opening(folder)).rejects.toMatchObject({ code: "STEM_STORE_OPEN", hint: expect.stringContaining("file inside it") });
      await expect(opening(text)).rejects.toMatchObject({
        code: "STEM_STORE_OPEN",
        hint: expect.stringContaining("not an SQLite database"),
      });
      await expect(opening(foreign)).rejects.toMatchObject({ code: "STEM_STORE_OPEN", hint: expect.stringContaining("file of its own") });
      // The code of the reason is named once.
      await expect(opening(join(text, "stem.db"))).rejects.toMatchObject({
        code: "STEM_STORE_OPEN",
        message: expect.stringMatching(/opened \((EEXIST|ENOTDIR): (?!\1)/),
      });
      expect(readFileSync(text, "utf8").startsWith("no database")).toBe(true);
    });
  });

  it("refuses a folder it may not write to", async () => {
    await inFolder(async (folder) => {
      const locked = join(folder, "locked");
      mkdirSync(locked);
      chmodSync(locked, 0o500);
      // Root may write to any folder but those the kernel makes up.
      const place = process.getuid?.() === 0 ? "/proc" : locked;
      await expect(sqlite(join(place, "stem.db")).open()).rejects.toMatchObject({ code: "STEM_STORE_OPEN" });
      chmodSync(locked, 0o700);
    });
  });

  it("refuses a file of a newer schema and leaves it as it is", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const adapter = sqlite(file);
      await adapter.open();
      await adapter.close();
      const raw = new Database(file);
      raw.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
      raw.close();
      await expect(adapter.open()).rejects.toMatchObject({ code: "STEM_SCHEMA_NEWER" });
      const again = new Database(file);
      expect(again.pragma("user_version", { simple: true })).toBe(SCHEMA_VERSION + 1);
      again.close();
    });
  });

  it("can be tried again after it failed", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      writeFileSync(file, "not a database ".repeat(100));
      const adapter = sqlite(file);
      await expect(adapter.open()).rejects.toMatchObject({ code: "STEM_STORE_OPEN" });
      writeFileSync(file, "");
      await adapter.open();
      expect((await adapter.ping()).schema).toBe(SCHEMA_VERSION);
      await adapter.close();
    });
  });

  it("says in one line that better-sqlite3 is not built, or built for another Node, and what to do", () => {
    const unbuilt = Object.assign(
      new Error("Could not locate the bindings file. Tried:\n → /a/build/better_sqlite3.node\n → /a/out/better_sqlite3.node"),
      {
        tries: [],
      },
    );
    const other = Object.assign(
      new Error(
        "The module '/a/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115. This version requires 127.",
      ),
      { code: "ERR_DLOPEN_FAILED" },
    );
    const remedy =
      "\n  → better-sqlite3 was not built for this Node: allow its install script, then run: npm rebuild better-sqlite3  [STEM_STORE_OPEN]";
    expect(cannotOpen("stem.db", unbuilt).message).toBe(
      `The SQLite file stem.db cannot be opened (Could not locate the bindings file).${remedy}`,
    );
    expect(cannotOpen("stem.db", other).message).toBe(
      "The SQLite file stem.db cannot be opened (ERR_DLOPEN_FAILED: The module '/a/better_sqlite3.node' was compiled against a different Node.js version using NODE_MODULE_VERSION 115. This version requires 127)." +
        remedy,
    );
  });

  it("refuses better-sqlite3 13 on a Node that it would crash", () => {
    expect(() => checkDriver("13.0.1", "9")).toThrow(/better-sqlite3@12/);
    expect(() => checkDriver("13.0.1", "10")).not.toThrow();
    expect(() => checkDriver("12.11.1", "9")).not.toThrow();
  });
});
