import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { SCHEMA_VERSION } from "../../../lib/adapters/sqlite/adapter.js";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { Previous } from "../../fixtures/previous/index.js";
import { everyState, liveOn } from "../old-store.js";
import { Child, inFolder } from "./processes.js";

describe("A SQLite file of the version before", () => {
  let previous: Previous;
  beforeAll(() => void (previous = new Previous()));
  afterAll(() => previous.remove());

  it("is brought up to date while the version before is at work, and every job in it lives on", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const old = (await previous.adapters()).sqlite(file);
      await old.open();
      expect((await old.ping()).schema).toBe(2);
      await everyState(old);
      // The app has tables of its own in the file, named as it likes.
      const app = new Database(file);
      const own = ["orders", "tags", "notes", "logs", "limits", "keys", "tracks", "tries", "chores", "quotas", "tracked"];
      for (const name of own) app.exec(`CREATE TABLE ${name} (id TEXT PRIMARY KEY); CREATE INDEX ${name}_id ON ${name} (id)`);
      app.close();
      const fresh = sqlite(file);
      await fresh.open();
      expect((await fresh.ping()).schema).toBe(SCHEMA_VERSION);
      await liveOn(old, fresh);
      await fresh.close();
      await old.close();
    });
  });

  it("is not read or written from end to end for that, however much it holds", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const old = (await previous.adapters()).sqlite(file);
      await old.open();
      const payload = "x".repeat(1_000);
      for (let n = 0; n < 20; n++)
        await old.broker.enqueue(Array.from({ length: 500 }, (_, i) => ({ id: `${n}-${i}`, task: "t", queue: "work", payload })));
      const raw = new Database(file);
      raw.pragma("wal_checkpoint(TRUNCATE)");
      await old.close();
      const before = raw.pragma("page_count", { simple: true }) as number;
      const fresh = sqlite(file);
      await fresh.open();
      // Of 5,000 pages and more, some forty are new: a root for each table and index.
      const written = (raw.pragma("wal_checkpoint(PASSIVE)") as { log: number }[])[0]!.log;
      expect(before).toBeGreaterThan(5_000);
      expect(written).toBeLessThan(150);
      expect(written).toBeGreaterThan(20);
      await fresh.close();
      raw.close();
    });
  });

  it("is brought up to date once, whoever comes first, while writers of the version before never pause", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const { sqlite: older } = await previous.adapters();
      const old = older(file);
      await old.open();
      let stored = 0;
      const until = new AbortController();
      const writing = (async () => {
        while (!until.signal.aborted) {
          await old.broker.enqueue([{ id: `w${stored}`, task: "t", queue: "work", payload: "" }]);
          stored++;
          await new Promise(setImmediate);
        }
      })();
      const children = Array.from({ length: 4 }, () => new Child("open", file));
      expect(await Promise.all(children.map((child) => child.end()))).toEqual([0, 0, 0, 0]);
      until.abort();
      await writing;
      expect((await old.results.count()).ready).toBe(stored + 4);
      await old.close();
      const raw = new Database(file);
      expect(raw.pragma("user_version", { simple: true })).toBe(SCHEMA_VERSION);
      expect(raw.pragma("integrity_check", { simple: true })).toBe("ok");
      raw.close();
    });
  });

  it("is closed to the version before once it is up to date, which says what to do", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const fresh = sqlite(file);
      await fresh.open();
      const old = (await previous.adapters()).sqlite(file);
      await expect(old.open()).rejects.toMatchObject({ code: "STEM_SCHEMA_NEWER", hint: expect.stringContaining("Update nestjs-stem") });
      await fresh.close();
    });
  });
});
