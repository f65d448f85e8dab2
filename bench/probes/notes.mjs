import { Redis } from "ioredis";
import Database from "better-sqlite3";
import { Client } from "pg";
import { START } from "../servers/index.mjs";
import { payloads } from "../measure.mjs";
import { stem } from "../systems/stem.mjs";
import { inTurn, print, timed } from "./probe.mjs";

/*
 * What a drain loses while 1,000 other jobs report their progress each second, written ten times a second as
 * one batch of 100; goal: at most 2 %. Server and worker share the machine. `node bench/probes/notes.mjs
 * STORE`
 */

const JOBS = 60_000;
const ROUNDS = 9;
const BATCH = 100;
const NOTE = JSON.stringify({ done: 42, rows: 1_234, of: 10_000 });

const WRITERS = {
  async redis({ url }) {
    const redis = new Redis(url);
    return {
      write: (ids) => redis.hset("notes", ...ids.flatMap((id) => [id, NOTE])),
      close: () => redis.disconnect(),
    };
  },
  async postgres({ url }) {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query("CREATE TABLE probe_notes (job bigint PRIMARY KEY, state text NOT NULL) WITH (fillfactor = 50)");
    const text =
      "INSERT INTO probe_notes SELECT u.job, $2 FROM unnest($1::bigint[]) u(job) ON CONFLICT (job) DO UPDATE SET state = excluded.state";
    return { write: (ids) => client.query({ name: "note", text, values: [ids, NOTE] }), close: () => client.end() };
  },
  async sqlite({ file }) {
    const db = new Database(file, { timeout: 5_000 });
    db.pragma("synchronous = NORMAL");
    db.exec("CREATE TABLE probe_notes (job INTEGER PRIMARY KEY, state TEXT NOT NULL)");
    const upsert = db.prepare("INSERT INTO probe_notes VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET state = excluded.state");
    const all = db.transaction((ids) => {
      for (const id of ids) upsert.run(id, NOTE);
    });
    return { write: async (ids) => all.immediate(ids), close: () => db.close() };
  },
};

const [store = "sqlite"] = process.argv.slice(2);
const server = await START[store]();
try {
  const drained = (reports) => async () => {
    const at = await server.fresh();
    const open = await stem(store).open(at, {}, { keep: true });
    const writer = await WRITERS[store](at);
    for (let from = 0; from < JOBS; from += 1_000) await open.producer().addBulk(payloads(from, 1_000));
    let ran = 0;
    let done;
    const all = new Promise((resolve) => (done = resolve));
    const worker = open.worker(() => void (++ran === JOBS && done()));
    let turn = 0;
    const reporting =
      reports &&
      setInterval(() => {
        const first = (turn++ % 10) * BATCH;
        void writer.write(Array.from({ length: BATCH }, (_, i) => first + i));
      }, 100);
    const ms = await timed(async () => {
      await worker.start();
      await all;
      while ((await open.left()) > 0);
    });
    clearInterval(reporting);
    await worker.close();
    await writer.close();
    await open.close();
    return JOBS / (ms / 1_000);
  };
  const { silent, reporting } = await inTurn({ silent: drained(false), reporting: drained(true) }, ROUNDS);
  print({
    figure: "drain",
    store,
    unit: "jobs/s",
    silent: Math.round(silent),
    reporting: Math.round(reporting),
    ratio: +(reporting / silent).toFixed(3),
  });
} finally {
  await server.stop();
}
