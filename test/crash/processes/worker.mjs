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

const fateful = dies === undefined ? () => {} : countdown(dies);
workerProbe.listener = ({ at, ids }) => fateful(at, ids);

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
  stem.signals.on(`job:${fate}`, ({ jobId, attempt, error }) =>
    note(fate, { id: jobId, attempt, ...(error && { error: `${error.name}: ${error.message}` }) }),
  );
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
