// How late jobs start that only the new workers of a rolling deploy know, while old ones take from the same
// queue: 374 jobs, one every 20 ms, each worker in a process of its own. Build first; then: node
// bench/deploy.mjs sqlite|redis|postgres [OLD NEW]. Default: 2 old and 2 new, then 9 old and 1 new.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { START } from "./servers/index.mjs";

const dist = new URL("../dist/lib/", import.meta.url);
const ADAPTERS = {
  redis: ({ url }) => import(new URL("adapters/redis/index.js", dist)).then(({ redis }) => redis(url)),
  postgres: ({ url }) => import(new URL("adapters/postgres/index.js", dist)).then(({ postgres }) => postgres(url)),
  sqlite: ({ file }) => import(new URL("adapters/sqlite/index.js", dist)).then(({ sqlite }) => sqlite(file)),
};
const { defineTask, Stem, TaskRegistry, Worker } = await import(new URL("core/index.js", dist));
const JOBS = 374;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function open(at) {
  const adapter = await ADAPTERS[at.store](at);
  await adapter.open();
  const registry = new TaskRegistry();
  return { adapter, registry, stem: new Stem({ adapter, registry, log: { log() {}, warn() {}, error: console.error } }) };
}

async function work({ at, tasks }) {
  const { registry, stem } = await open(at);
  for (const name of tasks) registry.add(defineTask({ name, kind: "task", where: "bench", run: () => tasks.length }));
  const worker = new Worker({ stem });
  await worker.start();
  process.send("ready");
  process.on("disconnect", () => process.exit(0));
}

async function measure(store, old, fresh) {
  const server = await START[store]();
  const at = { store, ...(await server.fresh()) };
  const { adapter, registry, stem } = await open(at);
  registry.add(defineTask({ name: "fresh", kind: "task", where: "bench", run: () => {} }));
  const workers = [];
  for (let n = 0; n < old + fresh; n++) {
    const worker = fork(fileURLToPath(import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    worker.send({ at, tasks: n < old ? ["old"] : ["old", "fresh"] });
    await new Promise((ready) => worker.once("message", ready));
    workers.push(worker);
  }
  const ids = [];
  for (let n = 0; n < JOBS; n++) {
    ids.push((await stem.enqueue("fresh", n)).id);
    await pause(20);
  }
  while ((await stem.counts()).succeeded < JOBS) await pause(50);
  const records = await adapter.jobs.get(ids);
  const delays = records.map(({ enqueuedAt, startedAt }) => startedAt - enqueuedAt).sort((a, b) => a - b);
  const part = (share) => delays[Math.min(JOBS - 1, Math.floor(JOBS * share))];
  console.log(JSON.stringify({ store, old, new: fresh, jobs: JOBS, p50: part(0.5), p99: part(0.99), max: delays.at(-1) }));
  for (const worker of workers) worker.disconnect();
  // A server that goes says so on connections that are on their way out.
  process.on("uncaughtException", () => {});
  await stem.close();
  await adapter.close();
  await server.stop();
}

if (process.send !== undefined) process.once("message", work);
else {
  const [store = "sqlite", ...crew] = process.argv.slice(2);
  const crews = crew.length === 2 ? [crew.map(Number)] : [[2, 2], [9, 1]]; // prettier-ignore
  for (const [old, fresh] of crews) await measure(store, old, fresh);
  process.exit(0);
}
