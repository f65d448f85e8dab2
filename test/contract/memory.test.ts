import { memory } from "../../lib/adapters/memory/index.js";
import { runLaws } from "./run-laws.js";

runLaws("memory", {
  async open() {
    const adapter = memory();
    await adapter.open();
    return { adapter, other: async () => adapter, close: () => adapter.close() };
  },
});
