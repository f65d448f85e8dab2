import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeShared, sharedRedis } from "../../servers/index.js";
import { noteAndForget } from "../notes.js";
import { claim, job, space, type Space } from "./space.js";

describeShared("redis")("Notes in Redis", () => {
  let here: Space;
  beforeAll(async () => void (here = space(await sharedRedis())));
  afterAll(() => here.close());

  it("leave no key behind, however their job is forgotten", async () => {
    await noteAndForget(await here.open(), await here.open(), async (count) => {
      let found = 0;
      for (const key of await here.keys()) {
        if (/:nt:/.test(key)) found++;
        if (/:lg:/.test(key)) found += await here.raw.llen(key);
      }
      expect(found).toBe(count);
    });
  });

  it("begin anew for a job whose id had one that a process of an older version has forgotten", async () => {
    const adapter = await here.open();
    await here.raw.hset(`{${here.namespace}}:nt:late`, "a", "1", "s", "old");
    await here.raw.rpush(`{${here.namespace}}:lg:late`, "1:old");
    await adapter.broker.enqueue([job("late", { queue: "late" })]);
    const { deliveries } = await claim(adapter, { queue: "late" });
    const noted = async () => (await adapter.jobs.get(["late"], { with: ["note"] }))[0]?.note;
    expect(await noted()).toBeUndefined();
    await adapter.journal.append([{ lease: deliveries[0]!.lease, note: { log: ["new"] } }], { now: 5 });
    expect(await noted()).toEqual({ at: 5, log: [{ at: 5, line: "new" }] });
  });
});
