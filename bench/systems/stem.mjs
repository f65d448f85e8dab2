import { existsSync, readFileSync } from "node:fs";

// By path, because bench/package.json keeps this folder from importing the project by its name.
const DIST = new URL("../../dist/lib/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

const ADAPTERS = {
  redis: { file: "adapters/redis/index.js", make: ({ redis }, { url }) => redis(url) },
  postgres: { file: "adapters/postgres/index.js", make: ({ postgres }, { url }) => postgres(url) },
  sqlite: { file: "adapters/sqlite/index.js", make: ({ sqlite }, { file }) => sqlite(file) },
  memory: { file: "index.js", make: ({ memory }) => memory() },
};

/** This project on one of its stores, with its defaults: concurrency 100, results kept for a day. */
export function stem(store) {
  const { file, make } = ADAPTERS[store];
  return {
    name: `stem-${store}`,
    store,
    version,
    built: existsSync(new URL(file, DIST)),
    configs: { default: {}, fastest: { worker: { concurrency: 300 } } },
    only: { fastest: ["drain", "drain-discard", "drain-200k"] },
    about: {
      default: "concurrency 100, results kept for a day; drain-discard with `keepResult: 0`",
      fastest: "the same with concurrency 300",
    },
    async open(at, { worker: options = {} }, { keep }) {
      const { defineTask, Stem, TaskRegistry, Worker } = await import(new URL("core/index.js", DIST));
      const adapter = make(await import(new URL(file, DIST)), at);
      const log = { log() {}, warn: console.error, error: console.error };
      await adapter.open(log);
      let handle = () => {};
      const registry = new TaskRegistry();
      const task = { name: "noop", kind: "task", where: "bench", run: async (data) => handle(data) };
      registry.add(keep ? defineTask(task) : defineTask(task, { keepResult: 0 }));
      const client = new Stem({ adapter, registry, log });
      const target = client.task("noop", { queue: "default" });
      return {
        producer: () => ({
          add: (data, delay) => target.enqueue(data, delay === undefined ? undefined : { delay }),
          addBulk: (all) => target.enqueueMany(all),
          close: () => {},
        }),
        worker(handler) {
          handle = handler;
          const worker = new Worker({ stem: client, options });
          return { start: () => worker.start(), close: () => worker.stop() };
        },
        left: async () => (await client.queues()).reduce((sum, { ready, active }) => sum + ready + active, 0),
        async counts() {
          const { blocked, ready, active, parked, succeeded } = await client.counts();
          return { unfinished: blocked + ready + active + parked, succeeded };
        },
        async close() {
          await client.close();
          await adapter.close();
        },
      };
    },
  };
}
