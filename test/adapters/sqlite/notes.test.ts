import { describe, expect, it } from "@jest/globals";
import Database from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { noteAndForget } from "../notes.js";

describe("Notes in SQLite", () => {
  it("leave no row behind, however their job is forgotten", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stem-notes-"));
    const file = join(folder, "stem.db");
    const [adapter, other] = [sqlite(file), sqlite(file)];
    await adapter.open();
    await other.open();
    const there = new Database(file);
    const rows = async (): Promise<number> =>
      there.prepare("SELECT (SELECT count(*) FROM stem_notes) + (SELECT count(*) FROM stem_logs)").pluck().get() as number;
    await noteAndForget(adapter, other, async (count) => expect(await rows()).toBe(count));
    there.close();
    await adapter.close();
    await other.close();
    rmSync(folder, { recursive: true });
  });
});
