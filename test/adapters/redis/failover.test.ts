import { expect, it } from "@jest/globals";
import { redis } from "../../../lib/adapters/redis/index.js";
import { defineTask, Stem, TaskRegistry, Worker } from "../../../lib/core/index.js";
import { describeOwn, startRedisCluster, type RedisServer } from "../../servers/index.js";
import { until } from "./space.js";

async function offset(server: RedisServer, name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(String(await server.call("INFO", "replication")))![1]);
}

describeOwn("redis")("When a master of a cluster dies", () => {
  it("its replica takes over, the worker goes on by itself, and what had reached the replica is done", async () => {
    const cluster = await startRedisCluster({ replicas: 1, appendonly: false });
    const adapter = redis({ cluster: [...cluster.masters, ...cluster.replicas].map(({ url }) => url) }, { commandTimeoutMs: 3_000 });
    await adapter.open();
    const ran = new Set<number>();
    const registry = new TaskRegistry();
    const run = async (payload: unknown) => void ran.add((payload as { readonly n: number }).n);
    registry.add(defineTask({ name: "note", kind: "task", where: "test", run }));
    const stem = new Stem({ adapter, registry });
    const worker = new Worker({ stem, options: { lease: "3s" } });
    const send = (n: number, delay = 0) => stem.task("note", { queue: "default" }).enqueue({ n }, { delay });
    try {
      await worker.start();
      const accepted: number[] = [];
      for (let n = 1; n <= 50; n++) accepted.push((await send(n, n % 2 === 0 ? 4_000 : 0), n));
      const slot = Number(await cluster.masters[0]!.call("CLUSTER", "KEYSLOT", "{stem:default}"));
      const at = Math.floor((slot * 3) / 16_384);
      const [master, replica] = [cluster.masters[at]!, cluster.replicas[at]!];
      await until(async () => (await offset(master, "master_repl_offset")) <= (await offset(replica, "slave_repl_offset")));
      await master.kill();
      await until(async () => String(await replica.call("ROLE")).startsWith("master"), 20_000);
      for (let n = 51; n <= 60; n++) {
        await until(async () => (await send(n).catch(() => undefined)) !== undefined, 20_000);
        accepted.push(n);
      }
      await until(() => accepted.every((n) => ran.has(n)), 25_000);
      expect(ran.size).toBe(60);
    } finally {
      await worker.stop();
      await stem.close();
      await adapter.close();
      await cluster.stop();
    }
  });
});
