// What better-sqlite3 does with one bare table and none of our promises, in the same run: the limit to compare with.
import Database from "better-sqlite3";
import { payload } from "./stem.mjs";

const rate = (n, began) => n / ((performance.now() - began) / 1_000);

export async function bareSqlite({ file }) {
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = NORMAL");
  db.exec("CREATE TABLE job (id INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL, result TEXT)");
  db.exec("CREATE INDEX ready ON job (id) WHERE state = 0");
  const insert = db.prepare("INSERT INTO job (payload) VALUES (?)");
  const many = db.transaction((jobs) => {
    for (const job of jobs) insert.run(JSON.stringify(job));
  });
  const batch = Array.from({ length: 1_000 }, (_, i) => payload(i));
  let began = performance.now();
  for (let i = 0; i < 200; i++) many(batch);
  const bulk = rate(200_000, began);
  began = performance.now();
  for (let i = 0; i < 20_000; i++) insert.run(JSON.stringify(batch[i % 1_000]));
  const one = rate(20_000, began);

  const take = db.prepare(
    "UPDATE job SET state = 1 WHERE id IN (SELECT id FROM job WHERE state = 0 ORDER BY id LIMIT 100) RETURNING id, payload",
  );
  const finish = db.prepare("UPDATE job SET state = 2, result = 'null' WHERE id = ?");
  const turn = db.transaction((ids) => {
    for (const id of ids) finish.run(id);
    return take.all();
  });
  const drain = (n) => {
    const start = performance.now();
    for (let done = 0, ids = []; done < n; done += ids.length) ids = turn(ids).map(({ id, payload: text }) => (JSON.parse(text), id));
    return rate(n, start);
  };
  drain(10_000);
  const drained = drain(20_000);
  db.close();
  return { bulk, "enqueue-one": one, drain: drained };
}
