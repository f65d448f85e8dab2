import { Pool } from "pg";

/**
 * graphile-worker. Untuned it takes one job per statement and deletes it with another, a commit each. Its
 * local queue takes 500 at a time and `completeJobBatchDelay` deletes finished jobs together. It keeps no
 * results, so it has no `drain` but only `drain-discard`. Its logger, a line per job, is off.
 */
export default {
  name: "graphile-worker",
  store: "postgres",
  package: "graphile-worker",
  node: "22.18",
  configs: {
    default: { concurrentJobs: 1 },
    fastest: { concurrentJobs: 24, maxPoolSize: 26, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  },
  about: {
    default: "one job at a time, logger off",
    fastest: "concurrentJobs 24, localQueue 500, completeJobBatchDelay 0, pool of 26, logger off",
  },
  slow: { default: { drain: 3_000, warm: 500 } },
  few: { default: 2 },
  skips: {
    default: ["drain", "drain-200k", "drain-1m", "drain-slow1", "enqueue-one", "enqueue-100", "bulk", "delay"],
    fastest: ["drain", "drain-1m", "idle", "recovery"],
  },
  // `drain-discard`, which it has instead of `drain`, keeps nothing with any setting.
  keeps: false,
  async open({ url }, config) {
    const { Logger, makeWorkerUtils, run, runMigrations } = await import("graphile-worker");
    const logger = new Logger(() => () => {});
    const pool = new Pool({ connectionString: url, max: 1 });
    return {
      prepare: () => runMigrations({ connectionString: url, logger }),
      async producer() {
        const { maxPoolSize } = config;
        const utils = await makeWorkerUtils({ connectionString: url, logger, ...(maxPoolSize === undefined ? {} : { maxPoolSize }) });
        return {
          add: (data, delay) => utils.addJob("bench", data, delay === undefined ? undefined : { runAt: new Date(Date.now() + delay) }),
          addBulk: (all) => utils.addJobs(all.map((data) => ({ identifier: "bench", payload: data }))),
          close: () => utils.release(),
        };
      },
      worker(handler) {
        let runner;
        const taskList = { bench: async (data) => handler(data) };
        const preset = { worker: { connectionString: url, logger, ...config } };
        return {
          async start() {
            runner = await run({ connectionString: url, logger, taskList, noHandleSignals: true, preset });
          },
          close: () => runner.stop(),
        };
      },
      left: async () => (await pool.query("SELECT 1 FROM graphile_worker._private_jobs LIMIT 1")).rowCount,
      counts: async () => ({ unfinished: Number((await pool.query("SELECT count(*) FROM graphile_worker._private_jobs")).rows[0].count) }),
      close: () => pool.end(),
    };
  },
};
