// One process of the tests: node child.mjs MODE FILE [argument]. Speaks in lines on stdout.
import { appendFileSync } from "node:fs";
import { sqlite } from "../../../dist/lib/adapters/sqlite/index.js";

const [mode, file, argument, most = "Infinity"] = process.argv.slice(2);
const adapter = sqlite(file);
const worker = `child:${process.pid}`;
const next = { worker, from: [{ queue: "work" }], limit: 50 };
const say = (line) => process.stdout.write(`${line}\n`);
const beat = (leaseMs) => adapter.workers.renew({ id: worker, leaseMs, info: {} }, []);

const modes = {
  /** Opens the file for the first time, together with others, and stores one job. */
  async open() {
    await adapter.broker.enqueue([{ id: worker, task: "t", queue: "work", payload: "" }]);
    say("stored");
  },

  /** Stores jobs one at a time, at the same time as others do. */
  async produce() {
    for (let i = 0; i < 1_000; i++) await adapter.broker.enqueue([{ id: `${worker}/${i}`, task: "t", queue: "work", payload: "" }]);
    say("stored");
  },

  /** Claims and settles until nothing is left; says which jobs it had. */
  async drain() {
    await beat(60_000);
    // The first claim comes before the start, so that everybody has a share however the system schedules
    // them.
    let { deliveries } = await adapter.broker.claim(next);
    say("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const had = [];
    while (deliveries.length > 0) {
      had.push(...deliveries.map(({ job }) => job.id));
      const done = deliveries.map(({ lease }) => ({ lease, as: "succeeded", result: worker }));
      const settled = await adapter.broker.settle(done, next);
      if (settled.lost.length > 0) throw new Error(`lost ${settled.lost.length}`);
      deliveries = settled.claimed.deliveries;
      // The others are let in, as a worker does that runs handlers in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    say(JSON.stringify(had));
  },

  /**
   * Works with a short lease and writes a ledger of its own, until it is killed or nothing is left. Each job
   * frees one more job. With `most` bytes written it stands still, its jobs in hand.
   */
  async ledger() {
    await beat(150);
    say("ready");
    let written = 0;
    for (;;) {
      await beat(150);
      const { deliveries, nextDueAt, now } = await adapter.broker.claim(next);
      if (deliveries.length === 0) {
        if (nextDueAt === undefined) break;
        await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(nextDueAt - now, 1), 200)));
        continue;
      }
      const lines = deliveries.map(({ job }) => `${job.id}\n`).join("");
      appendFileSync(argument, lines);
      written += lines.length;
      if (written > most) await new Promise(() => void setInterval(() => {}, 60_000));
      await adapter.broker.settle(
        deliveries.map(({ lease, job }) => {
          const enqueue = job.task === "parent" ? [{ id: `${job.id}/child`, task: "child", queue: "work", payload: "" }] : [];
          return { lease, as: "succeeded", result: job.id, enqueue };
        }),
      );
    }
    say("empty");
  },

  /**
   * Waits for hints and says how long each job was on its way, in milliseconds. Claims only when it is hinted
   * at work.
   */
  async wake() {
    await beat(60_000);
    const stopped = new Promise((resolve) => process.stdin.once("data", resolve));
    adapter.hints.subscribe(async (hint) => {
      if (hint.kind !== "work") return;
      const { deliveries } = await adapter.broker.claim(next);
      const at = process.hrtime.bigint();
      for (const { job } of deliveries) say(Number(at - BigInt(job.payload)) / 1e6);
    });
    say("ready");
    await stopped;
  },
};

await adapter.open();
await modes[mode]();
await adapter.close();
process.stdin.destroy();
