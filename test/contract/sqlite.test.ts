import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import type { Adapter } from "../../lib/contract/index.js";
import { runLaws } from "./run-laws.js";

runLaws("sqlite", {
  async open() {
    const folder = mkdtempSync(join(tmpdir(), "stem-laws-"));
    const opened: Adapter[] = [];
    const open = async (): Promise<Adapter> => {
      const adapter = sqlite(join(folder, "stem.db"));
      await adapter.open();
      opened.push(adapter);
      return adapter;
    };
    let app: Database.Database | undefined;
    return {
      adapter: await open(),
      other: open,
      async transaction() {
        const db = (app ??= new Database(join(folder, "stem.db")));
        db.exec("BEGIN IMMEDIATE");
        return {
          handle: db,
          outside: db,
          commit: async () => void db.exec("COMMIT"),
          rollback: async () => void db.exec("ROLLBACK"),
        };
      },
      async close() {
        app?.close();
        for (const adapter of opened) await adapter.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
