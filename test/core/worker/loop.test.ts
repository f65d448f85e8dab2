import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "@jest/globals";
import { gate, Rig, turns, until } from "./rig.js";

describe("The worker's loop", () => {
  it("never runs more handlers at once than its concurrency, nor lends more than it has free slots", async () => {
    let running = 0;
    let most = 0;
    const rig = new Rig({
      work: async () => {
        most = Math.max(most, ++running);
        await turns(1);
        running--;
      },
    });
    await rig.stem.enqueueMany("work", Array.from({ length: 200 }));
    const worker = await rig.started({ concurrency: 7 });
    await until(async () => (await rig.store.jobs.count()).succeeded === 200);
    expect(most).toBe(7);
    expect(worker.running).toBe(0);
    for (const { next } of rig.calls) expect(next?.limit ?? 0).toBeLessThanOrEqual(7);
  });

  it("never runs more handlers of a queue at once than its ceiling", async () => {
    const running: Record<string, number> = { a: 0, b: 0 };
    const most: Record<string, number> = { a: 0, b: 0 };
    const handler = async (n: number, { queue }: { queue: string }): Promise<void> => {
      most[queue] = Math.max(most[queue]!, ++running[queue]!);
      await turns(1 + (n % 3));
      running[queue]!--;
    };
    const rig = new Rig({ a: [handler, { queue: "a" }], b: [handler, { queue: "b" }] });
    await rig.stem.enqueueMany(
      "a",
      Array.from({ length: 60 }, (_, n) => n),
    );
    await rig.stem.enqueueMany(
      "b",
      Array.from({ length: 60 }, (_, n) => n),
    );
    await rig.started({ concurrency: 10, queues: { a: 2, b: 5 } });
    await until(async () => (await rig.store.jobs.count()).succeeded === 120);
    expect(most).toEqual({ a: 2, b: 5 });
  });

  it("gives each queue its turn, although another has endless work", async () => {
    const order: string[] = [];
    const handler = async (_: never, { queue }: { queue: string }): Promise<void> => void order.push(queue);
    const rig = new Rig({ flood: [handler, { queue: "a-flood" }], drop: [handler, { queue: "b-drop" }] });
    await rig.stem.enqueueMany("flood", Array.from({ length: 500 }));
    await rig.stem.enqueueMany("drop", Array.from({ length: 5 }));
    await rig.started({ concurrency: 5 });
    await until(() => order.length === 505);
    expect(order.lastIndexOf("b-drop")).toBeLessThan(30);
  });

  it("writes about 8 MiB of results in one settle, and asks for about as much of payloads, from the first claim on", async () => {
    const large = "x".repeat(996_000);
    const rig = new Rig({ work: async () => large });
    await rig.stem.enqueueMany(
      "work",
      Array.from({ length: 40 }, () => large),
    );
    await rig.started({ concurrency: 20 });
    await until(async () => (await rig.store.jobs.count()).succeeded === 40);
    await turns();
    for (const { settlements } of rig.verbs("settle")) expect(settlements.length).toBeLessThanOrEqual(8);
    const asked = rig.calls.flatMap(({ next }) => next?.limit ?? []);
    expect(Math.max(...asked)).toBeLessThanOrEqual(8);
  });

  it("writes a hundred endings in one settle, which also brings the next hundred jobs", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.stem.enqueueMany("work", Array.from({ length: 300 }));
    await rig.started({ concurrency: 100 });
    await until(async () => (await rig.store.jobs.count()).succeeded === 300);
    await turns();
    expect(rig.verbs("claim")).toHaveLength(1);
    // At first few, since nothing is known of their sizes.
    expect(rig.verbs("settle").map(({ settlements, next }) => [settlements.length, next?.limit])).toEqual([
      [8, 64],
      [64, 100],
      [100, 100],
      [100, 100],
      [28, 100],
    ]);
  });

  it("makes no call while there is nothing to do, until the safety poll", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.started({ poll: "5s", lease: "1h" });
    await turns();
    expect(rig.verbs("claim")).toHaveLength(1);
    rig.clock.advance(4_999);
    await turns();
    expect(rig.calls.map(({ verb }) => verb)).toEqual(["renew", "claim"]);
    rig.clock.advance(1);
    await turns();
    expect(rig.verbs("claim")).toHaveLength(2);
  });

  it("does not ask again while all slots are taken, and asks as soon as one is free", async () => {
    const gates = [gate(), gate()];
    let started = 0;
    const rig = new Rig({ work: () => gates[started++]?.promise });
    await rig.started({ concurrency: 2, lease: "1h" });
    await rig.stem.enqueueMany("work", Array.from({ length: 5 }));
    await until(() => started === 2);
    await turns();
    const asked = rig.verbs("claim").length;
    await rig.stem.enqueue("work");
    rig.clock.advance("1m");
    await turns();
    expect(rig.verbs("claim")).toHaveLength(asked);
    gates[0]!.open();
    await until(() => started === 6);
    gates[1]!.open();
    expect(rig.verbs("settle")[0]!.next?.limit).toBe(1);
  });

  it("sets no timer for ever while its queues are at their ceilings and slots are free", async () => {
    const held = gate();
    const rig = new Rig({ work: () => held.promise });
    await rig.started({ queues: { default: 1 }, lease: "1h" });
    await rig.stem.enqueueMany("work", [1, 2]);
    await rig.stem.enqueue("work", 3, { delay: "1s" });
    await turns();
    rig.clock.advance("1m");
    await turns();
    let timers = 0;
    const { after } = rig.clock;
    rig.clock.after = (...args) => {
      timers++;
      return after.apply(rig.clock, args);
    };
    for (let i = 0; i < 50; i++) {
      rig.clock.advance(1);
      await turns(2);
    }
    expect(timers).toBe(0);
    held.open();
    await until(async () => (await rig.store.jobs.count()).succeeded === 3);
  });

  it("starts a job at once when a hint comes, without waiting for the poll", async () => {
    const seen: unknown[] = [];
    const rig = new Rig({ work: async (payload) => void seen.push(payload) });
    await rig.started();
    await turns();
    await rig.stem.enqueue("work", 1);
    await until(() => seen.length === 1);
  });

  it("does not ask for queues of others when a hint names them", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.started({ queues: ["mine"] });
    await turns();
    await rig.stem.enqueue("work", undefined, { queue: "other" });
    await turns();
    expect(rig.verbs("claim")).toHaveLength(1);
  });

  it("does not lose a hint that comes while a call is under way", async () => {
    const seen: unknown[] = [];
    const rig = new Rig({ work: async (payload) => void seen.push(payload) });
    const worker = await rig.started();
    await turns();
    const claims = rig.verbs("claim").length;
    // A claim that has been answered by the store before the job comes, but whose answer is still on its way.
    const answer = gate();
    const { claim } = rig.stem.adapter.broker;
    rig.stem.adapter.broker.claim = async (request) => {
      const claimed = await claim(request);
      await answer.promise;
      return claimed;
    };
    rig.clock.advance("5s");
    await until(() => rig.verbs("claim").length === claims + 1);
    await turns();
    await rig.stem.enqueue("work", "late");
    await turns();
    expect(seen).toEqual([]);
    answer.open();
    await until(() => seen.length === 1);
    expect(worker.running).toBe(0);
  });

  it("wakes when the store foresees work, neither before nor by polling", async () => {
    const seen: number[] = [];
    const rig = new Rig({ work: async () => void seen.push(rig.clock.now()) });
    await rig.started({ poll: "1h", lease: "10h" });
    await rig.stem.enqueue("work", undefined, { delay: "20m" });
    await turns();
    const start = rig.clock.now();
    const asked = rig.verbs("claim").length;
    rig.clock.advance(20 * 60_000 - 1);
    await turns();
    expect([rig.verbs("claim").length, seen]).toEqual([asked, []]);
    rig.clock.advance(1);
    await until(() => seen.length === 1);
    expect(seen[0]! - start).toBe(20 * 60_000);
  });

  it("shares ten thousand jobs with another worker on the store, each run once", async () => {
    const runs = new Map<number, number>();
    const rig = new Rig({ work: async (n: number) => void runs.set(n, (runs.get(n) ?? 0) + 1) });
    await rig.stem.enqueueMany(
      "work",
      Array.from({ length: 10_000 }, (_, n) => n),
    );
    await Promise.all([rig.started(), rig.started()]);
    await until(async () => (await rig.store.jobs.count()).succeeded === 10_000);
    expect(runs.size).toBe(10_000);
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    const claimers = new Set(rig.calls.map(({ next }) => next?.worker));
    expect(claimers.size).toBeGreaterThanOrEqual(2);
  });

  it("runs the next job of a chain from the very settle that ended the one before", async () => {
    const rig = new Rig({ one: async () => 1, two: async (n: number) => n + 1 });
    await rig.started();
    await turns();
    const claims = rig.verbs("claim").length;
    const chain = await rig.stem.chain(rig.stem.signature("one"), rig.stem.signature("two"));
    const [, last] = await rig.ended(...chain.jobs.map((job) => job.id));
    expect(last!.result).toBe("2");
    expect(rig.verbs("claim").length - claims).toBe(1);
  });

  it("runs no handler in the async context of the producer whose hint woke it", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const rig = new Rig({ work: async () => void seen.push(storage.getStore()) });
    await rig.started();
    await turns();
    await storage.run("of the producer", () => rig.stem.enqueue("work"));
    await until(() => seen.length === 1);
    await storage.run("of another", () => rig.stem.enqueue("work"));
    await until(() => seen.length === 2);
    expect(seen).toEqual([undefined, undefined]);
  });

  it("prunes about once a minute while idle, again at once while there is more, and bears a failure", async () => {
    const rig = new Rig({ work: [async () => {}, { keepResult: 1 }] });
    await rig.stem.enqueueMany("work", Array.from({ length: 2_500 }));
    await rig.started({ poll: "1h", lease: "10h", concurrency: 1_000 });
    await until(async () => (await rig.store.jobs.count()).succeeded === 2_500);
    await turns();
    rig.fault = (verb) => (verb === "prune" ? new Error("busy") : undefined);
    rig.clock.advance("1m");
    await turns();
    expect(rig.verbs("prune")).toHaveLength(1);
    expect(rig.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    rig.heal();
    rig.clock.advance("1m");
    await turns();
    expect(rig.verbs("prune")).toHaveLength(4);
    expect((await rig.store.jobs.count()).succeeded).toBe(0);
  });
});
