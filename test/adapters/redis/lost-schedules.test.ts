import { afterEach, expect, it } from "@jest/globals";
import { Redis } from "ioredis";
import { redis } from "../../../lib/adapters/redis/index.js";
import { Beat, defineTask, Stem, TaskRegistry } from "../../../lib/core/index.js";
import { describeOwn, startRedis } from "../../servers/index.js";
import { until } from "./space.js";

const cleanups: (() => unknown)[] = [];

describeOwn("redis")("When Redis has lost everything", () => {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  it("a running beat declares its schedules again, and they fire", async () => {
    const server = await startRedis();
    cleanups.push(() => server.stop());
    const adapter = redis(server.url);
    await adapter.open();
    const registry = new TaskRegistry();
    registry.add(defineTask({ name: "tick", kind: "task", where: "test", run: () => {} }));
    const stem = new Stem({ adapter, registry });
    const beat = new Beat({ stem, schedules: [{ id: "tick", where: "test", cron: "* * * * * *", timeZone: "UTC", task: "tick" }] });
    await beat.start();
    cleanups.push(async () => {
      await beat.stop();
      await stem.close();
      await adapter.close();
    });
    const fired = async (): Promise<boolean> => (await adapter.jobs.count()).ready > 0;
    await until(fired);
    const admin = new Redis(server.url);
    cleanups.push(() => admin.quit());
    await admin.flushall();
    await until(fired);
    expect(await stem.schedules.list()).toMatchObject([{ name: "tick", declared: true, cron: "* * * * * *" }]);
  });
});
