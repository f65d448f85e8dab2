import Database from "better-sqlite3";

const silent = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * plainjob on SQLite: one loop per worker, one job at a time. Its default settings are its fastest but for
 * the poll, which matters to an idle worker.
 */
export default {
  name: "plainjob",
  store: "sqlite",
  package: "plainjob",
  configs: { default: {}, fastest: { pollIntervall: 1 } },
  about: { default: "a poll every second", fastest: "a poll every millisecond; it cannot keep nothing" },
  slow: { default: { latency: 10, gapMs: 1_000 } },
  few: { default: 2 },
  skips: {
    default: ["enqueue-one", "enqueue-100", "bulk", "drain-200k", "drain-1m", "drain-discard", "drain-slow1", "drain-cold", "delay"],
    fastest: ["drain-1m", "drain-discard", "drain-slow1", "recovery"],
  },
  // Finished jobs stay (without a result) with every setting.
  keeps: true,
  async open({ file }, config) {
    const { better, defineQueue, defineWorker } = await import("plainjob");
    const open = () => {
      const db = new Database(file);
      return { db, queue: defineQueue({ connection: better(db), logger: silent }) };
    };
    const { db, queue: watched } = open();
    return {
      producer() {
        const { queue } = open();
        return {
          add: async (data, delay) => queue.add("bench", data, delay === undefined ? undefined : { delay }),
          addBulk: async (all) => queue.addMany("bench", all),
          close: () => queue.close(),
        };
      },
      worker(handler) {
        const { queue } = open();
        const worker = defineWorker("bench", (job) => handler(JSON.parse(job.data)), { queue, logger: silent, ...config });
        return {
          start: () => void worker.start(),
          async close() {
            await worker.stop();
            queue.close();
          },
        };
      },
      left: () => db.prepare("SELECT 1 FROM plainjob_jobs WHERE status IN (0, 1) LIMIT 1").all().length,
      counts: () =>
        db
          .prepare("SELECT coalesce(sum(status IN (0, 1)), 0) AS unfinished, coalesce(sum(status = 2), 0) AS succeeded FROM plainjob_jobs")
          .get(),
      close: () => watched.close(),
    };
  },
};
