import { readdirSync, readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Cluster, Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { redis } from "../../../lib/adapters/redis/index.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { describeOwn, startRedis, type RedisServer } from "../../servers/index.js";
import { claim, job, until } from "./space.js";

const LUA = new URL("../../../lib/adapters/redis/lua/", import.meta.url);

/** Every command that a script calls. */
function commandsOfScripts(): readonly string[] {
  const files = ["", "common/"].flatMap((folder) =>
    readdirSync(new URL(folder, LUA))
      .filter((name) => name.endsWith(".lua") && name !== "probe.lua")
      .map((name) => readFileSync(new URL(`${folder}${name}`, LUA), "utf8")),
  );
  return [...new Set(files.flatMap((text) => [...text.matchAll(/\bp?call\('([A-Z]+)'/g)].map(([, name]) => name!)))].sort();
}

describeOwn("redis")("A Redis user", () => {
  let server: RedisServer;
  const adapters: Adapter[] = [];
  const clients: { disconnect(): void }[] = [];
  beforeAll(async () => void (server = await startRedis({ appendonly: false, config: ["enable-debug-command yes"] })), 30_000);
  afterEach(async () => {
    for (const adapter of adapters.splice(0)) await adapter.close();
    for (const client of clients.splice(0)) client.disconnect();
    await server.call("FLUSHALL");
  });
  afterAll(() => server.stop());

  const user = (...rules: readonly string[]): Promise<unknown> => server.call("ACL", "SETUSER", "app", "reset", "on", ">x", ...rules);
  const make = (): Adapter => {
    const adapter = redis(`redis://app:x@127.0.0.1:${server.port}`, { connectTimeoutMs: 2_000 });
    adapters.push(adapter);
    return adapter;
  };
  const opened = async (): Promise<Adapter> => {
    const adapter = make();
    await adapter.open();
    return adapter;
  };
  const keys = async (): Promise<string[]> => ((await server.call("KEYS", "*")) as string[]).sort();

  it("that lacks a command which some script uses does not boot, and is told which", async () => {
    const commands = commandsOfScripts();
    expect(commands).toContain("XADD");
    for (const command of [...commands, "EVAL", "EVALSHA", "PING", "SUBSCRIBE", "UNSUBSCRIBE"]) {
      await user("~*", "&*", "+@all", `-${command.toLowerCase()}`);
      const refused: unknown = await make()
        .open()
        .catch((error: unknown) => error);
      expect([command, (refused as { code?: string } | undefined)?.code]).toEqual([command, "STEM_STORE_RIGHTS"]);
      expect(String((refused as Error).message).toUpperCase()).toContain(commands.includes(command) ? command : "NOPERM");
      expect(await keys()).toEqual([]);
    }
  });

  it.each([
    ["channels", ["~{stem*", "resetchannels"], /PUBLISH/],
    ["keys beside the first", ["~{stem}", "&*"], /DEL/],
    ["writing", ["%R~{stem*", "&*"], /NOPERM/],
  ])("that lacks %s does not boot either", async (_, rules, named) => {
    await user(...rules, "+@all");
    await expect(make().open()).rejects.toMatchObject({ code: "STEM_STORE_RIGHTS", message: expect.stringMatching(named) });
  });

  it("with the rights that docs/redis.md gives can do everything, and touch nothing of another namespace", async () => {
    const docs = readFileSync(new URL("../../../docs/redis.md", import.meta.url), "utf8");
    const rule = /^user stem on >secret (.*)$/m.exec(docs)![1]!;
    await user(...rule.split(" "));
    const adapter = await opened();
    await adapter.broker.enqueue([job("a"), job("b", { delayMs: 1 })]);
    const { deliveries } = await claim(adapter);
    await adapter.journal.append([{ lease: deliveries[0]!.lease, journal: [] }]);
    await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const })));
    await adapter.events.emit([{ id: "e", name: "n", key: "k" }]);
    adapter.hints.control("t", "m");
    await adapter.jobs.prune();
    expect(await adapter.diagnose!()).toHaveLength(1);
    const raw = new Redis({ port: server.port, username: "app", password: "x", protocol: 2 });
    clients.push(raw);
    for (const key of ["{stem2}:q", "{stem-billing}:q", "stem"]) await expect(raw.get(key)).rejects.toThrow(/NOPERM/);
    await expect(raw.publish("{stem2}:hint:work", "x")).rejects.toThrow(/NOPERM/);
  });

  it("whose right to publish is taken away meanwhile loses hints and nothing else: what is stored is not said to have failed", async () => {
    await user("~*", "&*", "+@all");
    const adapter = await opened();
    await server.call("ACL", "SETUSER", "app", "resetchannels", "-pubsub");
    expect(await adapter.broker.enqueue([job("a"), job("b")])).toEqual({ met: [] });
    const { deliveries } = await claim(adapter);
    expect(deliveries).toHaveLength(2);
    expect(await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const })))).toMatchObject({ lost: [] });
    expect((await adapter.jobs.get(["a"]))[0]).toMatchObject({ state: "succeeded" });
  });

  it("who was refused in the middle is refused before the first write from then on, until the right is there again", async () => {
    await user("~*", "&*", "+@all");
    const adapter = await opened();
    await server.call("ACL", "SETUSER", "app", "-zadd");
    const late = (id: string): Promise<unknown> => adapter.broker.enqueue([job(id, { delayMs: 60_000 })]);
    await expect(late("first")).rejects.toMatchObject({ code: "STEM_STORE_RIGHTS" });
    const before = await keys();
    for (const id of ["second", "third"])
      await expect(late(id)).rejects.toMatchObject({ code: "STEM_STORE_RIGHTS", message: expect.stringContaining("ZADD") });
    expect(await keys()).toEqual(before);
    await server.call("ACL", "SETUSER", "app", "+zadd");
    expect(await late("fourth")).toEqual({ met: [] });
  });

  it("that was not looked at because the server was away is looked at before the first call", async () => {
    await user("~*", "resetchannels", "+@all");
    const own = await startRedis({ appendonly: false, config: ["user app on >x ~* resetchannels +@all"] });
    await own.kill();
    const adapter = redis(`redis://app:x@127.0.0.1:${own.port}`, { connectTimeoutMs: 300 });
    await adapter.open();
    await own.restart();
    await until(async () => {
      const error: unknown = await adapter.broker.enqueue([job("a")]).catch((thrown: unknown) => thrown);
      return (error as { code?: string }).code === "STEM_STORE_RIGHTS";
    });
    expect(await own.call("KEYS", "*")).toEqual([]);
    await adapter.close();
    await own.stop();
  });

  it("finds somebody else's keys under ours: the store is refused by name, and nothing is touched", async () => {
    await user("~*", "&*", "+@all");
    await server.call("SET", "{stem}:q", "a cache of mine");
    await expect(make().open()).rejects.toMatchObject({
      code: "STEM_STORE_OPEN",
      message: expect.stringContaining("{stem}:q is a string"),
    });
    expect(await keys()).toEqual(["{stem}:q"]);
  });

  it("on a server that is out of memory gets each verb done whole, or refused with nothing changed", async () => {
    await user("~*", "&*", "+@all");
    const adapter = await opened();
    const failure = { name: "E", message: "m" };
    await adapter.broker.enqueue([job("x"), job("y"), job("z"), job("w")]);
    const { deliveries } = await claim(adapter);
    const [x, y, z] = deliveries.map(({ lease }) => lease);
    const verbs: Readonly<Record<string, () => Promise<unknown>>> = {
      enqueue: () => adapter.broker.enqueue([job("a"), job("b", { delayMs: 5 })]),
      emit: () => adapter.events.emit([{ id: "e", name: "n", key: "k", keepMs: 1_000 }]),
      append: () => adapter.journal.append([{ lease: x!, journal: [{ seq: 1, key: "s", kind: "step", state: "done", value: "1" }] }]),
      retry: () => adapter.broker.settle([{ lease: x!, as: "ready", attempt: "spent", ran: true, delayMs: 10 } as never]),
      succeed: () => adapter.broker.settle([{ lease: y!, as: "succeeded", enqueue: [job("next")] } as never]),
      fail: () => adapter.broker.settle([{ lease: z!, as: "failed", cause: "error", error: failure }]),
      put: () => adapter.schedules.put([{ id: "s", spec: "{}", nextAt: 5 }], { owner: "app" }),
      lock: () => adapter.locks.acquire("l", "me", 1_000),
      pause: () => adapter.queues.change(["q"], { paused: true }),
      renew: () => adapter.workers.renew({ id: "bob", leaseMs: 1_000, info: {} }, []),
      claim: () => adapter.broker.claim({ worker: "ann", from: [{ queue: "q" }], limit: 1 }),
      leave: () => adapter.workers.leave("ann"),
    };
    await server.call("CONFIG", "SET", "maxmemory", 1);
    const refused: string[] = [];
    for (const [name, verb] of Object.entries(verbs)) {
      const before = await server.call("DEBUG", "DIGEST");
      const error: unknown = await verb().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) continue;
      refused.push(name);
      expect([name, error]).toEqual([name, expect.objectContaining({ code: "STEM_STORE_FAILED" })]);
      expect([name, await server.call("DEBUG", "DIGEST")]).toEqual([name, before]);
    }
    await server.call("CONFIG", "SET", "maxmemory", 0);
    expect(refused).toEqual(expect.arrayContaining(["enqueue", "emit", "put"]));
  });

  it("with a wrong password is refused, and the password stands nowhere in what is thrown", async () => {
    await user("~*", "&*", "+@all");
    const secret = "S3cr!tPw";
    const given = new Redis({ port: server.port, password: secret, lazyConnect: true, retryStrategy: () => null });
    const cluster = new Cluster([{ host: "127.0.0.1", port: server.port }], { lazyConnect: true, redisOptions: { password: secret } });
    for (const client of [given, cluster]) clients.push(client.on("error", () => undefined));
    const ways = {
      url: redis(`redis://:${encodeURIComponent(secret)}@127.0.0.1:${server.port}`),
      options: redis({ host: "127.0.0.1", port: server.port, username: "app", password: secret }),
      cluster: redis(
        { cluster: [`127.0.0.1:${server.port}`], redisOptions: { username: "app", password: secret } },
        { connectTimeoutMs: 500 },
      ),
      given: redis(given as never),
      "given cluster": redis(cluster as never, { connectTimeoutMs: 500 }),
    };
    await server.call("CONFIG", "SET", "requirepass", "another");
    const admin = new Redis({ port: server.port, password: "another", protocol: 2 });
    clients.push(admin);
    try {
      for (const [way, adapter] of Object.entries(ways)) {
        const lines: string[] = [];
        const hear = (line: string): void => void lines.push(line);
        const thrown: unknown[] = [];
        await adapter.open({ log: hear, warn: hear, error: hear }).catch((error: unknown) => thrown.push(error));
        await adapter.broker.enqueue([job("a")]).catch((error: unknown) => thrown.push(error));
        await adapter.close();
        expect([way, thrown.length > 0]).toEqual([way, true]);
        const shown = inspect([thrown, lines], { depth: Infinity, showHidden: true });
        expect([way, shown.includes(secret), shown.includes(encodeURIComponent(secret))]).toEqual([way, false, false]);
        // What helps is there still.
        if (!way.includes("cluster"))
          expect(thrown[0]).toMatchObject({ code: "STEM_STORE_RIGHTS", cause: { message: expect.stringMatching(/WRONGPASS/) } });
      }
    } finally {
      await admin.config("SET", "requirepass", "");
    }
  });
});
