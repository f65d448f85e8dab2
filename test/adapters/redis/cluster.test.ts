import { randomUUID } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { redis } from "../../../lib/adapters/redis/index.js";
import { idsMet } from "../../../lib/contract/index.js";
import type { Adapter, Ending } from "../../../lib/contract/index.js";
import { defineTask, Stem, TaskRegistry, Worker } from "../../../lib/core/index.js";
import { describeOwn, startRedisCluster, type RedisCluster } from "../../servers/index.js";
import { claim, job, until } from "./space.js";

describeOwn("redis")("On a Redis Cluster", () => {
  let cluster: RedisCluster;
  const opened: Adapter[] = [];
  beforeAll(async () => void (cluster = await startRedisCluster({ appendonly: false })), 60_000);
  afterAll(async () => {
    for (const adapter of opened) await adapter.close();
    await cluster.stop();
  });

  async function open(namespace = `c-${randomUUID().slice(0, 8)}`): Promise<Adapter & { readonly namespace: string }> {
    const adapter = redis({ cluster: [cluster.url] }, { namespace });
    await adapter.open();
    opened.push(adapter);
    return Object.assign(adapter, { namespace });
  }

  async function keysOf(namespace: string): Promise<readonly (readonly string[])[]> {
    return Promise.all(
      cluster.masters.map(async ({ port }) => {
        const raw = new Redis(port);
        const keys = await raw.keys(`*${namespace}*`);
        raw.disconnect();
        return keys;
      }),
    );
  }

  const settleAll = async (adapter: Adapter, queue: string, ending: (id: string) => Ending): Promise<readonly string[]> => {
    const { deliveries } = await claim(adapter, { queue });
    await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, ...ending(lease.jobId) })));
    return deliveries.map((delivery) => delivery.job.id);
  };

  it("queues spread over the nodes, every key in a shard of its queue, of the directory or of the home", async () => {
    const adapter = await open();
    const queues = Array.from({ length: 12 }, (_, i) => `q${i}`);
    await adapter.broker.enqueue(queues.map((queue) => job(`in-${queue}`, { queue })));
    const nodes = await keysOf(adapter.namespace);
    expect(nodes.every((keys) => keys.length > 0)).toBe(true);
    const tag = new RegExp(`^\\{${adapter.namespace}(:q\\d+|#[a-p]{2})?\\}:`);
    expect(nodes.flat().filter((key) => !tag.test(key))).toEqual([]);
    expect((await adapter.queues.list()).items.map(({ queue, ready }) => [queue, ready])).toEqual(queues.sort().map((queue) => [queue, 1]));
  });

  it("a canvas over several queues runs, fails and revives as on one server", async () => {
    const adapter = await open();
    const [a, b, c] = ["qa", "qb", "qc"];
    const links = (to: string, position = 0) => [{ to, position }];
    const batch = [
      job("a1", { queue: a, links: links("body", 0) }),
      job("b1", { queue: b, links: links("body", 1) }),
      job("body", { queue: c, waitsFor: 2, links: links("last") }),
      job("last", { queue: a, waitsFor: 1 }),
    ];
    expect(idsMet(await adapter.broker.enqueue(batch))).toEqual([]);
    expect(idsMet(await adapter.broker.enqueue(batch))).toEqual(["a1", "b1", "body", "last"]);
    const states = async () => (await adapter.jobs.get(["a1", "b1", "body", "last"])).map((record) => record?.state);
    expect(await states()).toEqual(["ready", "ready", "blocked", "blocked"]);
    await settleAll(adapter, a, () => ({ as: "succeeded", result: '"one"' }));
    await settleAll(adapter, b, () => ({ as: "failed", cause: "error", error: { name: "E", message: "m" } }));
    expect(await states()).toEqual(["succeeded", "failed", "failed", "failed"]);
    expect((await adapter.jobs.change({ ids: ["b1"] }, { to: "ready" })).answers).toEqual([{ id: "b1", as: "changed", was: "failed" }]);
    expect(await states()).toEqual(["succeeded", "ready", "blocked", "blocked"]);
    await settleAll(adapter, b, () => ({ as: "succeeded", result: '"two"' }));
    const { deliveries } = await claim(adapter, { queue: c });
    expect(deliveries[0]!.inputs).toEqual([
      { jobId: "a1", state: "succeeded", result: '"one"' },
      { jobId: "b1", state: "succeeded", result: '"two"' },
    ]);
    await adapter.broker.settle([{ lease: deliveries[0]!.lease, as: "succeeded", result: '"three"' }]);
    expect(await settleAll(adapter, a, () => ({ as: "succeeded" }))).toEqual(["last"]);
    expect(await states()).toEqual(["succeeded", "succeeded", "succeeded", "succeeded"]);
    await adapter.broker.enqueue([job("x1", { queue: a, links: links("x2") }), job("x2", { queue: b, waitsFor: 1 })]);
    await adapter.jobs.change({ ids: ["x1"] }, { to: "cancelled", reason: "stop" });
    expect((await adapter.jobs.get(["x2"]))[0]).toMatchObject({ state: "cancelled", cause: "input" });
  });

  it("an id is stored once, whichever queue it is for and however many ask at once", async () => {
    const [one, namespace] = [await open(), ""];
    const two = await open(one.namespace + namespace);
    for (let round = 0; round < 20; round++) {
      const asks = Array.from({ length: 6 }, (_, i) =>
        (i % 2 === 0 ? one : two).broker.enqueue([job(`once${round}`, { queue: `to${i % 3}` })]),
      );
      const answers = await Promise.all(asks);
      expect(answers.filter(({ met }) => met.length === 0).length).toBe(1);
    }
    expect((await one.jobs.count()).ready).toBe(20);
  });

  it("an id that is forgotten is free again, for another queue too", async () => {
    const adapter = await open();
    await adapter.broker.enqueue([job("again", { queue: "first", keepResultMs: 0 })]);
    await settleAll(adapter, "first", () => ({ as: "succeeded" }));
    expect(idsMet(await adapter.broker.enqueue([job("again", { queue: "second" })]))).toEqual([]);
    expect((await adapter.jobs.get(["again"]))[0]).toMatchObject({ queue: "second", state: "ready" });
  });

  it("ids of our making tell where their job is, so that nothing has to be looked up", async () => {
    const adapter = await open();
    const registry = new TaskRegistry();
    registry.add(defineTask({ name: "double", kind: "task", where: "test", run: async (n) => (n as number) * 2 }, { queue: "maths" }));
    const stem = new Stem({ adapter, registry });
    const worker = new Worker({ stem });
    await worker.start();
    const handle = await stem.task("double").enqueue(21);
    expect(handle.id).toMatch(/^[0-9a-z]{24}~maths$/);
    expect(await handle.result({ timeout: "10s" })).toBe(42);
    const chain = await stem.chain(stem.task("double").signature(1), stem.task("double").signature());
    expect(await chain.result({ timeout: "10s" })).toBe(4);
    expect((await keysOf(adapter.namespace)).flat().filter((key) => key.includes("#"))).toEqual([]);
    await worker.stop();
    await stem.close();
  });

  it("mail whose sender died between script and delivery is delivered by anybody", async () => {
    const adapter = await open();
    await adapter.broker.enqueue([job("m1", { queue: "ma", links: [{ to: "m2", position: 0 }] }), job("m2", { queue: "mb", waitsFor: 1 })]);
    const { deliveries } = await claim(adapter, { queue: "ma" });
    const { scriptOf } = await import("../../../lib/adapters/redis/connect/scripts.js");
    const raw = new Cluster([{ host: "127.0.0.1", port: cluster.masters[0]!.port }]);
    const shard = `{${adapter.namespace}:ma}`;
    const one = [deliveries[0]!.lease.jobId, deliveries[0]!.lease.fence, JSON.stringify({ as: "succeeded", result: "1" })];
    await raw.eval(scriptOf("settle").text, 1, shard, "", "x".repeat(24), `c{${adapter.namespace}}`, 0, 1, ...one);
    const box = await raw.hgetall(`${shard}:outbox`);
    expect(Object.keys(box).length).toBe(1);
    for (const [no, text] of Object.entries(box)) {
      const piece = JSON.parse(text) as unknown[];
      piece[4] = (piece[4] as number) - 10_000;
      await raw.hset(`${shard}:outbox`, no, JSON.stringify(piece));
    }
    expect((await adapter.jobs.get(["m2"]))[0]?.state).toBe("blocked");
    const heir = await open(adapter.namespace);
    await claim(heir, { worker: "heir", queue: "elsewhere" });
    expect((await adapter.jobs.get(["m2"]))[0]?.state).toBe("ready");
    expect(await raw.exists(`${shard}:outbox`)).toBe(0);
    raw.disconnect();
  });

  it("what travels along to other shards, and whose sender died, is delivered by another, in the order it was posted", async () => {
    const adapter = await open();
    const routed = `${"a".repeat(24)}~mb`;
    const wait = { name: "moved", key: "k", after: 0 };
    await adapter.broker.enqueue([job("n1", { queue: "ma" }), job("n2", { queue: "mb" }), job("n3", { queue: "mb", delayMs: 60_000 })]);
    const { deliveries } = await claim(adapter, { queue: "ma" });
    const { deliveries: sleepers } = await claim(adapter, { queue: "mb" });
    await adapter.broker.settle([{ lease: sleepers[0]!.lease, as: "parked", waits: [wait] }]);
    const { scriptOf } = await import("../../../lib/adapters/redis/connect/scripts.js");
    const raw = new Cluster([{ host: "127.0.0.1", port: cluster.masters[0]!.port }]);
    const [shard, other] = [`{${adapter.namespace}:ma}`, `{${adapter.namespace}:mb}`];
    // No job here, and one for the other shard.
    const part = [1, "l", "mb", 0, 1, routed, '0::2:{"t":"t","q":"mb"}\n{}', 0, 0, 0, 0];
    const jobs = [0, 0, 0, 0, 1, other, part.length, ...part];
    const stop = JSON.stringify({ name: "CancelledError", message: "stop" });
    const cancels = [routed, other, stop, "n3", other, stop];
    const counts = { as: "succeeded", enqueue: jobs.length, emit: 1, cancel: 2 };
    const one = [deliveries[0]!.lease.jobId, deliveries[0]!.lease.fence, JSON.stringify(counts), ...jobs, "e1", "moved", "k", 60_000, "=1"];
    await raw.eval(scriptOf("settle").text, 1, shard, "", "x".repeat(24), `c{${adapter.namespace}}`, 0, 1, ...one, ...cancels);
    // A process of the version before looks into the outbox, and does not know the other kinds.
    const kinds = async (box: string): Promise<unknown[]> =>
      Object.values(await raw.hgetall(`${shard}:${box}`))
        .map((text) => (JSON.parse(text) as unknown[])[1])
        .sort();
    expect([await kinds("outbox"), await kinds("along")]).toEqual([["store"], ["cancel", "emit"]]);
    for (const box of ["outbox", "along"])
      for (const [no, text] of Object.entries(await raw.hgetall(`${shard}:${box}`))) {
        const piece = JSON.parse(text) as unknown[];
        piece[4] = (piece[4] as number) - 10_000;
        await raw.hset(`${shard}:${box}`, no, JSON.stringify(piece));
      }
    const states = async (...ids: string[]) => (await adapter.jobs.get(ids)).map((record) => record?.state);
    expect(await states("n2", "n3", routed)).toEqual(["parked", "ready", undefined]);
    const heir = await open(adapter.namespace);
    const { ended = [] } = await claim(heir, { worker: "heir", queue: "elsewhere" });
    expect(await states("n2", "n3", routed)).toEqual(["ready", "cancelled", "cancelled"]);
    expect(ended.map(({ id }) => id).sort()).toEqual([routed, "n3"].sort());
    expect(await raw.exists(`${shard}:outbox`, `${shard}:along`)).toBe(0);
    raw.disconnect();
  });

  it("a worker's jobs in every shard come back when it vanishes or leaves, and its beat tells what it has lost", async () => {
    const adapter = await open();
    const queues = ["w1", "w2", "w3"];
    await adapter.broker.enqueue(queues.map((queue) => job(`in-${queue}`, { queue })));
    const at = { now: Date.now() };
    const from = queues.map((queue) => ({ queue }));
    await adapter.workers.renew({ id: "ann", leaseMs: 1_000, info: {} }, [], at);
    const { deliveries } = await adapter.broker.claim({ worker: "ann", from, limit: 10 }, at);
    expect(deliveries.length).toBe(3);
    expect((await adapter.workers.list({}, at)).items).toMatchObject([{ id: "ann", active: 3 }]);
    const held = deliveries.map(({ lease }) => lease);
    await adapter.workers.renew({ id: "ann", leaseMs: 2_000, info: {} }, held, at);
    const soon = { now: at.now + 1_500 };
    await adapter.workers.renew({ id: "bob", leaseMs: 60_000, info: {} }, [], soon);
    expect((await adapter.broker.claim({ worker: "bob", from, limit: 10 }, soon)).deliveries).toEqual([]);
    const late = { now: at.now + 3_000 };
    const again = await adapter.broker.claim({ worker: "bob", from, limit: 10 }, late);
    expect(again.deliveries.map(({ lapses }) => lapses)).toEqual([1, 1, 1]);
    const beat = await adapter.workers.renew({ id: "ann", leaseMs: 1_000, info: {} }, held, late);
    expect([...beat.lost].sort()).toEqual(["in-w1", "in-w2", "in-w3"]);
    await adapter.workers.leave("bob", late);
    const third = await adapter.broker.claim({ worker: "ann", from, limit: 10 }, late);
    expect(third.deliveries.map(({ attempt, lapses }) => [attempt, lapses])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  it("an event finds who waits in another shard, whichever came first", async () => {
    const adapter = await open();
    for (const [i, order] of (["park", "emit"] as const).entries()) {
      const id = `run${i}`;
      await adapter.broker.enqueue([job(id, { queue: "runs" })]);
      const { deliveries } = await claim(adapter, { queue: "runs" });
      const park = () =>
        adapter.broker.settle([{ lease: deliveries[0]!.lease, as: "parked", waits: [{ name: "paid", key: id, after: 0 }] }]);
      const emit = () => adapter.events.emit([{ id: `e${i}`, name: "paid", key: id, payload: "1" }]);
      if (order === "park") await park();
      const { woken } = await emit();
      if (order === "emit") await park();
      expect(woken).toEqual(order === "park" ? [id] : []);
      const again = await claim(adapter, { queue: "runs" });
      expect(again.deliveries[0]!.wake).toMatchObject({ by: "event", key: id, payload: "1" });
      await adapter.broker.settle([{ lease: again.deliveries[0]!.lease, as: "succeeded" }]);
    }
  });

  it("work goes on when the slots of a queue move to another node", async () => {
    const adapter = await open();
    await adapter.broker.enqueue([job("before", { queue: "moving" })]);
    const raw = new Redis(cluster.masters[0]!.port);
    const slot = Number(await raw.cluster("KEYSLOT", `{${adapter.namespace}:moving}:s`));
    raw.disconnect();
    const ids = await Promise.all(cluster.masters.map(async (node) => String(await node.call("CLUSTER", "MYID"))));
    const from = Math.min(2, Math.floor((slot * 3) / 16_384));
    const owner = cluster.masters[from]!;
    const target = cluster.masters[(from + 1) % 3]!;
    await target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from]!);
    await owner.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[(from + 1) % 3]!);
    for (;;) {
      const keys = (await owner.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
      if (keys.length === 0) break;
      await owner.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", ...keys);
    }
    for (const node of [target, owner, ...cluster.masters]) await node.call("CLUSTER", "SETSLOT", slot, "NODE", ids[(from + 1) % 3]!);
    await until(async () => (await adapter.broker.enqueue([job("after", { queue: "moving" })]).catch(() => undefined)) !== undefined);
    expect(await settleAll(adapter, "moving", () => ({ as: "succeeded" }))).toEqual(["before", "after"]);
  });
});
