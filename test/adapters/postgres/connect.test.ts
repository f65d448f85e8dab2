import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Client, Pool } from "pg";
import { loadDriver } from "../../../lib/adapters/postgres/connect/driver.js";
import { postgres, type PostgresOptions } from "../../../lib/adapters/postgres/index.js";
import type { Adapter, StoreLog } from "../../../lib/contract/index.js";
import { describeShared } from "../../servers/index.js";
import { hire, PostgresBench, take } from "./bench.js";

describeShared("postgres")("A Postgres store", () => {
  let bench: PostgresBench;
  let serial = 0;
  const schemas: string[] = [];

  beforeAll(async () => {
    bench = await PostgresBench.start("connect");
    await (await bench.open()).close();
  });

  afterAll(async () => {
    for (const schema of schemas) await bench.sql(`DROP SCHEMA IF EXISTS "${schema.replaceAll('"', '""')}" CASCADE`);
    for (const role of roles) await bench.sql(`DROP OWNED BY ${role} CASCADE`).then(() => bench.sql(`DROP ROLE ${role}`));
    await bench?.stop();
  });

  const roles: string[] = [];
  const fresh = (): string => {
    const schema = `connect_${process.pid}_${++serial}`;
    schemas.push(schema);
    return schema;
  };
  const role = async (settings = ""): Promise<string> => {
    const name = `stem_role_${process.pid}_${++serial}`;
    roles.push(name);
    await bench.sql(`CREATE ROLE ${name} LOGIN`);
    if (settings !== "") await bench.sql(`ALTER ROLE ${name} ${settings}`);
    return name;
  };
  const as = (user: string): string => {
    const url = new URL(bench.url);
    url.username = user;
    return url.href;
  };
  const opened = async (url: string, options: PostgresOptions): Promise<Adapter> => {
    const adapter = postgres(url, options);
    await adapter.open();
    return adapter;
  };
  const refused = async (url: string, options: PostgresOptions = {}): Promise<Error & { code?: string; hint?: string }> => {
    const adapter = postgres(url, options);
    try {
      await adapter.open();
    } catch (error) {
      return error as Error;
    }
    await adapter.close();
    throw new Error("it was opened");
  };

  it("that is opened by several processes at once is made once", async () => {
    const schema = fresh();
    const adapters = await Promise.all(Array.from({ length: 5 }, () => opened(bench.url, { schema })));
    const [health] = await Promise.all(adapters.map((adapter) => adapter.ping()));
    expect(health).toMatchObject({ schema: adapters[0]!.schema!.migrations.length });
    expect(health!.store).not.toMatch(/@|stem:/);
    for (const adapter of adapters) await adapter.close();
  });

  it("works in a schema of any name", async () => {
    const schema = `we"ird'; DROP -- ${process.pid} é`;
    schemas.push(schema);
    const adapter = await opened(bench.url, { schema });
    await adapter.broker.enqueue([bench.job()]);
    await hire(adapter, "ann");
    expect(await take(adapter, "ann")).toHaveLength(1);
    await adapter.events.emit([{ id: "e", name: "n", key: "k" }]);
    const client = new Client(bench.url);
    await client.connect();
    await client.query("BEGIN");
    const job = bench.job();
    await adapter.broker.enqueue([job], { transaction: client });
    await client.query("COMMIT");
    await client.end();
    expect((await adapter.jobs.get([job.id]))[0]?.state).toBe("ready");
    await adapter.close();
  });

  it("whose schema is behind is refused with the three ways out, unless it may be brought up to date", async () => {
    const schema = fresh();
    const error = await refused(bench.url, { schema, migrate: false });
    expect(error.code).toBe("STEM_SCHEMA_BEHIND");
    expect(error.hint).toMatch(/stem migrate.*stem sql.*migrate: true/s);
    const adapter = postgres(bench.url, { schema, migrate: false });
    expect(await adapter.schema!.version()).toBe(0);
    const taken = await adapter.schema!.migrate();
    expect(taken.map(({ version }) => version)).toEqual(adapter.schema!.migrations.map(({ version }) => version));
    expect(await adapter.schema!.migrate()).toEqual([]);
    expect(await adapter.schema!.version()).toBe(taken.length);
    await adapter.open();
    await adapter.close();
  });

  it("is made as well by the statements that are given to a person", async () => {
    const schema = fresh();
    const adapter = postgres(bench.url, { schema, migrate: false });
    for (const { sql } of adapter.schema!.migrations) await bench.sql(sql);
    await adapter.open();
    await adapter.broker.enqueue([bench.job()]);
    await adapter.close();
  });

  it("of a newer version is refused", async () => {
    const schema = fresh();
    await (await opened(bench.url, { schema })).close();
    await bench.sql(`INSERT INTO "${schema}".migrations (version, name) VALUES (99, 'future')`);
    expect(await refused(bench.url, { schema })).toMatchObject({ code: "STEM_SCHEMA_NEWER", message: expect.stringContaining("99") });
  });

  it("in a schema that holds something else is refused, and nothing there is touched", async () => {
    const schema = fresh();
    await bench.sql(`CREATE SCHEMA ${schema}`);
    await bench.sql(`CREATE TABLE ${schema}.invoices (id integer)`);
    expect(await refused(bench.url, { schema })).toMatchObject({ code: "STEM_STORE_OPEN", hint: expect.stringContaining("schema") });
    expect(await bench.sql(`SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace`)).toHaveLength(1);
  });

  it("in an empty schema that somebody else has made is made there, without the right to make schemas", async () => {
    const [schema, user] = [fresh(), await role()];
    await bench.sql(`CREATE SCHEMA ${schema} AUTHORIZATION ${user}`);
    await (await opened(as(user), { schema })).close();
  });

  it("that this user may not make or use is refused by name", async () => {
    const user = await role();
    expect(await refused(as(user), { schema: fresh() })).toMatchObject({
      code: "STEM_STORE_RIGHTS",
      hint: expect.stringContaining("rant"),
    });
    expect(await refused(as(user), { schema: bench.schema })).toMatchObject({ code: "STEM_STORE_RIGHTS" });
    expect(await refused(as("nobody_of_this_name"))).toMatchObject({ code: "STEM_STORE_RIGHTS", hint: expect.stringContaining("user") });
  });

  it("is usable with the rights that docs/postgres.md names, and no more", async () => {
    const [schema, user] = [fresh(), await role()];
    await (await opened(bench.url, { schema })).close();
    await bench.sql(`GRANT USAGE ON SCHEMA ${schema} TO ${user}`);
    await bench.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${user}`);
    await bench.sql(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${user}`);
    const adapter = await opened(as(user), { schema, migrate: false });
    await adapter.broker.enqueue([bench.job()]);
    await hire(adapter, "ann");
    const [delivery] = await take(adapter, "ann");
    await adapter.broker.settle([{ lease: delivery!.lease, as: "succeeded" }]);
    await adapter.events.emit([{ id: "e", name: "n", key: "k" }]);
    await adapter.locks.acquire("l", "me", 10);
    await adapter.jobs.prune();
    expect((await adapter.diagnose!()).map(({ code }) => code)).toContain("STEM_POSTGRES_CREATE");
    await adapter.close();
  });

  it("of no such database is refused", async () => {
    const url = new URL(bench.url);
    url.pathname = "/nowhere_at_all";
    expect(await refused(url.href)).toMatchObject({ code: "STEM_STORE_OPEN", hint: expect.stringContaining("Create it") });
  });

  it("that is read-only says so", async () => {
    const user = await role("SET default_transaction_read_only = on");
    await bench.sql(`GRANT USAGE ON SCHEMA stem. TO ${user}`.replace("stem.", `"${bench.schema}"`));
    await bench.sql(`GRANT ALL ON ALL TABLES IN SCHEMA "${bench.schema}" TO ${user}`);
    await bench.sql(`GRANT ALL ON ALL SEQUENCES IN SCHEMA "${bench.schema}" TO ${user}`);
    const adapter = await opened(as(user), { schema: bench.schema });
    const enqueued = adapter.broker.enqueue([bench.job()]);
    await expect(enqueued).rejects.toMatchObject({ code: "STEM_STORE_READONLY", hint: expect.stringContaining("primary") });
    await adapter.close();
  });

  it("on a server that is too old is refused", async () => {
    const client = {
      query: async () => ({ rows: [["120011", "false", "false", "false", "0"]], rowCount: 1 }),
      on: () => undefined,
      release: () => undefined,
    };
    const pool = {
      connect: async () => client,
      end: async () => undefined,
      on: () => undefined,
      removeListener: () => undefined,
      options: {},
      totalCount: 0,
    };
    await expect(postgres(pool).open()).rejects.toMatchObject({ code: "STEM_STORE_VERSION", message: expect.stringContaining("13") });
  });

  it("without the package pg says what to install", async () => {
    const missing = async (): Promise<never> => {
      throw Object.assign(new Error("Cannot find package 'pg'"), { code: "ERR_MODULE_NOT_FOUND" });
    };
    await expect(loadDriver(missing)).rejects.toMatchObject({ code: "STEM_MISSING_PEER", hint: expect.stringContaining("npm install pg") });
  });

  it("refuses what is no address, and options it does not have", () => {
    const wrong = [
      () => postgres("mysql://host/db"),
      () => postgres(""),
      () => postgres(7 as never),
      () => postgres(bench.url, { schema: "" }),
    ];
    for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID" }));
    expect(() => postgres("postgres://u:secret@h:port/db")).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("secret") }),
    );
    expect(() => postgres(bench.url, { pool: 3 } as never)).toThrow(expect.objectContaining({ code: "STEM_OPTION_UNKNOWN" }));
  });

  it("with a pool of the application's uses it as it is and leaves it open", async () => {
    const pool = bench.pool({ max: 2 });
    for (const at of [pool, { pool }]) {
      const adapter = postgres(at, { schema: bench.schema });
      await adapter.open();
      await adapter.broker.enqueue([bench.job()]);
      await adapter.close();
    }
    expect((await pool.query("SHOW enable_seqscan")).rows).toEqual([{ enable_seqscan: "on" }]);
    expect(pool.ended).toBe(false);
  });

  it("behind a transaction pooler uses nothing that belongs to a session", async () => {
    const names: unknown[] = [];
    // A new connection for every loan, as one may get from such a pooler.
    const pool = new Pool({ connectionString: bench.url, max: 4, maxUses: 1 });
    pool.on("connect", (client) => {
      const query = client.query.bind(client) as (config: unknown) => unknown;
      (client as { query: unknown }).query = (config: { name?: unknown; text: string }) => {
        if (config.name !== undefined || /^\s*(LISTEN|SET (?!LOCAL))|pg_advisory_lock/.test(config.text)) names.push(config);
        return query(config);
      };
    });
    const adapter = postgres(pool, { schema: bench.schema, listen: false });
    await adapter.open();
    const stop = adapter.hints.subscribe(() => undefined);
    await hire(adapter, "pooled");
    const body = bench.job({ queue: "pooled", waitsFor: 1 });
    await adapter.broker.enqueue([bench.job({ queue: "pooled", links: [{ to: body.id, position: 0 }] }), body]);
    for (let n = 0; n < 2; n++) {
      const [delivery] = await take(adapter, "pooled", 1, "pooled");
      await adapter.broker.settle([{ lease: delivery!.lease, as: "succeeded", result: String(n) }]);
    }
    await adapter.events.emit([{ id: "pooled", name: "n", key: "k" }]);
    adapter.hints.control("ping", "x");
    await adapter.workers.leave("pooled");
    expect((await adapter.jobs.get([body.id]))[0]).toMatchObject({ state: "succeeded", result: "1" });
    expect(names).toEqual([]);
    stop();
    await adapter.close();
    await pool.end();
  });

  it("that accepts and never says a word is given up and tried again when the time is over that the options give it", async () => {
    const mute = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const first: string[] = [];
    const adapters = [undefined, 200].map((ms) => {
      const adapter = postgres(`postgres://stem@127.0.0.1:${port}/stem`, ms === undefined ? {} : { connectTimeoutMs: ms });
      const tell = (line: string): void => void (line.includes("attempt 1") && first.push(String(ms)));
      return { adapter, opening: adapter.open({ log: tell, warn: tell, error: tell }) };
    });
    // That of the default, though it began first, has ten seconds.
    while (first.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(first).toEqual(["200"]);
    for (const { adapter } of adapters) await adapter.close();
    await Promise.allSettled(adapters.map(({ opening }) => opening));
    mute.close();
  });

  it("that cannot be reached is tried again with a line each, and verbs say so in time", async () => {
    const lines: string[] = [];
    const log: StoreLog = { log: () => undefined, warn: (line) => void lines.push(line), error: () => undefined };
    const adapter = postgres("postgres://stem@127.0.0.1:1/stem", { connectTimeoutMs: 400 });
    await adapter.open(log);
    // However slow this machine: no wait began before the one before it was over, so all but the last fit
    // into the time that was given.
    const waits = lines.map((line) => Number(/again in (\d+) ms/.exec(line)![1]));
    expect(waits.slice(0, -1).reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(400);
    await expect(adapter.broker.enqueue([bench.job()])).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatch(/127\.0\.0\.1:1.*attempt 1.*ECONNREFUSED.*again in \d+ ms/);
    await adapter.close();
    await expect(adapter.ping()).rejects.toMatchObject({ code: "STEM_STORE_CLOSED" });
  });
});
