import { describe, expect, it } from "@jest/globals";
import Database from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";

describe("Orders in SQLite", () => {
  it("go with a worker that a process of an older version signs off, as its number is used again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stem-orders-"));
    const file = join(folder, "stem.db");
    const adapter = sqlite(file);
    await adapter.open();
    const renew = (id: string) => adapter.workers.renew({ id, leaseMs: 60_000, info: {} }, []);
    await renew("old");
    expect(await adapter.workers.order("all", "pause")).toBe(1);
    const there = new Database(file);
    // What `leave` of 0.1 does.
    const number = there.prepare("DELETE FROM workers WHERE id = ? RETURNING no").pluck().get("old");
    expect((await renew("new")).orders).toEqual([]);
    expect(there.prepare("SELECT no FROM workers").pluck().all()).toEqual([number]);
    there.close();
    await adapter.close();
    rmSync(folder, { recursive: true });
  });
});
