import { delay } from "./delay.mjs";
import { drain } from "./drain.mjs";
import { bulk, enqueue } from "./enqueue.mjs";
import { idle } from "./idle.mjs";
import { latency } from "./latency.mjs";
import { recovery } from "./recovery.mjs";

const SHARED = ["redis", "postgres", "sqlite"];
/** Nothing but waiting, so all systems wait at the same time. */
const WAITING = { sideBySide: true, limit: 120 };

/**
 * What a run does. `values`: the figures it gives and their units. `options` go to `run`; of them `n` is how
 * many jobs, `seconds` after how long it stops early and counts what it has, `runs` how many at most. A
 * config's `slow` may make `n` smaller. `limit`: seconds after which the run has failed.
 */
const PROGRAMS = [
  { name: "enqueue-one", run: enqueue, values: { "enqueue-one": "jobs/s" }, options: { producers: 1, n: 20_000, seconds: 1 } },
  { name: "enqueue-100", run: enqueue, values: { "enqueue-100": "jobs/s" }, options: { producers: 100, n: 50_000, seconds: 1.5 } },
  { name: "bulk", run: bulk, values: { bulk: "jobs/s" }, options: { n: 200_000, seconds: 2 } },
  { name: "drain", run: drain, values: { drain: "jobs/s", memory: "MB" }, options: { n: 20_000 } },
  { name: "drain-cold", run: drain, values: { "drain-cold": "jobs/s" }, options: { n: 20_000, warm: 0 }, stores: ["sqlite", "memory"] },
  { name: "drain-discard", run: drain, values: { "drain-discard": "jobs/s" }, options: { n: 20_000, keep: false } },
  { name: "drain-slow1", run: drain, values: { "drain-slow1": "jobs/s" }, options: { n: 20_000, slowOneIn: 100, slowMs: 50, runs: 3 } },
  { name: "drain-200k", run: drain, values: { "drain-200k": "jobs/s" }, options: { n: 200_000, seconds: 6, runs: 2 } },
  { name: "drain-1m", run: drain, values: { "drain-1m": "jobs/s" }, options: { n: 1_000_000, seconds: 14, runs: 2 }, limit: 180 },
  { name: "latency", run: latency, values: { "latency-p50": "ms", "latency-p99": "ms" }, options: { n: 200, seconds: 12 }, stores: SHARED },
  {
    name: "latency-one",
    run: latency,
    values: { "latency-one-p50": "ms", "latency-one-p99": "ms" },
    options: { n: 200, seconds: 12, oneProcess: true },
    stores: ["sqlite", "memory"],
  },
  { name: "delay", run: delay, values: { "delay-p50": "ms", "delay-p99": "ms" }, options: { n: 200, runs: 2 } },
  { name: "idle", run: idle, values: { idle: "commands/s" }, options: { seconds: 10, runs: 2 }, stores: ["redis", "postgres"], ...WAITING },
  {
    name: "recovery",
    run: recovery,
    values: { recovery: "s" },
    options: { n: 10, seconds: 65, runs: 2 },
    stores: SHARED,
    ...WAITING,
  },
];

export { PROGRAMS };

/** Every name that a line of results may have as its workload. */
export const WORKLOADS = PROGRAMS.flatMap(({ values }) => Object.keys(values));

/** Workloads for which less is better, by their unit. */
export const isLessBetter = (unit) => unit !== "jobs/s";
