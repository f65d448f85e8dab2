import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeShared, sharedRedis } from "../../servers/index.js";
import { space, type Space } from "./space.js";

describeShared("redis")("Orders in Redis", () => {
  let here: Space;
  beforeEach(async () => {
    here = space(await sharedRedis());
  });
  afterEach(() => here.close());

  it("go with a worker that a process of an older version has signed off, which leaves them where they are", async () => {
    const adapter = await here.open();
    const beat = { leaseMs: 60_000, info: {} };
    for (const id of ["old", "new"]) await adapter.workers.renew({ ...beat, id }, []);
    const idle = await here.keys();
    expect(await adapter.workers.order("all", "pause")).toBe(2);
    // What `leave` of 0.1 does.
    const key = (name: string): string => `{${here.namespace}}:${name}`;
    await here.raw.multi().hdel(key("workers"), "old").zrem(key("leases"), "old").hdel(key("wno"), "1").exec();
    await adapter.jobs.prune();
    expect((await here.keys()).filter((found) => !idle.includes(found))).toEqual([key("olast"), key("or:new"), key("os")]);
    const { orders } = await adapter.workers.renew({ ...beat, id: "new" }, []);
    expect(orders).toEqual([{ no: 1, text: "pause" }]);
    await adapter.workers.renew({ ...beat, id: "new", heard: 1 }, []);
    expect((await here.keys()).filter((found) => !idle.includes(found))).toEqual([key("olast")]);
  });
});
