import { Pool } from "pg";

/**
 * pg-boss. By default a worker asks every two seconds for one job. Fastest: a handler that is given 1,000
 * jobs at once, asks again at once while batches are full, and is woken by NOTIFY. (With NOTIFY it polls
 * every 30 s, so that a delayed job would be up to 30 s late: we shorten that to its minimum of 0.5 s.)
 */
export default {
  name: "pg-boss",
  store: "postgres",
  package: "pg-boss",
  node: "22.12",
  configs: {
    default: {},
    fastest: {
      boss: { max: 20, useListenNotify: true },
      queue: { notify: true },
      work: { batchSize: 1_000, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 },
    },
  },
  about: {
    default: "one job per poll, a poll every 2 s",
    fastest: "batchSize 1,000, burstWhenBatchFull, LISTEN/NOTIFY, polls of 0.5 s, pool of 20; it cannot keep nothing",
  },
  slow: { default: { drain: 20, warm: 0, latency: 8, gapMs: 2_000 } },
  few: { default: 1 },
  skips: {
    default: ["enqueue-one", "drain-200k", "drain-1m", "drain-slow1", "drain-discard", "bulk", "delay"],
    fastest: ["drain-1m", "idle", "recovery"],
  },
  // Finished jobs stay with every setting.
  keeps: true,
  async open({ url }, { boss = {}, queue = {}, work = {} }) {
    const { PgBoss } = await import("pg-boss");
    const pool = new Pool({ connectionString: url, max: 1 });
    const start = async (more) => {
      const opened = new PgBoss({ connectionString: url, ...boss, ...more });
      opened.on("error", (error) => console.error(error.message));
      await opened.start();
      return opened;
    };
    const producing = { supervise: false, schedule: false, useListenNotify: false };
    return {
      async prepare() {
        const opened = await start({ ...producing, ...boss });
        await opened.createQueue("bench", queue);
        await opened.stop({ graceful: false });
      },
      async producer() {
        const opened = await start(producing);
        return {
          add: (data, delay) => opened.send("bench", data, delay === undefined ? undefined : { startAfter: new Date(Date.now() + delay) }),
          addBulk: (all) =>
            opened.insert(
              "bench",
              all.map((data) => ({ data })),
            ),
          close: () => opened.stop({ graceful: false }),
        };
      },
      async worker(handler) {
        const opened = await start();
        return {
          start: () => opened.work("bench", work, async (jobs) => void (await Promise.all(jobs.map((job) => handler(job.data))))),
          close: () => opened.stop({ graceful: false }),
        };
      },
      left: async () => (await pool.query("SELECT 1 FROM pgboss.job WHERE name = 'bench' AND state < 'completed' LIMIT 1")).rowCount,
      async counts() {
        const { rows } = await pool.query(
          `SELECT count(*) FILTER (WHERE state < 'completed')::int AS unfinished, count(*) FILTER (WHERE state = 'completed')::int AS succeeded
             FROM pgboss.job WHERE name = 'bench'`,
        );
        return rows[0];
      },
      close: () => pool.end(),
    };
  },
};
