import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Adapter, Ending } from "../../../lib/contract/index.js";
import { describeShared, sharedRedis } from "../../servers/index.js";
import { claim, job, space, type Space } from "./space.js";

const DAY_MS = 86_400_000;

describeShared("redis")("What the Redis adapter keeps", () => {
  let here: Space;
  let adapter: Adapter;
  beforeAll(async () => {
    here = space(await sharedRedis());
    adapter = await here.open();
  });
  afterAll(() => here.close());

  it("is under the namespace and one hash tag, and nothing is left of it once all has been forgotten", async () => {
    const start = 1_700_000_000_000;
    const at = { now: start };
    const end = async (ending: (id: string) => Ending, now = start): Promise<void> => {
      const { deliveries } = await claim(adapter, { now });
      await adapter.broker.settle(
        deliveries.map(({ lease }) => ({ lease, ...ending(lease.jobId) })),
        undefined,
        { now },
      );
    };
    await adapter.broker.enqueue([job("a"), job("b", { delayMs: 5 }), job("c", { expiresInMs: 1 }), job("g", { group: "all" })], at);
    const chain = [
      job("1", { links: [{ to: "2", position: 0 }] }),
      job("2", { waitsFor: 1 }),
      job("3", { keepResultMs: 0 }),
      job("4", { keepResultMs: 0, group: "none" }),
    ];
    await adapter.broker.enqueue(chain, at);
    await adapter.jobs.change({ ids: ["a"] }, { to: "cancelled", reason: "not wanted" }, at);
    await end(
      (id) =>
        id === "1"
          ? { as: "failed", cause: "error", error: { name: "E", message: "m" } }
          : id === "g"
            ? { as: "parked", waits: [{ name: "paid", key: "k", after: 0 }], deadline: start + 50 }
            : { as: "succeeded", result: "1" },
      start + 2,
    );
    await adapter.events.emit([{ id: "e", name: "paid", key: "other" }], at);
    await adapter.jobs.change({ ids: ["1", "a"] }, { to: "ready" }, { now: start + 10 });
    const { deliveries } = await claim(adapter, { now: start + 20 });
    await adapter.journal.append(
      deliveries.map(({ lease }) => ({
        lease,
        journal: [{ seq: 1, key: "s", kind: "step", state: "done" as const }],
        note: { state: "half", log: ["a"] },
      })),
      at,
    );
    await adapter.broker.settle(
      deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const })),
      undefined,
      { now: start + 30 },
    );
    await end(() => ({ as: "succeeded" }), start + 100);
    const lock = await adapter.locks.acquire("l", "ann", 1_000, at);
    await adapter.schedules.put([{ id: "s", spec: "", nextAt: start }], { owner: "app" }, at);
    await adapter.schedules.fire([{ id: "s", slot: start, nextAt: undefined, spec: "", job: job("s@1") }], at);
    await end(() => ({ as: "failed", cause: "rejected", error: { name: "E", message: "m" } }), start + 200);
    expect((await adapter.jobs.count({}, { now: start + 200 })).ready).toBe(0);
    const full = await here.keys();
    expect(full.every((key) => key.startsWith(`{${here.namespace}}:`))).toBe(true);
    expect(full.length).toBeGreaterThan(20);

    const later = { now: start + 31 * DAY_MS };
    expect(await adapter.jobs.prune(undefined, later)).toBe(7);
    await adapter.schedules.change([{ id: "s", to: "removed" }], later);
    await adapter.locks.release(lock!, at);
    await adapter.workers.leave("ann", later);
    expect((await adapter.queues.list({}, later)).items).toEqual([]);
    // Counters that must never begin anew, the one field that keeps the loans in a table, and the number of
    // the format.
    const rest = (await here.keys()).map((key) => key.slice(here.namespace.length + 3));
    expect(rest).toEqual(["active", "es", "fence", "format", "lt", "s", "wlast"]);
    expect(await here.raw.hlen(`{${here.namespace}}:active`)).toBe(1);
  });

  it("counts right whatever happened: what the counters say is what the records say", async () => {
    const other = space(await sharedRedis());
    const own = await other.open();
    const [at, late] = [{ now: 1_000 }, { now: 5_000 }];
    await own.broker.enqueue(
      Array.from({ length: 300 }, (_, i) => job(`j${i}`, { priority: i % 3, ...(i % 5 === 0 && { delayMs: 10 }) })),
      at,
    );
    await own.jobs.change({ ids: Array.from({ length: 60 }, (_, i) => `j${i * 5}`) }, { to: "cancelled", reason: "stop" }, at);
    await own.jobs.change({ ids: ["j1", "j2", "j3"] }, { to: "cancelled", reason: "stop" }, at);
    await own.jobs.change({ ids: ["j1", "j5", "j10"] }, { to: "ready" }, at);
    const { deliveries } = await claim(own, { now: 1_000, limit: 100 });
    await own.broker.settle(
      deliveries.map(({ lease }, i) => ({
        lease,
        ...([
          { as: "succeeded" },
          { as: "failed", cause: "error", error: { name: "E", message: "m" } },
          { as: "ready", attempt: "spent", delayMs: 1 },
        ][i % 3] as Ending),
      })),
      undefined,
      at,
    );
    await claim(own, { worker: "bob", now: 5_000, limit: 50 });
    const counted = await own.jobs.count({ queue: "q" }, late);
    const listed = await own.jobs.count({ queue: "q", task: "t" }, late);
    expect(counted).toEqual(listed);
    const [info] = (await own.queues.list({}, late)).items;
    expect(info).toMatchObject({ ready: listed.ready, active: 50, dead: listed.failed });
    await other.close();
  });

  it("loses its place in no queue when its clock goes back", async () => {
    const other = space(await sharedRedis());
    const own = await other.open();
    await own.broker.enqueue([job("first")], { now: 2_000 });
    await own.broker.enqueue([job("second")], { now: 1_000 });
    await own.broker.enqueue([job("third")], { now: 2_000 });
    const { deliveries } = await claim(own, { now: 3_000 });
    expect(deliveries.map((delivery) => delivery.job.id)).toEqual(["second", "first", "third"]);
    await other.close();
  });

  it("gives an id a new place in line when it comes back after a cancel, and does not lend its old one", async () => {
    const other = space(await sharedRedis());
    const own = await other.open();
    await own.broker.enqueue([job("a"), job("b"), job("c")], { now: 1_000 });
    await own.jobs.change({ ids: ["a"] }, { to: "cancelled", reason: "stop" }, { now: 1_000 });
    await own.jobs.prune(undefined, { now: 1_000 + 31 * DAY_MS });
    await own.broker.enqueue([job("a")], { now: 1_000 });
    const { deliveries } = await claim(own, { now: 1_001, limit: 2 });
    const rest = await claim(own, { now: 1_001 });
    expect([...deliveries, ...rest.deliveries].map((delivery) => delivery.job.id)).toEqual(["b", "c", "a"]);
    await other.close();
  });
});
