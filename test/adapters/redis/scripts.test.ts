import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeShared, sharedRedis } from "../../servers/index.js";
import { claim, job, space, type Space } from "./space.js";

describeShared("redis")("The scripts of the Redis adapter", () => {
  let here: Space;
  beforeAll(async () => void (here = space(await sharedRedis())));
  afterAll(() => here.close());

  it("are loaded again when the server has forgotten them, in the middle of work too", async () => {
    const adapter = await here.open();
    for (let i = 0; i < 5; i++) {
      await adapter.broker.enqueue([job(`flush${i}`)]);
      await here.raw.script("FLUSH");
    }
    const { deliveries } = await claim(adapter);
    await here.raw.script("FLUSH");
    const settled = await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const })));
    expect(settled.lost).toEqual([]);
    expect((await adapter.jobs.count({ queue: "q" })).succeeded).toBe(5);
  });

  it("stay linear when ten thousand jobs end into one", async () => {
    const adapter = await here.open();
    const cost = async (n: number): Promise<number> => {
      const members = Array.from({ length: n }, (_, i) => job(`in${n}-${i}`, { queue: "fan", links: [{ to: `body${n}`, position: i }] }));
      await adapter.broker.enqueue([...members, job(`body${n}`, { queue: "fan", waitsFor: n })]);
      const began = performance.now();
      let ended = 0;
      while (ended < n) {
        const { deliveries } = await claim(adapter, { queue: "fan", limit: 500 });
        await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const, result: lease.jobId })));
        ended += deliveries.length;
      }
      const { deliveries } = await claim(adapter, { queue: "fan" });
      expect(deliveries.map((delivery) => delivery.job.id)).toEqual([`body${n}`]);
      expect(deliveries[0]!.inputs.length).toBe(n);
      expect(deliveries[0]!.inputs[n - 1]).toEqual({ jobId: `in${n}-${n - 1}`, state: "succeeded", result: `in${n}-${n - 1}` });
      await adapter.broker.settle([{ lease: deliveries[0]!.lease, as: "succeeded" }]);
      return (performance.now() - began) / n;
    };
    await cost(500);
    const [small, large] = [await cost(1_000), await cost(10_000)];
    // Ten times as many may cost ten times as much, and some noise; quadratic would be a hundred times.
    expect(large / small).toBeLessThan(4);
  });

  it("tell ten thousand waiting jobs of one end in pieces, all before the settle answers", async () => {
    const adapter = await here.open();
    const n = 10_000;
    const links = Array.from({ length: n }, (_, i) => ({ to: `out${i}`, position: 0 }));
    await adapter.broker.enqueue([
      job("root", { queue: "wide", links }),
      ...links.map(({ to }) => job(to, { queue: "wide", waitsFor: 1 })),
    ]);
    const root = await claim(adapter, { queue: "wide" });
    await adapter.broker.settle([{ lease: root.deliveries[0]!.lease, as: "failed", cause: "error", error: { name: "E", message: "m" } }]);
    expect(await adapter.jobs.count({ queue: "wide" })).toMatchObject({ failed: n + 1, blocked: 0 });
    await adapter.jobs.change({ ids: ["root"] }, { to: "ready" });
    expect(await adapter.jobs.count({ queue: "wide" })).toMatchObject({ failed: 0, blocked: n, ready: 1 });
    const again = await claim(adapter, { queue: "wide" });
    await adapter.broker.settle([{ lease: again.deliveries[0]!.lease, as: "succeeded" }]);
    expect(await adapter.jobs.count({ queue: "wide" })).toMatchObject({ succeeded: 1, ready: n });
    expect(await here.raw.exists(`{${here.namespace}}:outbox`)).toBe(0);
  });

  it("leave to others what their sender put off and did not live to finish", async () => {
    const adapter = await here.open();
    const n = 3_000;
    const links = Array.from({ length: n }, (_, i) => ({ to: `left${i}`, position: 0 }));
    await adapter.broker.enqueue([
      job("dies", { queue: "left", links }),
      ...links.map(({ to }) => job(to, { queue: "left", waitsFor: 1 })),
    ]);
    const { deliveries } = await claim(adapter, { queue: "left" });
    // A client that runs the script and dies before it can deliver what it got.
    const { scriptOf } = await import("../../../lib/adapters/redis/connect/scripts.js");
    const home = `{${here.namespace}}`;
    const one = [deliveries[0]!.lease.jobId, deliveries[0]!.lease.fence, JSON.stringify({ as: "succeeded" })];
    await here.raw.eval(scriptOf("settle").text, 1, home, "", "x".repeat(24), `s${home}`, 0, 1, ...one);
    expect(await here.raw.hlen(`${home}:outbox`)).toBe(1);
    // What is older than three seconds has been left behind; this makes it so.
    const [[no, text]] = Object.entries(await here.raw.hgetall(`${home}:outbox`)) as [[string, string]];
    const piece = JSON.parse(text) as unknown[];
    piece[4] = (piece[4] as number) - 10_000;
    await here.raw.hset(`${home}:outbox`, no, JSON.stringify(piece));
    const heir = await here.open();
    await claim(heir, { worker: "heir", queue: "elsewhere" });
    expect((await heir.jobs.count({ queue: "left" })).ready).toBe(n);
    expect(await here.raw.exists(`${home}:outbox`)).toBe(0);
  });
});
