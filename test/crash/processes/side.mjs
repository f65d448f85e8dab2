// One side of a rolling change: asks its store for things, in the words that both versions know, when the
// parent tells it to.
import { setTimeout as pause } from "node:timers/promises";
import { Stem, TaskRegistry } from "nestjs-stem/core";
import { note, openStore, untilTold, wishes } from "./parts.mjs";

const adapter = await openStore(wishes.store);
const stem = new Stem({ adapter, registry: new TaskRegistry() });
const task = (name) => stem.task(name, { queue: "default" });
const order = stem.workflow("order", { queue: "default" });

const VERBS = {
  /** Starts runs that sleep, do steps and wait for an event; answers with their ids. */
  start: async ({ from, to }) => {
    const inputs = Array.from({ length: to - from }, (_, i) => ({ n: from + i }));
    return (await order.startMany(inputs)).map(({ id }) => id);
  },
  /** What the runs of these numbers wait for. */
  pay: async ({ from, to }) => {
    for (let n = from; n < to; n++) await stem.emit("paid", String(n), { amount: n * 10 });
  },
  cancel: async ({ ids }) => void (await stem.cancel(ids, "no more")),
  /** Jobs that are due in a while, so that the other side can cancel them first. */
  later: async ({ key, count }) => {
    const inputs = Array.from({ length: count }, (_, n) => ({ n }));
    return (await task("square").enqueueMany(inputs, { id: key, delay: 3_600_000 })).map(({ id }) => id);
  },
  /** Runs that wait for an event that never comes. */
  listen: async ({ keys }) =>
    (await stem.workflow("listen", { queue: "default" }).startMany(keys.map((key) => ({ key })))).map(({ id }) => id),
};

process.on("message", async ({ verb, no, ...given }) => {
  for (;;) {
    try {
      return void process.send({ [no]: (await VERBS[verb](given)) ?? true });
    } catch (error) {
      note("trouble", { error: String(error), code: error.code });
      if (!String(error.code).startsWith("STEM_STORE")) throw error;
      await pause(50);
    }
  }
});
untilTold(async () => {
  await stem.close();
  await adapter.close();
});
process.send({ ready: process.pid });
