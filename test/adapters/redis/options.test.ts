import { connect, createServer, type AddressInfo } from "node:net";
import { Cluster, Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { scriptOf } from "../../../lib/adapters/redis/connect/scripts.js";
import { redis } from "../../../lib/adapters/redis/index.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { describeOwn, startRedis, startRedisCluster, type RedisServer } from "../../servers/index.js";
import { claim, job, until } from "./space.js";

interface Cutter {
  readonly port: number;
  /**
   * The next answer to a claim is lost, and its connection with it, once the server has carried it out.
   * `yes`: false for not.
   */
  cutNextClaim(yes?: boolean): void;
  stop(): void;
}

/** Passes everything to a server, but for one answer. */
async function startCutter(target: number): Promise<Cutter> {
  let armed = false;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((near) => {
    const far = connect({ port: target, host: "127.0.0.1" });
    let asked = false;
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    near.on("data", (bytes) => {
      asked ||= armed && bytes.includes(scriptOf("claim").sha);
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (!asked) return void near.write(bytes);
      asked = armed = false;
      near.destroy();
    });
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutNextClaim: (yes = true) => void (armed = yes),
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describeOwn("redis")("Options of ioredis", () => {
  let server: RedisServer;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => void (server = await startRedis({ appendonly: false })), 30_000);
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
    await server.call("FLUSHALL");
  });
  afterAll(() => server.stop());

  const client = (options: object): Redis => {
    const made = new Redis({ port: server.port, lazyConnect: true, disconnectTimeout: 100, ...options });
    made.on("error", () => undefined);
    ends.push(() => made.disconnect());
    return made;
  };
  const cluster = (options: object): Cluster => {
    const made = new Cluster([{ host: "127.0.0.1", port: server.port }], { lazyConnect: true, ...options });
    ends.push(() => made.disconnect());
    return made;
  };
  const open = async (adapter: Adapter): Promise<Adapter> => {
    await adapter.open();
    ends.push(() => adapter.close());
    return adapter;
  };

  it("that change keys are refused with the remedy, wherever they stand", () => {
    const prefixed: Readonly<Record<string, () => unknown>> = {
      options: () => redis({ host: "h", keyPrefix: "shop:" } as never),
      url: () => redis("redis://h:1/0?keyPrefix=shop%3A"),
      client: () => redis(client({ keyPrefix: "shop:" }) as never),
      redisOptions: () => redis({ cluster: ["h:1"], redisOptions: { keyPrefix: "shop:" } as never }),
      clusterOptions: () => redis({ cluster: ["h:1"], clusterOptions: { keyPrefix: "shop:" } as never }),
      cluster: () => redis(cluster({ keyPrefix: "shop:" }) as never),
      "cluster's redisOptions": () => redis(cluster({ redisOptions: { keyPrefix: "shop:" } }) as never),
    };
    for (const make of Object.values(prefixed))
      expect(make).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID", hint: expect.stringContaining("namespace") }));
    expect(() => redis({ host: "h", readOnly: true })).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID" }));
    expect(() => redis({ host: "h", keyPrefix: "" } as never)).not.toThrow();
  });

  it("and ours are not taken for one another", () => {
    for (const name of ["namespace", "connectTimeoutMs", "commandTimeoutMs"])
      for (const given of [{ host: "h", [name]: 5 }, { cluster: ["h:1"], [name]: 5 }, `redis://h?${name}=5`])
        expect(() => redis(given as never)).toThrow(
          expect.objectContaining({ code: "STEM_OPTION_INVALID", hint: expect.stringContaining(`{ ${name}: … }`) }),
        );
    for (const node of ["rediss://h:1", "redis://user:secret@h:1", "redis://h:1/2", "redis://h:1?db=2"])
      expect(() => redis({ cluster: [node] })).toThrow(expect.objectContaining({ hint: expect.stringContaining("redisOptions") }));
    expect(() => redis({ cluster: ["redis://user:secret@h:1"] })).toThrow(expect.not.objectContaining({ message: /secret/ }));
    for (const namespace of ["stem:x", "stem#ab"]) {
      expect(() => redis({ cluster: ["h:1"] }, { namespace })).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID" }));
      expect(() => redis("redis://h:1", { namespace })).not.toThrow();
    }
  });

  it("that change answers are without effect, and a client of yours keeps them", async () => {
    const odd = {
      stringNumbers: true,
      protocol: 3,
      replyMapping: "resp3",
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      scripts: { evalsha: { lua: "return 7", numberOfKeys: 0 } },
    } as const;
    const { scripts, ...plain } = odd;
    const own = client({ ...plain, enableOfflineQueue: true });
    const servers = {
      options: { host: "127.0.0.1", port: server.port, ...plain, scripts, monitor: true },
      url: `redis://127.0.0.1:${server.port}?stringNumbers=true&enableAutoPipelining=true&monitor=true`,
      client: own,
    };
    for (const [way, given] of Object.entries(servers)) {
      const adapter = await open(redis(given as never, { namespace: `odd-${way}` }));
      const heard: unknown[] = [];
      const other = await open(redis(`redis://127.0.0.1:${server.port}`, { namespace: `odd-${way}` }));
      adapter.hints.subscribe((hint) => void heard.push(hint), ["work"]);
      await adapter.broker.enqueue([job("a"), job("b", { delayMs: 60_000 })]);
      const { deliveries } = await claim(adapter);
      expect([way, deliveries.map(({ lease }) => [lease.jobId, lease.fence])]).toEqual([way, [["a", expect.any(Number)]]]);
      expect((await adapter.queues.list()).items).toEqual([expect.objectContaining({ queue: "q", delayed: 1, active: 1 })]);
      expect(await adapter.locks.acquire("l", "me", 1_000)).toMatchObject({ token: 1 });
      expect(await adapter.diagnose!()).toHaveLength(1);
      await until(
        async () => (
          await other.broker.enqueue([job(`c${heard.length}${Math.random()}`)]),
          heard.some((hint) => (hint as { queues?: unknown }).queues !== undefined)
        ),
      );
    }
    expect(own.options).toMatchObject({ stringNumbers: true, protocol: 3 });
  });

  it("never have a claim sent once more whose answer was lost: its jobs would be lent to nobody who knows", async () => {
    const direct = await open(redis(`redis://127.0.0.1:${server.port}`));
    const cutter = await startCutter(server.port);
    ends.push(() => cutter.stop());
    const at = { host: "127.0.0.1", port: cutter.port };
    const resend = { autoResendUnfulfilledCommands: true, maxRetriesPerRequest: 20, reconnectOnError: () => 2 } as const;
    const own = client({ ...at });
    for (const given of [
      { ...at, ...resend },
      `redis://127.0.0.1:${cutter.port}?autoResendUnfulfilledCommands=true&maxRetriesPerRequest=20`,
      own,
    ]) {
      await server.call("FLUSHALL");
      const adapter = await open(redis(given as never));
      await adapter.broker.enqueue([job("a"), job("b")]);
      await claim(adapter, { queue: "none" });
      cutter.cutNextClaim();
      await expect(adapter.broker.claim({ worker: "ann", from: [{ queue: "q" }], limit: 1 })).rejects.toMatchObject({
        code: "STEM_STORE_UNREACHABLE",
      });
      await until(async () => (await adapter.ping().catch(() => undefined)) !== undefined);
      expect(await direct.jobs.count()).toMatchObject({ ready: 1, active: 1 });
    }
  });

  it("do not on a cluster either, which has a way of its own to do so", async () => {
    const nodes = await startRedisCluster({ appendonly: false });
    ends.push(() => nodes.stop());
    const cutters = new Map<string, Cutter>();
    for (const { port } of nodes.masters) cutters.set(`127.0.0.1:${port}`, await startCutter(port));
    ends.push(() => [...cutters.values()].forEach((cutter) => cutter.stop()));
    const natMap = Object.fromEntries([...cutters].map(([node, { port }]) => [node, { host: "127.0.0.1", port }]));
    const first = [...cutters.values()][0]!;
    const clusterOptions = { natMap, retryDelayOnFailover: 50 };
    const own = new Cluster([{ host: "127.0.0.1", port: first.port }], { ...clusterOptions, lazyConnect: true });
    ends.push(() => own.disconnect());
    const direct = await open(redis({ cluster: [nodes.url] }));
    for (const [n, given] of [{ cluster: [`127.0.0.1:${first.port}`], clusterOptions }, own].entries()) {
      const adapter = await open(redis(given as never));
      const queue = `q${n}`;
      await adapter.broker.enqueue(["a", "b", "c"].map((id) => job(`${id}${n}`, { queue })));
      expect((await claim(adapter, { queue, limit: 1 })).deliveries).toHaveLength(1);
      for (const cutter of cutters.values()) cutter.cutNextClaim();
      await expect(adapter.broker.claim({ worker: "ann", from: [{ queue }], limit: 1 })).rejects.toMatchObject({
        code: "STEM_STORE_UNREACHABLE",
      });
      for (const cutter of cutters.values()) cutter.cutNextClaim(false);
      expect((await direct.queues.list()).items.find((one) => one.queue === queue)).toMatchObject({ ready: 1, active: 2 });
    }
  });
});
