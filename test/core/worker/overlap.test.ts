import { describe, expect, it } from "@jest/globals";
import { gate, Rig, turns, until } from "./rig.js";

/** Holds back what the store answers to settles until told, one by one, and counts how many are under way. */
function answers(rig: Rig): { readonly waiting: (() => void)[]; most: number; limits: number[] } {
  const book = { waiting: [] as (() => void)[], most: 0, limits: [] as number[] };
  const { broker } = rig.stem.adapter;
  const { settle } = broker;
  let under = 0;
  broker.settle = async (settlements, next) => {
    book.most = Math.max(book.most, ++under);
    book.limits.push(next?.limit ?? 0);
    const settled = await settle(settlements, next);
    await new Promise<void>((resolve) => book.waiting.push(resolve));
    under--;
    return settled;
  };
  return book;
}

describe("On a store that is a server, the worker", () => {
  it("has two settles under way at a time, each with half of what may run here, and never three", async () => {
    const rig = new Rig({ work: async () => {} }, { remote: true });
    const book = answers(rig);
    await rig.stem.enqueueMany("work", Array.from({ length: 1_000 }));
    await rig.started({ concurrency: 100 });
    while ((await rig.store.jobs.count()).succeeded < 1_000) {
      await turns(5);
      book.waiting.shift()?.();
    }
    expect(book.most).toBe(2);
    const sizes = rig.verbs("settle").map(({ settlements }) => settlements.length);
    expect(Math.max(...sizes)).toBe(50);
    expect(sizes.filter((size) => size === 50).length).toBeGreaterThanOrEqual(18);
    expect(Math.max(...book.limits)).toBe(50);
  });

  it("asks for no slot twice", async () => {
    const gates = Array.from({ length: 200 }, () => gate());
    let started = 0;
    const rig = new Rig({ work: () => gates[started++]?.promise }, { remote: true });
    const book = answers(rig);
    await rig.stem.enqueueMany("work", Array.from({ length: 200 }));
    await rig.started({ concurrency: 100 });
    await until(() => started === 100);
    for (const one of gates.slice(0, 25)) one.open();
    await until(() => book.waiting.length === 1);
    for (const one of gates.slice(25, 50)) one.open();
    await until(() => book.waiting.length === 2);
    expect(book.limits).toEqual([25, 25]);
    for (const one of gates) one.open();
    await until(async () => {
      book.waiting.shift()?.();
      return (await rig.store.jobs.count()).succeeded === 200;
    });
  });

  it("lets few endings wait for the call under way", async () => {
    const gates = Array.from({ length: 40 }, () => gate());
    let started = 0;
    const rig = new Rig({ work: () => gates[started++]?.promise }, { remote: true });
    const book = answers(rig);
    await rig.stem.enqueueMany("work", Array.from({ length: 40 }));
    await rig.started({ concurrency: 100 });
    await until(() => started === 40);
    for (const one of gates.slice(0, 1)) one.open();
    await until(() => book.waiting.length === 1);
    for (const one of gates.slice(1, 25)) one.open();
    await turns();
    expect(rig.verbs("settle")).toHaveLength(1);
    gates[25]!.open();
    await until(() => book.waiting.length === 2);
    expect(rig.verbs("settle").map(({ settlements }) => settlements.length)).toEqual([1, 25]);
    for (const one of gates) one.open();
    await until(async () => {
      book.waiting.shift()?.();
      return (await rig.store.jobs.count()).succeeded === 40;
    });
  });

  it.each([20, 60])(
    "never runs more handlers at once than its concurrency, of a queue than its ceiling (here %i), and each job once",
    async (ceiling) => {
      const running = { all: 0, narrow: 0 };
      const most = { all: 0, narrow: 0 };
      const runs = new Map<number, number>();
      const handler = async (n: number, { queue }: { queue: string }): Promise<void> => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
        most.all = Math.max(most.all, ++running.all);
        if (queue === "narrow") most.narrow = Math.max(most.narrow, ++running.narrow);
        await turns(1 + (n % 4));
        running.all--;
        if (queue === "narrow") running.narrow--;
      };
      const rig = new Rig({ wide: [handler, { queue: "wide" }], narrow: [handler, { queue: "narrow" }] }, { remote: true });
      const { broker } = rig.stem.adapter;
      const { settle } = broker;
      let calls = 0;
      broker.settle = async (...args) => {
        const mine = calls++;
        await turns(mine % 3);
        const settled = await settle(...args);
        // The later call may be answered first.
        await turns((mine * 5) % 4);
        return settled;
      };
      const numbers = (from: number): number[] => Array.from({ length: 2_000 }, (_, n) => from + n);
      await rig.stem.enqueueMany("wide", numbers(0));
      await rig.stem.enqueueMany("narrow", numbers(2_000));
      await rig.started({ concurrency: 60, queues: { wide: ceiling, narrow: 9 } });
      await until(async () => (await rig.store.jobs.count()).succeeded === 4_000);
      expect(most.all).toBeLessThanOrEqual(60);
      expect(most.all).toBeGreaterThan(20);
      expect(most.narrow).toBeLessThanOrEqual(9);
      expect([...runs.values()].filter((count) => count !== 1)).toEqual([]);
      expect(runs.size).toBe(4_000);
    },
  );

  it("recovers from a call that got no answer only when the other is back, and runs each job once", async () => {
    const runs = new Map<number, number>();
    const rig = new Rig({ work: async (n: number) => void runs.set(n, (runs.get(n) ?? 0) + 1) }, { remote: true });
    const { broker, workers } = rig.stem.adapter;
    const { settle } = broker;
    const slow = gate();
    let calls = 0;
    let underWay = 0;
    broker.settle = async (...args) => {
      const mine = ++calls;
      underWay++;
      try {
        const settled = await settle(...args);
        if (mine === 3) throw new Error("the answer was lost");
        if (mine === 4) await slow.promise;
        return settled;
      } finally {
        underWay--;
      }
    };
    const renewals: number[] = [];
    const { renew } = workers;
    workers.renew = (...args) => {
      renewals.push(underWay);
      return renew(...args);
    };
    await rig.stem.enqueueMany(
      "work",
      Array.from({ length: 600 }, (_, n) => n),
    );
    await rig.started({ concurrency: 100, lease: "1h" });
    await until(() => rig.told.includes("worker:error"));
    for (let i = 0; i < 5; i++) {
      rig.clock.advance("1s");
      await turns();
    }
    expect(calls).toBe(4);
    slow.open();
    for (let i = 0; i < 30; i++) {
      rig.clock.advance("1m");
      await turns();
    }
    await until(async () => (await rig.store.jobs.count()).succeeded === 600);
    expect(renewals.every((others) => others === 0)).toBe(true);
    expect([...runs.values()].filter((count) => count !== 1)).toEqual([]);
    expect(runs.size).toBe(600);
  });

  it("makes one call at a time where so little runs here that half of it is no batch", async () => {
    const rig = new Rig({ work: async () => {} }, { remote: true });
    const book = answers(rig);
    await rig.stem.enqueueMany("work", Array.from({ length: 100 }));
    await rig.started({ concurrency: 20 });
    while ((await rig.store.jobs.count()).succeeded < 100) {
      await turns(5);
      book.waiting.shift()?.();
    }
    expect(book.most).toBe(1);
  });
});
