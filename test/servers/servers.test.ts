import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { Redis } from "ioredis";
import { describeOwn, sharedPostgres, sharedRedis, startPostgres, startProxy, startRedis, startRedisCluster } from "./index.js";
import { pause } from "./guarded.js";

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const own = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
  const server = await starting;
  stops.push(() => server.stop());
  return server;
};

describeOwn("redis")("A Redis for tests", () => {
  it("keeps what it acknowledged when it is killed and started again, on the same port", async () => {
    const redis = await own(startRedis());
    await redis.call("SET", "a", "1");
    const { pid } = redis;
    await redis.kill();
    await expect(redis.call("GET", "a")).rejects.toThrow();
    await redis.restart();
    expect(redis.pid).not.toBe(pid);
    expect(await redis.call("GET", "a")).toBe("1");
    await redis.stop();
    expect(existsSync(redis.folder)).toBe(false);
  });

  it("does not answer while it is frozen", async () => {
    const redis = await own(startRedis({ appendonly: false, config: ["maxmemory 10mb"] }));
    redis.freeze();
    const answer = redis.call("PING");
    expect(await Promise.race([answer, pause(100).then(() => "nothing")])).toBe("nothing");
    redis.thaw();
    expect(await answer).toBe("PONG");
  });

  it("follows another and can be promoted", async () => {
    const master = await own(startRedis({ password: "secret" }));
    const replica = await own(startRedis({ password: "secret", replicaOf: master }));
    await master.call("SET", "a", "1");
    while ((await replica.call("GET", "a")) !== "1") await pause(20);
    await expect(replica.call("SET", "a", "2")).rejects.toThrow(/READONLY/);
    await replica.call("REPLICAOF", "NO", "ONE");
    expect(await replica.call("SET", "a", "2")).toBe("OK");
  });

  it("comes as a cluster whose replicas take over", async () => {
    const cluster = await own(startRedisCluster({ replicas: 1 }));
    await cluster.masters[1]!.kill();
    const { url } = cluster;
    const client = new Redis.Cluster([url], { redisOptions: { protocol: 2 }, clusterRetryStrategy: () => 100 });
    client.on("error", () => {});
    const late = Date.now() + 15_000;
    const keys = Array.from({ length: 50 }, (_, i) => `key${i}`);
    for (const key of keys)
      while (
        !(await client.set(key, "1").then(
          () => true,
          () => false,
        ))
      ) {
        if (Date.now() > late) throw new Error("No replica has taken over.");
        await pause(100);
      }
    client.disconnect();
    await cluster.settled();
  });
});

describeOwn("postgres")("A PostgreSQL for tests", () => {
  it("keeps what it committed when it is killed with all its children and recovers, on the same port", async () => {
    const postgres = await own(startPostgres());
    await postgres.sql("CREATE TABLE a AS SELECT 1 AS n");
    await postgres.kill();
    await expect(postgres.sql("SELECT 1")).rejects.toThrow();
    await postgres.restart();
    expect(await postgres.sql("SELECT n FROM a")).toEqual([{ n: 1 }]);
    expect(await postgres.sql("SHOW fsync")).toEqual([{ fsync: "on" }]);
    await postgres.restartAsStandby();
    await expect(postgres.sql("UPDATE a SET n = 2")).rejects.toMatchObject({ code: "25006" });
    await postgres.promote();
    await postgres.sql("UPDATE a SET n = 2");
    await postgres.stop();
    expect(existsSync(postgres.folder)).toBe(false);
  });
});

describeOwn("redis")("Shared servers", () => {
  it("are the same for all who ask", async () => {
    const urls = await Promise.all([sharedRedis(), sharedRedis()]);
    expect(urls[0]).toBe(urls[1]);
    expect(await sharedPostgres()).toBe(await sharedPostgres());
  });

  it.each(["SIGKILL", "SIGINT"] as const)("and private ones are gone soon after the run is ended by %s", async (signal) => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const jest = spawn(
      process.execPath,
      ["--experimental-vm-modules", "--no-warnings", "node_modules/jest/bin/jest.js", "--testMatch", "**/fixtures/endless.ts", "--ci"],
      { cwd: root, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, JEST_WORKER_ID: undefined, NODE_OPTIONS: "" } },
    );
    let said = "";
    const ports = await new Promise<number[]>((resolve, refuse) => {
      jest.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const found = /servers on (\d+) and (\d+)/.exec(said);
        if (found !== null) resolve([Number(found[1]), Number(found[2])]);
      });
      jest.once("exit", () => refuse(new Error(`The run ended by itself: ${said}`)));
    });
    expect(await Promise.all(ports.map(answers))).toEqual([true, true]);
    jest.kill(signal);
    await once(jest, "exit");
    const late = Date.now() + 10_000;
    const run = `stem-servers-${jest.pid}`;
    while ((await Promise.all(ports.map(answers))).includes(true) || readdirSync("/tmp").includes(run)) {
      expect(Date.now()).toBeLessThan(late);
      await pause(50);
    }
  });
});

describe("A proxy for tests", () => {
  it("passes, cuts, refuses, comes back, and lets connections fall silent for ever", async () => {
    const echo = createServer((socket) => void socket.on("error", () => {}).on("data", (chunk) => socket.write(chunk)));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    const proxy = await own(startProxy((echo.address() as AddressInfo).port));
    const call = async () => {
      const socket = connect(proxy.port, "127.0.0.1").on("error", () => {});
      const closed = new Promise((resolve) => socket.on("close", () => resolve("closed")));
      const heard = new Promise((resolve) => socket.on("data", (chunk) => resolve(chunk.toString())));
      socket.write("hello");
      return { closed, heard, silence: () => Promise.race([closed, heard, pause(100).then(() => "nothing")]) };
    };
    const first = await call();
    expect(await first.heard).toBe("hello");
    proxy.cut();
    expect(await first.closed).toBe("closed");
    const second = await call();
    expect(await second.heard).toBe("hello");
    await proxy.refuse();
    expect(await second.closed).toBe("closed");
    expect(await answers(proxy.port)).toBe(false);
    await proxy.pass();
    proxy.stall();
    const third = await call();
    expect(await third.silence()).toBe("nothing");
    await proxy.pass();
    expect(await (await call()).heard).toBe("hello");
    expect(await third.silence()).toBe("nothing");
    await proxy.stop();
    await new Promise((resolve) => echo.close(resolve));
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
