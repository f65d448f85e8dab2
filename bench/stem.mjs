import { defineTask, Stem, TaskRegistry, Worker } from "nestjs-stem/core";

/** Opens a store with one no-op task. `onJob` may be set to see the payloads. */
export async function openBench(store, file) {
  const adapter = store === "sqlite" ? (await import("nestjs-stem/sqlite")).sqlite(file) : (await import("nestjs-stem")).memory();
  await adapter.open();
  const bench = { adapter, onJob: undefined };
  const registry = new TaskRegistry();
  registry.add(defineTask({ name: "noop", kind: "task", where: "bench", run: async (payload) => void bench.onJob?.(payload) }));
  registry.add(
    defineTask(
      { name: "noop-discard", kind: "task", where: "bench", run: async (payload) => void bench.onJob?.(payload) },
      { keepResult: 0 },
    ),
  );
  const stem = new Stem({ adapter, registry });
  return Object.assign(bench, {
    stem,
    worker: (options = {}) => new Worker({ stem, options }),
    async close() {
      await stem.close();
      await adapter.close();
    },
  });
}

const PAD = "x".repeat(80);

/** About 110 bytes of JSON. */
export const payload = (i) => ({ i, t: 0, p: PAD });
