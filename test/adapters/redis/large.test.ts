import { afterEach, beforeEach, expect, it } from "@jest/globals";
import type { Adapter } from "../../../lib/contract/index.js";
import { describeShared, sharedRedis } from "../../servers/index.js";
import { claim, job, space, type Space } from "./space.js";

const LARGE = JSON.stringify("x".repeat(100_000));

describeShared("redis")("Large payloads", () => {
  let here: Space;
  let adapter: Adapter;
  beforeEach(async () => {
    here = space(await sharedRedis());
    adapter = await here.open();
  });
  afterEach(() => here.close());

  /** Claims until all have come. Returns how many each claim brought, and the ids in order. */
  async function drained(total: number): Promise<{ readonly brought: readonly number[]; readonly ids: readonly string[] }> {
    const brought: number[] = [];
    const ids: string[] = [];
    while (ids.length < total) {
      const { deliveries, nextDueAt, now } = await claim(adapter);
      brought.push(deliveries.length);
      ids.push(...deliveries.map((one) => one.job.id));
      expect(deliveries.length).toBeGreaterThan(0);
      // Whoever gets less than there is comes again at once.
      if (ids.length < total) expect(nextDueAt).toBeLessThanOrEqual(now);
    }
    const { deliveries, nextDueAt, now } = await claim(adapter);
    expect(deliveries).toEqual([]);
    expect(nextDueAt === undefined || nextDueAt > now).toBe(true);
    return { brought, ids };
  }

  it("come a few at a time, whatever the limit, in order and each once, and small ones as many as are asked for", async () => {
    const small = Array.from({ length: 500 }, (_, n) => job(`s${n}`));
    const large = Array.from({ length: 400 }, (_, n) => job(`l${n}`, { payload: LARGE }));
    await adapter.broker.enqueue(small);
    for (let from = 0; from < 400; from += 50) await adapter.broker.enqueue(large.slice(from, from + 50));
    await adapter.broker.enqueue([job("last")]);
    const { brought, ids } = await drained(901);
    expect(ids).toEqual([...small, ...large, job("last")].map(({ id }) => id));
    expect(brought[0]).toBeGreaterThanOrEqual(500);
    expect(brought[0]).toBeLessThan(700);
    expect(Math.max(...brought.slice(1))).toBeLessThanOrEqual(128);
  });

  it("so they do from a queue that has delayed jobs and several priorities, too", async () => {
    const at = Date.now() - 60_000;
    for (let n = 0; n < 600; n++) {
      const over = n % 3 === 0 ? { dueAt: at + n } : { priority: 4 + (n % 3) };
      await adapter.broker.enqueue([job(`m${n}`, { payload: LARGE, ...over })]);
    }
    await adapter.broker.enqueue([job("later", { delayMs: 3_600_000 })]);
    const { brought, ids } = await drained(600);
    expect(new Set(ids).size).toBe(600);
    expect(Math.max(...brought)).toBeLessThan(300);
  });
});
