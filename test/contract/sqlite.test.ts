import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
    return {
      adapter: await open(),
      other: open,
      async close() {
        for (const adapter of opened) await adapter.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
