import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bareSqlite } from "./bare.mjs";
import { openBench, payload } from "./stem.mjs";

/** Milliseconds on a clock that all processes of one boot share. */
const now = () => Number(process.hrtime.bigint()) / 1e6;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const percentile = (values, p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((p / 100) * values.length))];

/** Each: its unit, and a function that opens the store and returns what it measured by name. */
export const WORKLOADS = {
  bulk: { unit: "jobs/s", run: bulk },
  "enqueue-one": { unit: "jobs/s", run: enqueueOne },
  "enqueue-100": { unit: "jobs/s", run: enqueue100 },
  drain: { unit: "jobs/s", run: (bench) => drain(bench, "drain", 20_000) },
  "drain-cold": { unit: "jobs/s", run: (bench) => drain(bench, "drain-cold", 20_000, { warm: 0 }) },
  "drain-discard": { unit: "jobs/s", run: (bench) => drain(bench, "drain-discard", 20_000, { task: "noop-discard" }) },
  "drain-200k": { unit: "jobs/s", run: (bench) => drain(bench, "drain-200k", 200_000) },
  latency: { unit: "ms", run: latency },
  bare: { unit: "jobs/s", run: bareSqlite, stores: ["sqlite"], system: "bare-sqlite" },
  "latency-two": { unit: "ms", run: latencyTwo, stores: ["sqlite"] },
};

/** 200,000 jobs in calls of 1,000. */
async function bulk({ open }) {
  const { stem, close } = await open();
  const target = stem.task("noop", { queue: "default" });
  await target.enqueueMany(Array.from({ length: 200 }, (_, i) => payload(i)));
  const batches = Array.from({ length: 200 }, (_, b) => Array.from({ length: 1_000 }, (_, i) => payload(b * 1_000 + i)));
  const began = now();
  for (const batch of batches) await target.enqueueMany(batch);
  const rate = 200_000 / ((now() - began) / 1_000);
  await close();
  return { bulk: rate };
}

/** 20,000 jobs, each awaited. */
async function enqueueOne({ open }) {
  const { stem, close } = await open();
  const target = stem.task("noop", { queue: "default" });
  for (let i = 0; i < 500; i++) await target.enqueue(payload(i));
  const began = now();
  for (let i = 0; i < 20_000; i++) await target.enqueue(payload(i));
  const rate = 20_000 / ((now() - began) / 1_000);
  await close();
  return { "enqueue-one": rate };
}

/** 50,000 jobs by 100 producers, each awaiting its own. */
async function enqueue100({ open }) {
  const { stem, close } = await open();
  const target = stem.task("noop", { queue: "default" });
  let next = 0;
  const produce = async (until) => {
    while (next < until) await target.enqueue(payload(next++));
  };
  await Promise.all(Array.from({ length: 100 }, () => produce(1_000)));
  const began = now();
  await Promise.all(Array.from({ length: 100 }, () => produce(51_000)));
  const rate = 50_000 / ((now() - began) / 1_000);
  await close();
  return { "enqueue-100": rate };
}

/**
 * From the worker's start until the store says that all have succeeded; each job must have run once. A durable store is filled by another process. Before that the
 * process has drained `warm` jobs, as a worker has that runs for about a second; `drain-cold` starts in a process that has done nothing yet.
 */
async function drain({ open, store, file }, name, n, { task = "noop", warm = 20_000 } = {}) {
  const bench = await open();
  if (warm > 0) {
    await fill(bench, warm, task);
    await (await untilDrained(bench, warm)).stop();
  }
  if (store === "memory") await fill(bench, n, task);
  else await inChild("fill", { store, file, n, task });
  const seen = new Uint8Array(n);
  globalThis.gc?.();
  const began = now();
  const worker = await untilDrained(bench, n, (i) => seen[i]++);
  const rate = n / ((now() - began) / 1_000);
  await worker.stop();
  const left = await bench.stem.counts();
  const kept = task === "noop" ? n + warm : 0;
  if (left.succeeded !== kept || seen.some((times) => times !== 1)) {
    throw new Error(`${left.succeeded} succeeded of ${kept}; ${seen.filter((times) => times !== 1).length} ran other than once`);
  }
  await bench.close();
  return { [name]: rate };
}

/** Starts a worker and waits until `n` jobs have run and the store has none left. */
async function untilDrained(bench, n, onJob = () => {}) {
  let ran = 0;
  let allRan;
  const finished = new Promise((resolve) => (allRan = resolve));
  bench.onJob = ({ i }) => {
    onJob(i);
    if (++ran === n) allRan();
  };
  const worker = bench.worker();
  await worker.start();
  await finished;
  while ((await bench.stem.queues()).some(({ ready, active }) => ready + active > 0)) await new Promise((resolve) => setImmediate(resolve));
  return worker;
}

/** One job at a time into an idle worker in the same process: enqueue called → handler started. */
async function latency({ open }) {
  const bench = await open();
  const worker = bench.worker();
  await worker.start();
  const waits = [];
  const target = bench.stem.task("noop", { queue: "default" });
  for (let i = -50; i < 500; i++) {
    await sleep(2 + Math.random() * 6);
    const started = new Promise((resolve) => (bench.onJob = () => resolve(now())));
    const began = now();
    void target.enqueue(payload(0));
    const at = await started;
    if (i >= 0) waits.push(at - began);
  }
  await worker.stop();
  await bench.close();
  return { "latency-p50": percentile(waits, 50), "latency-p99": percentile(waits, 99) };
}

/** The same with the worker in another process. */
async function latencyTwo({ open, store, file }) {
  const bench = await open();
  const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), ["work", JSON.stringify({ store, file })]);
  let heard;
  await new Promise((resolve) => child.once("message", resolve));
  child.on("message", (at) => heard(at));
  const target = bench.stem.task("noop", { queue: "default" });
  const waits = [];
  for (let i = -20; i < 300; i++) {
    await sleep(5 + Math.random() * 20);
    const started = new Promise((resolve) => (heard = resolve));
    const began = now();
    void target.enqueue(payload(0));
    const at = await started;
    if (i >= 0) waits.push(at - began);
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.send("stop");
  await ended;
  await bench.close();
  return { "latency-two-p50": percentile(waits, 50), "latency-two-p99": percentile(waits, 99) };
}

export async function fill({ stem }, n, task) {
  const target = stem.task(task, { queue: "default" });
  for (let from = 0; from < n; from += 1_000)
    await target.enqueueMany(Array.from({ length: Math.min(1_000, n - from) }, (_, i) => payload(from + i)));
}

function inChild(what, options) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), [what, JSON.stringify(options)]);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${what} ended with ${code}`))));
  });
}

export { now, openBench };
