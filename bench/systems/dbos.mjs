import { Client, Pool } from "pg";

/**
 * A queue of DBOS: each job is a workflow. A job costs four round trips to enqueue and four to finish. There
 * is no call for many: `bulk` would put 1,000 into one transaction and is no faster.
 */
export default {
  name: "dbos",
  store: "postgres",
  package: "@dbos-inc/dbos-sdk",
  configs: {
    default: { queue: {} },
    fastest: { queue: { workerConcurrency: 200, minPollingIntervalMs: 10 }, system: { systemDatabasePoolSize: 20 } },
  },
  about: { default: "no bound, a poll every second", fastest: "workerConcurrency 200, polls of 10 ms, pool of 20; it cannot keep nothing" },
  slow: { default: { drain: 1_500, warm: 300, latency: 10, gapMs: 1_000 }, fastest: { drain: 4_000, warm: 1_000, latency: 100 } },
  few: { default: 1, fastest: 3 },
  skips: {
    default: ["enqueue-one", "enqueue-100", "bulk", "drain-200k", "drain-1m", "drain-discard", "drain-slow1", "delay"],
    fastest: ["bulk", "drain-slow1", "drain-200k", "drain-1m", "drain-discard", "idle", "recovery"],
  },
  // Workflows and their results stay with every setting.
  keeps: true,
  async open({ url }, { queue, system = {} }) {
    const { DBOS, DBOSClient } = await import("@dbos-inc/dbos-sdk");
    const pool = new Pool({ connectionString: url, max: 1 });
    const target = { queueName: "bench", workflowName: "bench" };
    let handle;
    let registered = false;
    const launch = async () => {
      DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error", applicationVersion: "1", ...system });
      if (!registered) DBOS.registerWorkflow(async (data) => void (await handle(data)), { name: "bench" });
      registered = true;
      await DBOS.launch();
      await DBOS.registerQueue("bench", queue);
    };
    return {
      async prepare() {
        await launch();
        await DBOS.shutdown();
      },
      async producer() {
        const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: "bench", ...system });
        const transaction = new Client({ connectionString: url });
        await transaction.connect();
        return {
          add: (data, delay) => client.enqueue(delay === undefined ? target : { ...target, delaySeconds: delay / 1_000 }, data),
          async addBulk(all) {
            await transaction.query("BEGIN");
            await Promise.all(all.map((data) => client.enqueueInTransaction(transaction, target, data)));
            await transaction.query("COMMIT");
          },
          async close() {
            await client.destroy();
            await transaction.end();
          },
        };
      },
      worker(handler) {
        handle = handler;
        return { start: launch, close: () => DBOS.shutdown() };
      },
      left: async () =>
        (await pool.query("SELECT 1 FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED') LIMIT 1")).rowCount,
      async counts() {
        const { rows } = await pool.query(
          `SELECT count(*) FILTER (WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED'))::int AS unfinished,
                  count(*) FILTER (WHERE status = 'SUCCESS')::int AS succeeded
             FROM dbos.workflow_status WHERE queue_name = 'bench'`,
        );
        return rows[0];
      },
      close: () => pool.end(),
    };
  },
};
