import { Cluster, Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { FORMAT } from "../../../lib/adapters/redis/connect/format.js";
import { redis } from "../../../lib/adapters/redis/index.js";
import { Previous } from "../../fixtures/previous/index.js";
import { describeShared, sharedRedis, sharedRedisCluster } from "../../servers/index.js";
import { everyState, liveOn } from "../old-store.js";
import { space, type Space } from "./space.js";

const REMEDY = expect.stringContaining("namespace");

describeShared("redis")("The format number in Redis", () => {
  let url: string;
  let here: Space;
  beforeAll(async () => void (url = await sharedRedis()));
  const fresh = (): Space => (here = space(url));
  afterEach(() => here.close());
  const key = () => `{${here.namespace}}:format`;

  it("is written by the first open, kept by the next, and told by ping", async () => {
    fresh();
    expect((await (await here.open()).ping()).schema).toBe(FORMAT);
    expect(await here.raw.get(key())).toBe(String(FORMAT));
    expect((await (await here.open()).ping()).schema).toBe(FORMAT);
    expect(await here.raw.get(key())).toBe(String(FORMAT));
  });

  it("of a newer version refuses the store with a remedy, and stays as it is", async () => {
    fresh();
    await here.raw.set(key(), String(FORMAT + 1));
    await expect(here.open()).rejects.toMatchObject({
      code: "STEM_SCHEMA_NEWER",
      message: expect.stringContaining(`format ${FORMAT + 1}`),
      hint: expect.stringContaining("Update nestjs-stem"),
    });
    expect(await here.raw.get(key())).toBe(String(FORMAT + 1));
    // It is the only key: nothing else was written.
    expect(await here.keys()).toEqual([key()]);
  });

  it("that is raised while a process is connected lets that process go on, says so to its ping, and refuses the next open", async () => {
    fresh();
    const adapter = await here.open();
    await here.raw.set(key(), String(FORMAT + 1));
    await adapter.broker.enqueue([{ id: "a", task: "t", queue: "q", payload: "" }]);
    await expect(adapter.ping()).rejects.toMatchObject({ code: "STEM_SCHEMA_NEWER" });
    await expect(here.open()).rejects.toMatchObject({ code: "STEM_SCHEMA_NEWER" });
  });

  it.each(["two", "-1", "0", "1.5", "", "2 "])("that is %j is refused by the name of its key, and stays as it is", async (value) => {
    fresh();
    await here.raw.set(key(), value);
    await expect(here.open()).rejects.toMatchObject({ code: "STEM_STORE_OPEN", message: expect.stringContaining(key()), hint: REMEDY });
    expect(await here.raw.get(key())).toBe(value);
  });

  it("that is a list is refused by the name of its key", async () => {
    fresh();
    await here.raw.rpush(key(), "2");
    await expect(here.open()).rejects.toMatchObject({ code: "STEM_STORE_OPEN", message: expect.stringContaining(key()), hint: REMEDY });
  });

  it("is brought from none to this one by the first open, while the version before is at work, and every job lives on", async () => {
    fresh();
    const previous = new Previous();
    const old = (await previous.adapters()).redis(url, { namespace: here.namespace });
    await old.open();
    await everyState(old);
    expect(await here.raw.get(key())).toBeNull();
    const adapter = await here.open();
    expect(await here.raw.get(key())).toBe(String(FORMAT));
    await liveOn(old, adapter);
    await old.close();
    previous.remove();
  });
});

describeShared("redis")("The format number in a Redis Cluster", () => {
  const clusters: { disconnect(): void }[] = [];
  afterAll(() => clusters.forEach((one) => one.disconnect()));

  it("is one key in the home shard, whatever queues there are", async () => {
    const url = await sharedRedisCluster();
    const namespace = `format-${process.pid}`;
    const adapter = redis({ cluster: [url] }, { namespace });
    await adapter.open();
    await adapter.broker.enqueue(["a", "b", "c"].map((queue) => ({ id: `f-${queue}`, task: "t", queue, payload: "" })));
    const client = new Cluster([{ host: new URL(url).hostname, port: Number(new URL(url).port) }]);
    clusters.push(client);
    // Its nodes are known once it has answered.
    await client.get("any");
    const keys = (await Promise.all(client.nodes("master").map((node: Redis) => node.keys(`{${namespace}*:format`)))).flat();
    expect(keys).toEqual([`{${namespace}}:format`]);
    await client.set(keys[0]!, String(FORMAT + 1));
    await expect(redis({ cluster: [url] }, { namespace }).open()).rejects.toMatchObject({ code: "STEM_SCHEMA_NEWER" });
    await adapter.close();
  });
});
