// How runs of workflows fare under load: how many passes 300 signals take that were sent before a worker
// runs, and for how long 12 runs of 5,000 entries that wake together keep the event loop. Build first; then:
// node bench/runs.mjs memory|sqlite|redis|postgres [signals|replay] [DIST]
import { monitorEventLoopDelay } from "node:perf_hooks";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { START } from "./servers/index.mjs";

const [store = "memory", what = "signals", dist = new URL("../dist", import.meta.url).pathname] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(resolve(dist, "lib", file)).href);
const ADAPTERS = {
  redis: ({ url }) => load("adapters/redis/index.js").then(({ redis }) => redis(url)),
  postgres: ({ url }) => load("adapters/postgres/index.js").then(({ postgres }) => postgres(url)),
  sqlite: ({ file }) => load("adapters/sqlite/index.js").then(({ sqlite }) => sqlite(file)),
  memory: () => load("index.js").then(({ memory }) => memory()),
};
const { defineSignal, defineTask, Stem, TaskRegistry, Worker } = await load("core/index.js");
const server = await START[store]();
const adapter = await ADAPTERS[store](await server.fresh());
await adapter.open();
const registry = new TaskRegistry();
const stem = new Stem({ adapter, registry, log: { log() {}, warn: console.warn, error: console.error } });
let passes = 0;
const workflow = (run) =>
  registry.add(defineTask({ name: "flow", kind: "workflow", where: "bench", run: (p, c) => (passes++, run(p, c)) }));

const PROGRAMS = {
  async signals() {
    const go = defineSignal("go");
    const count = 300;
    workflow(async (_, ctx) => {
      const seen = [];
      for (let i = 0; i < count; i++) seen.push(await ctx.waitForSignal(go));
      return seen;
    });
    const run = await stem.start("flow", null, { id: "run" });
    for (let i = 0; i < count; i++) await stem.signal("run", go, i);
    const worker = new Worker({ stem });
    const began = performance.now();
    await worker.start();
    const seen = await run.result({ timeout: "5m" });
    const ms = Math.round(performance.now() - began);
    await worker.stop();
    return { signals: count, passes, ms, inOrder: seen.every((n, i) => n === i) };
  },
  async replay() {
    const [runs, steps] = [12, 5_000];
    const go = defineSignal("go");
    workflow(async (_, ctx) => {
      let sum = 0;
      for (let i = 0; i < steps; i++) sum += await ctx.step("one", () => i);
      await ctx.waitForSignal(go);
      return sum;
    });
    const handles = [];
    for (let i = 0; i < runs; i++) handles.push(await stem.start("flow", null, { id: `run-${i}` }));
    let worker = new Worker({ stem });
    await worker.start();
    while ((await stem.queues())[0].parked < runs) await new Promise((done) => setTimeout(done, 100));
    await worker.stop();
    passes = 0;
    // Sent while no worker runs, so that all wake at once.
    for (const { id } of handles) await stem.signal(id, go);
    worker = new Worker({ stem });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    // What one turn of the event loop burns, which another process cannot make longer.
    let [longestTurnMs, last, going] = [0, process.cpuUsage(), true];
    const turn = () => {
      const { user, system } = process.cpuUsage(last);
      longestTurnMs = Math.max(longestTurnMs, (user + system) / 1e3);
      last = process.cpuUsage();
      if (going) setImmediate(turn);
    };
    setImmediate(turn);
    const began = performance.now();
    await worker.start();
    await Promise.all(handles.map((handle) => handle.result({ timeout: "5m" })));
    const ms = Math.round(performance.now() - began);
    delay.disable();
    going = false;
    await worker.stop();
    return { runs, entries: steps, passes, ms, longestTurnCpuMs: Math.round(longestTurnMs), longestBlockMs: Math.round(delay.max / 1e6) };
  },
};

console.log(JSON.stringify({ store, ...(await PROGRAMS[what]()) }));
// A server that goes says so on connections that are on their way out.
process.on("uncaughtException", () => {});
await stem.close();
await adapter.close();
await server.stop();
process.exit(0);
