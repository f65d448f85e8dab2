import { Pool } from "pg";
import { coalesced } from "./coalesced.mjs";

const TABLE = `
  CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text NOT NULL, state smallint NOT NULL DEFAULT 0, priority smallint NOT NULL DEFAULT 0,
    due timestamptz NOT NULL DEFAULT now(), locked_until timestamptz, attempts smallint NOT NULL DEFAULT 0, payload jsonb, result text
  ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
  CREATE INDEX job_ready ON job (queue, priority, due, id) WHERE state = 0;`;
const INSERT = {
  name: "insert",
  text: "INSERT INTO job (queue, payload) SELECT 'bench', data::jsonb FROM unnest($1::text[]) data RETURNING id",
};
const END = {
  keep: "UPDATE job SET state = 2, locked_until = NULL, result = 'null' WHERE id = ANY ($2::bigint[])",
  discard: "DELETE FROM job WHERE id = ANY ($2::bigint[])",
};
/** Ends the jobs of one turn and takes the next in one statement. */
const turn = (how) => ({
  name: `turn-${how}`,
  text: `
    WITH ended AS (${END[how]})
    UPDATE job SET state = 1, locked_until = now() + interval '30 s', attempts = attempts + 1
      FROM (SELECT id FROM job WHERE queue = 'bench' AND state = 0 AND due <= now() ORDER BY priority, due, id LIMIT $1 FOR UPDATE SKIP LOCKED) ready
     WHERE job.id = ready.id RETURNING job.id, job.payload`,
});

const BATCH = 500;

/**
 * What Postgres can do at all: one statement ends a batch of 500 and takes the next, which is on its way
 * while handlers run; concurrent producers share inserts. No retries, wake-ups or results but `null`.
 */
export default {
  name: "bare-postgres",
  store: "postgres",
  bare: "pg",
  configs: { batches: {} },
  about: { batches: "one statement per 500 jobs, the next one in flight; concurrent inserts coalesced" },
  skips: { batches: ["latency", "delay", "recovery", "idle", "drain-slow1", "drain-1m"] },
  async open({ url }, _config, { keep }) {
    const pool = new Pool({ connectionString: url, max: 4 });
    const insert = (all) => pool.query({ ...INSERT, values: [all.map((data) => JSON.stringify(data))] });
    const unfinished = async () => (await pool.query("SELECT count(*)::int AS unfinished FROM job WHERE state < 2")).rows[0];
    return {
      prepare: () => pool.query(TABLE),
      producer: () => ({ add: coalesced(insert), addBulk: insert, close: () => {} }),
      worker(handler) {
        const statement = turn(keep ? "keep" : "discard");
        const life = { over: false };
        let flying;
        const loop = async () => {
          let ended = [];
          flying = pool.query({ ...statement, values: [BATCH, ended] });
          while (!life.over) {
            const { rows } = await flying;
            const ending = ended;
            ended = [];
            flying = pool.query({ ...statement, values: [BATCH, ending] });
            for (const { id, payload } of rows) {
              await handler(payload);
              ended.push(id);
            }
            if (rows.length + ending.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
          }
        };
        return {
          start: () => void loop().catch((error) => life.over || console.error(error)),
          async close() {
            life.over = true;
            await flying;
          },
        };
      },
      left: async () => (await pool.query("SELECT 1 FROM job WHERE state < 2 LIMIT 1")).rowCount,
      counts: unfinished,
      close: () => pool.end(),
    };
  },
};
