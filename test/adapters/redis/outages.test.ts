import { afterEach, expect, it } from "@jest/globals";
import { redis } from "../../../lib/adapters/redis/index.js";
import type { Adapter, Hint } from "../../../lib/contract/index.js";
import { defineTask, Stem, TaskRegistry, Worker } from "../../../lib/core/index.js";
import { describeOwn, startProxy, startRedis, type Proxy, type RedisServer } from "../../servers/index.js";
import { claim, job, space, until } from "./space.js";

const cleanups: (() => unknown)[] = [];
const SHORT = { connectTimeoutMs: 500, commandTimeoutMs: 1_000 } as const;

/** A worker with one task that notes what it ran. */
async function working(adapter: Adapter): Promise<{ readonly stem: Stem; readonly ran: Set<number> }> {
  const ran = new Set<number>();
  const registry = new TaskRegistry();
  registry.add(
    defineTask({ name: "note", kind: "task", where: "test", run: async (payload) => void ran.add((payload as { readonly n: number }).n) }),
  );
  await adapter.open();
  const stem = new Stem({ adapter, registry });
  const worker = new Worker({ stem, options: { poll: "30s", lease: "3s" } });
  await worker.start();
  cleanups.push(async () => {
    await worker.stop();
    await stem.close();
    await adapter.close();
  });
  return { stem, ran };
}

describeOwn("redis")("When the server", () => {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function own(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
    const server = await startRedis(options);
    cleanups.push(() => server.stop());
    return server;
  }

  async function proxied(server: RedisServer): Promise<Proxy> {
    const proxy = await startProxy(server.port);
    cleanups.push(() => proxy.stop());
    return proxy;
  }

  it("is killed and restarted under load, nothing that was acknowledged is lost, and workers go on by themselves", async () => {
    const server = await own();
    const { stem, ran } = await working(redis(server.url, SHORT));
    const accepted: number[] = [];
    let n = 0;
    const producer = new AbortController();
    const producing = (async () => {
      while (!producer.signal.aborted) {
        const mine = ++n;
        await stem
          .task("note", { queue: "default" })
          .enqueue({ n: mine })
          .then(
            () => void accepted.push(mine),
            () => undefined,
          );
      }
    })();
    for (let round = 1; round <= 3; round++) {
      await until(() => accepted.length > round * 100);
      await server.restart();
    }
    await until(() => accepted.length > 500);
    producer.abort();
    await producing;
    await until(() => accepted.every((id) => ran.has(id)));
    await until(async () => (await stem.counts()).active === 0);
    expect(await stem.counts()).toMatchObject({ ready: 0, active: 0, failed: 0 });
  });

  it.each(["cut", "stall", "refuse"] as const)(
    "cannot be talked to for a while (%s), workers and hints are there again afterwards",
    async (how) => {
      const server = await own();
      const proxy = await proxied(server);
      const adapter = redis(`redis://127.0.0.1:${proxy.port}`, SHORT);
      const { ran } = await working(adapter);
      const heard: Hint[] = [];
      adapter.hints.subscribe((hint) => void heard.push(hint), ["work"]);
      const direct = redis(server.url);
      await direct.open();
      cleanups.push(() => direct.close());
      const producer = new Stem({ adapter: direct, registry: new TaskRegistry() });
      const send = (n: number) => producer.task("note", { queue: "default" }).enqueue({ n });
      await send(1);
      await until(() => ran.has(1));
      await proxy[how]();
      await send(2);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await proxy.pass();
      await until(() => ran.has(2));
      await send(3);
      await until(() => ran.has(3), 10_000);
      // A worker may have found that job by other means. What another process says must be heard again, too;
      // only such hints name queues.
      heard.length = 0;
      await until(async () => (await send(4), heard.some((hint) => hint.kind === "work" && hint.queues !== undefined)), 10_000);
    },
    60_000,
  );

  it("stops answering in the middle, a verb fails in time instead of hanging", async () => {
    const server = await own();
    const here = space(server.url);
    cleanups.push(() => here.close());
    const adapter = await here.open(SHORT);
    await adapter.broker.enqueue([job("before")]);
    server.freeze();
    await expect(adapter.broker.enqueue([job("during")])).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    await expect(claim(adapter)).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    server.thaw();
    await until(async () => (await adapter.ping().catch(() => undefined)) !== undefined);
    await adapter.broker.enqueue([job("after")]);
  });

  it("becomes a replica, verbs say so, and go on once the address leads to the new master", async () => {
    const master = await own();
    const replica = await own({ replicaOf: master });
    await until(async () => String(await replica.call("INFO", "replication")).includes("master_link_status:up"));
    const proxy = await proxied(master);
    const adapter = redis(`redis://127.0.0.1:${proxy.port}`, SHORT);
    const { stem, ran } = await working(adapter);
    const send = (n: number) => stem.task("note", { queue: "default" }).enqueue({ n });
    await send(1);
    await until(() => ran.has(1));
    await until(async () => String(await master.call("WAIT", 1, 1_000)) === "1");
    await replica.call("REPLICAOF", "NO", "ONE");
    await master.call("REPLICAOF", "127.0.0.1", replica.port);
    await until(async () => {
      const refused: unknown = await adapter.broker.enqueue([job("ro")]).catch((error: unknown) => error);
      return (refused as { readonly code?: string }).code === "STEM_STORE_READONLY";
    });
    proxy.target(replica.port);
    await until(async () => (await send(2).catch(() => undefined)) !== undefined);
    await until(() => ran.has(2));
  });

  it("is idle, a worker sends at most two commands a second", async () => {
    const server = await own();
    await working(redis(server.url));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await server.call("CONFIG", "RESETSTAT");
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    const stats = String(await server.call("INFO", "commandstats"));
    // What scripts call is counted too, so only what a client sends.
    const sent = [...stats.matchAll(/^cmdstat_(?:evalsha|eval|ping|publish|subscribe):calls=(\d+)/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(16);
  });

  it("is reached by two, only what somebody here wants to hear of is sent, and not what it caused itself", async () => {
    const server = await own();
    const here = space(server.url);
    cleanups.push(() => here.close());
    const [one, two] = [await here.open(), await here.open()];
    const channels = async (): Promise<string[]> => ((await here.raw.pubsub("CHANNELS", `*${here.namespace}*`)) as string[]).sort();
    expect(await channels()).toEqual([]);
    const heard: Hint[] = [];
    const stop = one.hints.subscribe((hint) => void heard.push(hint), ["work"]);
    await until(async () => (await channels()).length > 0);
    expect(await channels()).toEqual([`{${here.namespace}}:hint:work`]);
    await until(() => heard.length > 0);
    heard.length = 0;
    await one.broker.enqueue([job("own")]);
    await two.broker.enqueue([job("others")]);
    await until(() => heard.length > 1);
    await two.broker.enqueue([job("last", { queue: "last" })]);
    await until(() => heard.some((hint) => hint.kind === "work" && hint.queues?.[0] === "last"));
    expect(heard).toEqual([
      { kind: "work", queues: ["q"] },
      { kind: "work", queues: ["q"] },
      { kind: "work", queues: ["last"] },
    ]);
    stop();
    await until(async () => (await channels()).length === 0);
  });

  it("has a client of yours, that is used as it is and left open", async () => {
    const server = await own();
    const here = space(server.url);
    cleanups.push(() => here.close());
    const adapter = redis(here.raw as never, { namespace: here.namespace });
    const options = JSON.stringify(here.raw.options);
    await adapter.open();
    await adapter.broker.enqueue([job("a")]);
    await adapter.close();
    expect(here.raw.status).toBe("ready");
    expect(JSON.stringify(here.raw.options)).toBe(options);
    expect(await here.raw.ping()).toBe("PONG");
  });
});
