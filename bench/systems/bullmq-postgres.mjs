import { Pool } from "pg";
import { bullmq, BULLMQ } from "./bullmq.mjs";

/** BullMQ's own backend for Postgres: a stored function and a commit per job. */
export default {
  name: "bullmq-postgres",
  store: "postgres",
  package: "bullmq",
  configs: { default: BULLMQ.default, fastest: { concurrency: 100, max: 20 } },
  about: { default: "one job at a time", fastest: "concurrency 100, pool of 20; drain-discard with removeOnComplete" },
  slow: { default: { drain: 1_500, warm: 300 }, fastest: { drain: 5_000, warm: 1_000 } },
  few: { default: 2 },
  skips: {
    default: ["enqueue-one", "enqueue-100", "bulk", "drain-200k", "drain-1m", "drain-discard", "drain-slow1", "delay"],
    fastest: ["drain-slow1", "drain-200k", "drain-1m", "idle", "recovery"],
  },
  async open({ url }, { max, ...config }, options) {
    const { createPostgresBackend, withBackend } = await import("bullmq");
    const connection = { connectionString: url, migrate: true, ...(max === undefined ? {} : { max }) };
    const pool = new Pool({ connectionString: url, max: 1 });
    const opened = bullmq(withBackend(createPostgresBackend), connection, config, options);
    return {
      ...opened,
      left: async () => (await pool.query("SELECT 1 FROM bullmq.job WHERE state IN ('waiting', 'active', 'delayed') LIMIT 1")).rowCount,
      close: () => pool.end(),
    };
  },
};
