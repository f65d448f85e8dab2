// A worker: every attempt's start and fate goes to the ledger. May be told to die at a named point.
import { defineTask, Stem, TaskRegistry, Worker } from "nestjs-stem/core";
import { workerProbe } from "../../../dist/lib/core/worker/probe.js";
import { die, note, openStore, untilTold, wishes } from "./parts.mjs";
import { TASKS, WORKFLOWS } from "./tasks.mjs";

const { store, options, dies } = wishes;
const adapter = await openStore(store);
const registry = new TaskRegistry();
for (const [name, { run, ...settings }] of Object.entries(TASKS))
  registry.add(defineTask({ name, kind: "task", where: "tasks.mjs", run }, settings));
for (const [name, run] of Object.entries(WORKFLOWS)) registry.add(defineTask({ name, kind: "workflow", where: "tasks.mjs", run }));

// The versions of an app that is being deployed: the second knows one task more, and its workflow goes on
// after the first's has ended.
if (wishes.version !== undefined) {
  const grows = wishes.version === 1 ? GROWS : GROWN;
  registry.add(defineTask({ name: "grown", kind: "workflow", where: "worker.mjs", run: grows }));
  if (wishes.version === 2) registry.add(defineTask({ name: "fresh", kind: "task", where: "worker.mjs", run: ({ n }) => n + 1 }));
}

const fateful = dies === undefined ? () => {} : countdown(dies);
workerProbe.listener = ({ at, ids }) => fateful(at, ids);

async function GROWS(_, ctx) {
  await ctx.step("a", () => 1);
  await ctx.sleep("z", 100);
  return "v1";
}

async function GROWN(_, ctx) {
  await ctx.step("a", () => 1);
  await ctx.sleep("z", 100);
  await ctx.step("b", () => 2);
  for (let n = 0; n < 3; n++) await ctx.sleep("y", 100);
  return "v2";
}

/** Kills this process when what it is to die at has come for the `after`-th time. */
function countdown({ at, after }) {
  let left = after;
  return (point, ids) => {
    if (point === at && --left === 0) die(at, ids);
  };
}

const warnings = { ...console, log() {}, debug() {}, warn() {}, error() {} };
const stem = new Stem({ adapter, registry, ...(wishes.loud ? {} : { log: warnings }) });
const FATES = ["succeeded", "retried", "dead", "released", "lost", "parked", "snoozed"];
for (const fate of FATES)
  stem.signals.on(`job:${fate}`, ({ jobId, attempt, error, cause }) => {
    // Ends that this process found or caused elsewhere are no fate of an attempt of its own.
    if (cause === "lapsed" || cause === "input") return;
    note(fate, { id: jobId, attempt, ...(error && { error: `${error.name}: ${error.message}` }) });
  });
stem.signals.on("worker:error", ({ error }) => note("trouble", { error: String(error) }));

const idOf = (context) => context.jobId ?? context.runId;
const worker = new Worker({
  stem,
  options,
  middleware: [
    async (context, next) => {
      const id = idOf(context);
      note("start", { id, attempt: context.attempt });
      if (dies?.at === "handling") {
        await new Promise((resolve) => setImmediate(resolve));
        fateful("handling", [id]);
      }
      const value = await next();
      note("end", { id, attempt: context.attempt });
      return value;
    },
  ],
});
// A late settle is one that the store was asked for and refused.
const { settle } = adapter.broker;
adapter.broker.settle = async (...given) => {
  const settled = await settle.apply(adapter.broker, given);
  for (const id of settled.lost) note("refused", { id });
  return settled;
};

untilTold(async () => {
  const { released } = await worker.stop();
  await stem.close();
  await adapter.close();
  return { released };
});
await worker.start();
process.send({ ready: worker.id });
