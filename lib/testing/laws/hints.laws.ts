import assert from "node:assert/strict";
import type { Adapter, Hint } from "../../contract/index.js";
import type { LawBench } from "./bench.js";
import { hinted, workIn } from "./hinted.js";
import type { Law } from "./law.js";

const doneWith = (id: string) => (hint: Hint) => hint.kind === "done" && (hint.ids === undefined || hint.ids.includes(id));

/** A law about hints, observed on this connection and, where the store is shared, on another. */
async function everywhere(bench: LawBench, check: (listener: Adapter) => Promise<void>): Promise<void> {
  await check(bench.adapter);
  if (bench.adapter.capabilities.shared) await check(await bench.other());
}

export const hintLaws: readonly Law[] = [
  {
    title: "storing jobs hints at work in their queues, also when they are due later",
    check: (bench) =>
      everywhere(bench, async (listener) => {
        const queue = bench.name("q2");
        await hinted(bench, listener, workIn(queue), () => bench.put({ queue }));
        await hinted(bench, listener, workIn(queue), () => bench.put({ queue, delayMs: 60_000 }));
      }),
  },
  {
    title: "a listener that throws harms neither the verb nor the other listeners",
    async check(bench) {
      const stop = bench.adapter.hints.subscribe(() => {
        throw new Error("a listener's own fault");
      });
      try {
        const queue = bench.name("q3");
        await hinted(bench, bench.adapter, workIn(queue), () => bench.put({ queue }));
      } finally {
        stop();
      }
    },
  },
  {
    title: "settling hints at what has ended",
    check: (bench) =>
      everywhere(bench, async (listener) => {
        for (const end of ["succeed", "fail"] as const) {
          const job = await bench.put();
          const delivery = await bench.takeOne();
          await hinted(bench, listener, doneWith(job.id), () => bench[end](delivery));
        }
      }),
  },
  {
    title: "a job forgotten at its end is hinted at too",
    async check(bench) {
      const job = await bench.put({ keepResultMs: 0 });
      const delivery = await bench.takeOne();
      await hinted(bench, bench.adapter, doneWith(job.id), () => bench.succeed(delivery));
    },
  },
  {
    title: "whatever ends with an input, and a cancelled job, is hinted at as done",
    async check(bench) {
      const [a, b] = [bench.job(), bench.job({ waitsFor: 1 })];
      await bench.enqueue({ ...a, links: [{ to: b.id, position: 0 }] }, b);
      const delivery = await bench.takeOne();
      await hinted(bench, bench.adapter, doneWith(b.id), () => bench.fail(delivery));
      const c = await bench.put();
      await hinted(bench, bench.adapter, doneWith(c.id), () => bench.cancel([c.id], "stop"));
    },
  },
  {
    title: "cancelling a job that runs hints at it, so that its worker can ask",
    async check(bench) {
      const job = await bench.put();
      await bench.takeOne();
      const cancelled = (hint: Hint): boolean => hint.kind === "cancelled" && hint.ids.includes(job.id);
      await hinted(bench, bench.adapter, cancelled, () => bench.cancel([job.id], "stop"));
    },
  },
  {
    title: "who wants to hear of some kinds of hints hears of those",
    check: (bench) =>
      everywhere(bench, async (listener) => {
        const job = await bench.put();
        const delivery = await bench.takeOne();
        await hinted(bench, listener, doneWith(job.id), () => bench.succeed(delivery), ["done"]);
        await hinted(bench, listener, workIn(bench.queue), () => bench.put({ dueAt: bench.now + 5 }), ["work", "cancelled"]);
      }),
  },
  {
    title: "whatever a settle makes due is hinted at as work: the next of a chain, a release, a job it stores",
    async check(bench) {
      const [there, here] = [bench.name("there"), bench.name("here")];
      const [b, c] = [bench.job({ queue: there, waitsFor: 1 }), bench.job({ queue: here })];
      await bench.enqueue(bench.job({ links: [{ to: b.id, position: 0 }] }), b);
      let delivery = await bench.takeOne();
      await hinted(bench, bench.adapter, workIn(there), () => bench.succeed(delivery));
      delivery = await bench.takeOne({ from: [{ queue: there }] });
      await hinted(bench, bench.adapter, workIn(there), () => bench.end(delivery, { as: "ready", attempt: "returned" }));
      delivery = await bench.takeOne({ from: [{ queue: there }] });
      await hinted(bench, bench.adapter, workIn(here), () => bench.end(delivery, { as: "succeeded", enqueue: [c] }));
    },
  },
  {
    title: "resuming a queue, retrying a dead letter and leaving hint at work",
    check: (bench) =>
      everywhere(bench, async (listener) => {
        const { workers } = bench.adapter;
        await bench.pause(bench.queue);
        await hinted(bench, listener, workIn(bench.queue), () => bench.resume(bench.queue));
        const job = await bench.put();
        await bench.fail(await bench.takeOne());
        await hinted(bench, listener, workIn(bench.queue), () => bench.retry([job.id]));
        await bench.takeOne();
        await hinted(bench, listener, workIn(bench.queue), () => workers.leave("ann", bench.at));
        await bench.succeed(await bench.takeOne({ worker: "bob" }));
      }),
  },
  {
    title: "an event that wakes a job hints at work in its queue, and so does a schedule that fires",
    check: (bench) =>
      everywhere(bench, async (listener) => {
        const { events, schedules } = bench.adapter;
        const job = await bench.put();
        await bench.end(await bench.takeOne(), { as: "parked", waits: [{ name: bench.name("paid"), key: job.id, after: 0 }] });
        const event = { id: bench.name(job.id), name: bench.name("paid"), key: job.id };
        await hinted(bench, listener, workIn(bench.queue), () => events.emit([event], bench.at));
        const [id, slot] = [bench.name(`daily-${job.id}`), bench.now];
        const fired = bench.job({ queue: bench.name("cron") });
        await schedules.put([{ id, spec: "", nextAt: slot }], { owner: "app" }, bench.at);
        await hinted(bench, listener, workIn(fired.queue), () =>
          schedules.fire([{ id, slot, nextAt: undefined, spec: "", job: fired }], bench.at),
        );
        await bench.succeed(await bench.takeOne());
      }),
  },
  {
    title: "control messages reach every subscriber",
    check: (bench) =>
      everywhere(bench, async (listener) => {
        const fits = (hint: Hint) => hint.kind === "control" && hint.topic === "ping" && hint.message === '{"a":"é"}';
        await hinted(bench, listener, fits, async () => bench.adapter.hints.control("ping", '{"a":"é"}'));
      }),
  },
  {
    title: "who has unsubscribed hears nothing more",
    async check(bench) {
      const heard: Hint[] = [];
      const unsubscribe = bench.adapter.hints.subscribe((hint) => void heard.push(hint));
      unsubscribe();
      await hinted(bench, bench.adapter, workIn(bench.queue), () => bench.put());
      assert.deepEqual(heard, []);
      unsubscribe();
    },
  },
];
