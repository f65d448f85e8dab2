import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Adapter, Delivery, Lease } from "../../../lib/contract/index.js";
import { describeShared, sharedRedis } from "../../servers/index.js";
import { claim, job, space, type Space } from "./space.js";

/**
 * How version 0.1 lends a job that was lent before: by the facts of the job, and its fence is one more than
 * the last.
 */
const LENDS_0_1 = `
  local P, id, no = KEYS[1] .. ':', ARGV[1], ARGV[2]
  local f = cjson.decode(redis.call('HGET', P .. 'facts', id) or '{}')
  local fence, attempt = (f.f or 0) + 1, (f.n or 0) + 1
  redis.call('ZREM', P .. 'z:0:q', redis.call('ZRANGE', P .. 'z:0:q', 0, 0)[1])
  redis.call('HSET', P .. 'active', id, fence .. '|' .. attempt .. '|' .. '1000' .. '|' .. no .. '|x')
  redis.call('HINCRBY', P .. 'held', no, 1)
  return cjson.encode({ f = fence })`;

describeShared("redis")("A fence of the Redis adapter", () => {
  let here: Space;
  let adapter: Adapter;
  beforeAll(async () => {
    here = space(await sharedRedis());
    adapter = await here.open();
  });
  afterAll(() => here.close());

  const one = async (id: string): Promise<Delivery> => {
    const { deliveries } = await claim(adapter);
    expect(deliveries.map((delivery) => delivery.job.id)).toEqual([id]);
    return deliveries[0]!;
  };
  const end = async (lease: Lease): Promise<readonly string[]> =>
    (await adapter.broker.settle([{ lease, as: "ready", attempt: "spent" }])).lost;

  it("is given once, by many claims at the same moment, and whatever the clock of the server says", async () => {
    await adapter.broker.enqueue(Array.from({ length: 300 }, (_, i) => job(`many${i}`, { keepResultMs: 0 })));
    const burst = async (): Promise<number[]> => {
      const claims = await Promise.all(Array.from({ length: 150 }, () => claim(adapter, { limit: 1 })));
      return claims.map(({ deliveries }) => deliveries[0]!.lease.fence).sort((a, b) => a - b);
    };
    const fences = await burst();
    // As if the clock had been set back by an hour since.
    const ahead = Math.max(...fences) + 36_000_000;
    await here.raw.set(`{${here.namespace}}:fence`, String(ahead));
    fences.push(...(await burst()));
    expect(fences).toEqual([...new Set(fences)]);
    expect(fences[150]).toBe(ahead + 1);
    await adapter.workers.leave("ann");
    await adapter.jobs.change({ ids: Array.from({ length: 300 }, (_, i) => `many${i}`) }, { to: "cancelled", reason: "done" });
  });

  it("is a number that scripts of version 0.1 count on from, and theirs are ones that ours count on from", async () => {
    await adapter.broker.enqueue([job("mixed")]);
    const ours = await one("mixed");
    expect(await end(ours.lease)).toEqual([]);
    const [no] = (await here.raw.hget(`{${here.namespace}}:workers`, "ann"))!.split("|");
    const lent = JSON.parse((await here.raw.eval(LENDS_0_1, 1, `{${here.namespace}}`, "mixed", no!)) as string) as { f: number };
    expect(lent.f).toBe(ours.lease.fence + 1);
    const theirs = { jobId: "mixed", fence: lent.f, job: 0 };
    expect((await adapter.workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, [theirs])).lost).toEqual([]);
    expect(await end(ours.lease)).toEqual(["mixed"]);
    expect(await end(theirs)).toEqual([]);
    const again = await one("mixed");
    expect(again.lease.fence).toBeGreaterThan(theirs.fence);
    expect(await end(theirs)).toEqual(["mixed"]);
  });
});
