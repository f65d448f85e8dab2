import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { redis } from "../../../lib/adapters/redis/index.js";
import { retryDelay } from "../../../lib/adapters/redis/connect/connection.js";
import { refuseOld } from "../../../lib/adapters/redis/connect/fitness.js";
import { idsMet } from "../../../lib/contract/index.js";
import type { StoreLog } from "../../../lib/contract/index.js";
import { describeOwn, startRedis, type RedisServer } from "../../servers/index.js";
import { claim, job, space, until } from "./space.js";

const lines: string[] = [];
const log: StoreLog = { log: (line) => lines.push(line), warn: (line) => lines.push(line), error: (line) => lines.push(line) };

describe("What redis() is given", () => {
  it.each([
    [undefined, {}, /names no server/],
    [42, {}, /names no server/],
    [[], {}, /names no server/],
    ["localhost:6379", {}, /not the URL/],
    ["http://localhost", {}, /not the URL/],
    [{ cluster: [] }, {}, /names no node/],
    [{ on: () => undefined }, {}, /not of ioredis/],
    ["redis://localhost", { namespace: "" }, /namespace is 1 to 64/],
    ["redis://localhost", { namespace: "a{b}" }, /namespace is 1 to 64/],
    ["redis://localhost", { connectTimeoutMs: 0 }, /connectTimeoutMs is a whole number/],
    ["redis://localhost", { commandTimeoutMs: "1s" }, /commandTimeoutMs is a whole number/],
    ["redis://localhost", { commandTimeoutMs: 3_000_000_000 }, /to 2,147,483,647/],
    ["redis://localhost", { connectTimeoutMs: 3_000_000_000 }, /to 2,147,483,647/],
    [{ host: "h", connectTimeout: 3_000_000_000 }, {}, /No timer waits that long/],
    ["redis://localhost?socketTimeout=3000000000", {}, /No timer waits that long/],
  ])("is refused with what is wrong: %j %j", (server, options, why) => {
    expect(() => redis(server as never, options as never)).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID" }));
    expect(() => redis(server as never, options as never)).toThrow(why);
  });

  it("may hold no option that there is not", () => {
    expect(() => redis("redis://localhost", { prefix: "x" } as never)).toThrow(expect.objectContaining({ code: "STEM_OPTION_UNKNOWN" }));
  });

  it("does not show its password in an error", () => {
    for (const wrong of ["http://ann:secret@host", "redis://:se/secret@host", "ann:secret@host", "http://host?password=secret"])
      expect(() => redis(wrong)).toThrow(expect.not.objectContaining({ message: expect.stringContaining("secret") }));
  });

  it("a version older than 6.2 is named, with what is needed", () => {
    expect(() => refuseOld("6.0.16", "here")).toThrow(expect.objectContaining({ code: "STEM_STORE_VERSION" }));
    expect(() => refuseOld("5.0.0", "here")).toThrow(/6\.2 or newer/);
    for (const fine of ["6.2.0", "7.0.15", "8.2.1", undefined]) expect(() => refuseOld(fine, "here")).not.toThrow();
  });
});

/** What the lines say of how long is waited before the next attempt. */
const waitsOf = (told: readonly string[]): readonly number[] => told.map((line) => Number(/again in (\d+) ms/.exec(line)![1]));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe("A server that is not there", () => {
  it("is tried again after 5 s at most, however long it has been away", () => {
    for (let attempt = 1; attempt < 10_000; attempt++) expect(retryDelay(attempt)).toBeLessThanOrEqual(5_000);
  });

  afterEach(() => void lines.splice(0));

  it("does not keep open() from answering; attempts are logged, verbs fail in time, and nothing is buffered", async () => {
    const adapter = redis("redis://127.0.0.1:1", { connectTimeoutMs: 300 });
    await adapter.open(log);
    const attempts = lines.filter((line) => /cannot be reached \(attempt \d+: .*ECONNREFUSED.*\); trying again in \d+ ms/.test(line));
    expect(attempts.length).toBeGreaterThan(1);
    // However slow this machine: no wait began before the one before it was over, so all but the last fit
    // into the time that was given.
    expect(sum(waitsOf(attempts).slice(0, -1))).toBeLessThanOrEqual(300);
    const waits = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => adapter.broker.enqueue([job(`n${i}`)])));
    for (const wait of waits) expect(wait).toMatchObject({ status: "rejected", reason: { code: "STEM_STORE_UNREACHABLE" } });
    await adapter.close();
  });

  it("or that accepts and never says a word, is given up and tried again when the time is over that the options give it", async () => {
    const mute = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const first: string[] = [];
    const said: string[] = [];
    const { port } = mute.address() as AddressInfo;
    const adapters = [undefined, 200].map((ms) => {
      const adapter = redis(`redis://127.0.0.1:${port}`, ms === undefined ? {} : { connectTimeoutMs: ms });
      const tell = (line: string): void => void (line.includes("attempt 1") && first.push(String(ms)) && said.push(line));
      return { adapter, opening: adapter.open({ log: tell, warn: tell, error: tell }) };
    });
    // That of the default, though it began first, has ten seconds.
    await until(async () => first.length > 0, 60_000);
    expect(first).toEqual(["200"]);
    expect(said[0]).toMatch(/\(attempt 1: it accepts connections, but has not said a word for 2000 ms\); trying again in \d+ ms/);
    for (const { adapter } of adapters) await adapter.close();
    await Promise.allSettled(adapters.map(({ opening }) => opening));
    mute.close();
  });

  it("is found when it comes, without anybody's doing", async () => {
    const server = await startRedis();
    const { port } = server;
    await server.kill();
    const adapter = redis(`redis://127.0.0.1:${port}`, { connectTimeoutMs: 200 });
    await adapter.open(log);
    await expect(adapter.broker.enqueue([job("early")])).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    await server.restart();
    await until(async () => (await adapter.ping().catch(() => undefined)) !== undefined);
    await adapter.broker.enqueue([job("late")]);
    expect(lines.some((line) => line.includes("is there again"))).toBe(true);
    await adapter.close();
    await server.stop();
  });
});

describeOwn("redis")("A server that refuses", () => {
  let server: RedisServer;
  const url = (user: string, password: string) => `redis://${user}:${password}@127.0.0.1:${server.port}`;
  beforeAll(async () => {
    const noScripts = "user reader on >reading ~* &* +@read +ping +info";
    const noKeys = "user elsewhere on >else ~other* &* +@all";
    const noConfig = "user managed on >managed ~* &* +@all -config -info";
    server = await startRedis({ password: "admin", config: [noScripts, noKeys, noConfig, "maxmemory-policy allkeys-lru"] });
  });
  afterAll(() => server.stop());

  it.each([
    ["a wrong password", () => url("default", "wrong")],
    ["an unknown user", () => url("nobody", "x")],
    ["no password", () => `redis://127.0.0.1:${server.port}`],
    ["a user without the right to run scripts", () => url("reader", "reading")],
    ["a user without the right to our keys", () => url("elsewhere", "else")],
  ])("%s is thrown by open() at once, by name", async (_, address) => {
    const adapter = redis(address(), { connectTimeoutMs: 3_600_000 });
    await expect(adapter.open()).rejects.toMatchObject({ code: "STEM_STORE_RIGHTS" });
    await adapter.close();
  });

  it("CONFIG and INFO does not matter: a managed server can be used", async () => {
    const adapter = redis(url("managed", "managed"), { namespace: "managed" });
    await adapter.open();
    await adapter.broker.enqueue([job("a")]);
    expect(await adapter.diagnose!()).toEqual([]);
    expect((await adapter.ping()).server).toBeUndefined();
    await adapter.close();
  });

  it("nothing, but may evict jobs, is named by diagnose()", async () => {
    const here = space(server.url);
    const adapter = await here.open();
    const findings = await adapter.diagnose!();
    expect(findings.map(({ message }) => message).join()).toMatch(/maxmemory-policy is allkeys-lru/);
    await server.call("CONFIG", "SET", "maxmemory-policy", "noeviction");
    expect(await adapter.diagnose!()).toEqual([]);
    await server.call("CONFIG", "SET", "appendonly", "no");
    expect((await adapter.diagnose!()).map(({ message }) => message).join()).toMatch(/append-only/);
    await here.close();
  });

  it("memory says so to the producer, stores nothing of the call, and goes on when there is room", async () => {
    const here = space(server.url);
    const adapter = await here.open();
    await server.call("CONFIG", "SET", "maxmemory", 1);
    await expect(adapter.broker.enqueue([job("full")])).rejects.toMatchObject({
      code: "STEM_STORE_FAILED",
      message: expect.stringContaining("out of memory"),
    });
    await server.call("CONFIG", "SET", "maxmemory", 0);
    expect(await adapter.jobs.get(["full"])).toEqual([undefined]);
    expect(idsMet(await adapter.broker.enqueue([job("full")]))).toEqual([]);
    await here.close();
  });

  it("an evicted job is a dead letter that says why, and holds nobody up", async () => {
    const here = space(server.url);
    const adapter = await here.open();
    await adapter.broker.enqueue([job("gone"), job("dated", { expiresInMs: 60_000 }), job("here")]);
    await here.raw.del(`{${here.namespace}}:j:gone`, `{${here.namespace}}:j:dated`);
    const { deliveries } = await claim(adapter);
    expect(deliveries.map((delivery) => delivery.job.id)).toEqual(["here"]);
    const letters = (await adapter.jobs.list({ dead: true })).items;
    expect(letters.map(({ id, error }) => [id, error?.code]).sort()).toEqual([
      ["dated", "STEM_STORE_EVICTED"],
      ["gone", "STEM_STORE_EVICTED"],
    ]);
    expect(letters[0]!.error?.message).toMatch(/noeviction/);
    expect(await adapter.jobs.count()).toMatchObject({ ready: 0, active: 1, failed: 2 });
    await here.close();
  });

  it("a batch beyond what one step should store is refused before anything is written", async () => {
    const here = space(server.url);
    const adapter = await here.open();
    const jobs = Array.from({ length: 50_001 }, (_, i) => job(`m${i}`));
    await expect(adapter.broker.enqueue(jobs)).rejects.toMatchObject({ code: "STEM_BATCH_TOO_LARGE" });
    expect((await adapter.jobs.count()).ready).toBe(0);
    await adapter.broker.enqueue(jobs.slice(1));
    expect((await adapter.jobs.count()).ready).toBe(50_000);
    await here.close();
  });
});
