import { describe, expect, it } from "@jest/globals";
import Database from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { keysAreForgotten } from "../keys.js";

describe("Unique keys in SQLite", () => {
  it("leave no row behind, however their job goes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stem-keys-"));
    const file = join(folder, "stem.db");
    const adapter = sqlite(file);
    await adapter.open();
    const there = new Database(file);
    await keysAreForgotten(adapter, async () => there.prepare("SELECT count(*) FROM stem_keys").pluck().get() as number);
    there.close();
    await adapter.close();
    rmSync(folder, { recursive: true });
  });

  it("are taken over where an older process has lent or forgotten the job, which knows none of them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stem-keys-"));
    const file = join(folder, "stem.db");
    const adapter = sqlite(file);
    await adapter.open();
    const there = new Database(file);
    const job = (id: string, until: "started" | "ended") =>
      ({ id, task: "t", queue: "q", payload: "{}", unique: { key: until, until, whenHeld: "keep" } }) as const;
    await adapter.broker.enqueue([job("a", "started"), job("b", "ended")]);
    // As 0.1 lends a job that comes back to its line, and as it forgets one.
    there.exec("UPDATE jobs SET fence = 1 WHERE id = 'a'; DELETE FROM line WHERE seq = (SELECT seq FROM jobs WHERE id = 'b')");
    there.exec("UPDATE meta SET value = 2 WHERE name = 'seq_floor'; DELETE FROM jobs WHERE id = 'b'");
    expect(await adapter.broker.enqueue([job("c", "started"), job("d", "ended")])).toEqual({ met: [] });
    expect((await adapter.broker.enqueue([job("e", "started"), job("f", "ended")])).met.map(({ existing }) => existing)).toEqual([
      "c",
      "d",
    ]);
    there.close();
    await adapter.close();
    rmSync(folder, { recursive: true });
  });
});
