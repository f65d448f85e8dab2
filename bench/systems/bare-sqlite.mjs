import Database from "better-sqlite3";
import { coalesced } from "./coalesced.mjs";

const TABLE = `
  CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL, result TEXT);
  CREATE INDEX IF NOT EXISTS ready ON job (id) WHERE state = 0;`;
const END = { keep: "UPDATE job SET state = 2, result = 'null' WHERE id = ?", discard: "DELETE FROM job WHERE id = ?" };
const TAKE = "UPDATE job SET state = 1 WHERE id IN (SELECT id FROM job WHERE state = 0 ORDER BY id LIMIT 100) RETURNING id, payload";

/** What SQLite can do at all: a transaction ends 100 jobs and takes the next. */
export default {
  name: "bare-sqlite",
  store: "sqlite",
  bare: "better-sqlite3",
  configs: { batches: {} },
  about: { batches: "one transaction per 100 jobs; concurrent inserts coalesced" },
  skips: { batches: ["latency", "latency-one", "delay", "recovery", "drain-slow1", "drain-1m"] },
  open({ file }, _config, { keep }) {
    const db = new Database(file);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = NORMAL");
    db.pragma("busy_timeout = 5000");
    db.exec(TABLE);
    const insert = db.prepare("INSERT INTO job (payload) VALUES (?)");
    const insertMany = db.transaction((all) => {
      for (const data of all) insert.run(JSON.stringify(data));
    });
    const finish = db.prepare(keep ? END.keep : END.discard);
    const take = db.prepare(TAKE);
    const turn = db.transaction((ended) => {
      for (const id of ended) finish.run(id);
      return take.all();
    });
    const unfinished = () => db.prepare("SELECT count(*) AS unfinished FROM job WHERE state < 2").get();
    return {
      producer: () => ({ add: coalesced(insertMany), addBulk: async (all) => insertMany(all), close: () => {} }),
      worker(handler) {
        const life = { over: false };
        const loop = async () => {
          let ended = [];
          while (!life.over) {
            const jobs = turn.immediate(ended);
            ended = [];
            for (const { id, payload } of jobs) {
              await handler(JSON.parse(payload));
              ended.push(id);
            }
            await new Promise((resolve) => setImmediate(resolve));
          }
        };
        return { start: () => void loop().catch((error) => life.over || console.error(error)), close: () => void (life.over = true) };
      },
      left: () => db.prepare("SELECT 1 FROM job WHERE state < 2 LIMIT 1").all().length,
      counts: unfinished,
      close: () => db.close(),
    };
  },
};
