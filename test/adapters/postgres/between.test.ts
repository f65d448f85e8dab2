import { Client, defaults, Pool, types as parsers } from "pg";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { targetOf } from "../../../lib/adapters/postgres/connect/target.js";
import { postgres, type PostgresOptions } from "../../../lib/adapters/postgres/index.js";
import type { Adapter, Hint } from "../../../lib/contract/index.js";
import { describeShared, startPooler, type Pooler } from "../../servers/index.js";
import { hire, PostgresBench, take } from "./bench.js";

describeShared("postgres")("Between a process and its Postgres", () => {
  let bench: PostgresBench;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    bench = await PostgresBench.start("between");
    await (await bench.open()).close();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });
  afterAll(() => bench.stop());

  const through = (port: number): string => {
    const url = new URL(bench.url);
    url.port = String(port);
    return url.href;
  };
  const pooler = async (options: Parameters<typeof startPooler>[1] = {}): Promise<Pooler> => {
    const made = await startPooler(Number(new URL(bench.url).port), options);
    ends.push(() => made.stop());
    return made;
  };
  const make = (at: Parameters<typeof postgres>[0], options: PostgresOptions = {}): Adapter => {
    const adapter = postgres(at, { schema: bench.schema, ...options });
    ends.push(() => adapter.close());
    return adapter;
  };

  it("a pooler that gives each transaction another session stops the boot, with the remedy, by a URL and by a pool", async () => {
    const { port } = await pooler();
    const refusal = { code: "STEM_STORE_OPEN", message: expect.stringContaining("pooler"), hint: expect.stringContaining("listen: false") };
    await expect(make(through(port)).open()).rejects.toMatchObject(refusal);
    const pool = new Pool({ connectionString: through(port), max: 4 });
    ends.push(() => pool.end());
    await expect(make(pool).open()).rejects.toMatchObject(refusal);
  });

  it("a pooler that refuses settings is not taken for an outage: the boot stops at once", async () => {
    const { port } = await pooler({ strict: true });
    const lines: string[] = [];
    const hear = (line: string): void => void lines.push(line);
    const opening = make(through(port)).open({ log: hear, warn: hear, error: hear });
    await expect(opening).rejects.toMatchObject({ code: "STEM_STORE_OPEN", hint: expect.stringContaining("listen: false") });
    expect(lines).toEqual([]);
  });

  it("a pooler does no harm with { listen: false }", async () => {
    const { port } = await pooler();
    const adapter = make(through(port), { listen: false });
    await adapter.open();
    await hire(adapter, "pooled");
    for (let n = 0; n < 5; n++) {
      await Promise.all(bench.jobs(3, { queue: "pooled" }).map((job) => adapter.broker.enqueue([job])));
      const deliveries = await take(adapter, "pooled", 10, "pooled");
      expect(deliveries).toHaveLength(3);
      await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const })));
    }
  });

  it("a pooler that keeps a session for each client is as good as none", async () => {
    const { port } = await pooler({ mode: "session" });
    const adapter = make(through(port));
    await adapter.open();
    const heard: Hint[] = [];
    adapter.hints.subscribe((hint) => void heard.push(hint), ["work"]);
    const other = await bench.open();
    while (!heard.some((hint) => hint.kind === "work" && hint.queues?.includes("far") === true)) {
      await other.broker.enqueue([bench.job({ queue: "far" })]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it("options of pg under which we could not read its answers are refused with the remedy, wherever they stand", async () => {
    const url = (query: string): string => `${bench.url}${bench.url.includes("?") ? "&" : "?"}${query}`;
    const pool = new Pool({ connectionString: bench.url, binary: true } as never);
    ends.push(() => pool.end());
    const odd: Readonly<Record<string, Parameters<typeof postgres>[0]>> = {
      binary: { connectionString: bench.url, binary: true },
      "binary of a pool": pool,
      client_encoding: { connectionString: bench.url, client_encoding: "LATIN1" },
      "client_encoding in the URL": url("client_encoding=latin1"),
      replication: { connectionString: bench.url, replication: "database" },
    };
    for (const [what, at] of Object.entries(odd)) {
      const error: unknown = await make(at)
        .open()
        .catch((thrown: unknown) => thrown);
      expect([what, error]).toEqual([what, expect.objectContaining({ code: "STEM_OPTION_INVALID", hint: expect.any(String) })]);
    }
    defaults.binary = true;
    try {
      await expect(make(bench.url).open()).rejects.toMatchObject({
        code: "STEM_OPTION_INVALID",
        message: expect.stringContaining("binary"),
      });
    } finally {
      defaults.binary = false;
    }
  });

  it("parsers that an application sets, and its own settings, change nothing of ours, and ours nothing of theirs", async () => {
    const before = [20, 16, 25, 23].map((oid) => [oid, parsers.getTypeParser(oid)] as const);
    for (const [oid] of before) parsers.setTypeParser(oid, (text) => ({ odd: text }) as never);
    try {
      const types = { getTypeParser: () => () => "odd" };
      const pool = new Pool({ connectionString: bench.url, types: types as never });
      ends.push(() => pool.end());
      for (const [n, at] of [bench.url, pool, { connectionString: bench.url, types }].entries()) {
        const adapter = make(at as never);
        await adapter.open();
        const heard: Hint[] = [];
        adapter.hints.subscribe((hint) => void heard.push(hint), ["control"]);
        const [queue, worker] = [`typed${n}`, `typed-${n}`];
        await adapter.broker.enqueue([bench.job({ queue, priority: 3, payload: '"9007199254740993"' })]);
        await hire(adapter, worker);
        const [delivery] = await take(adapter, worker, 10, queue);
        expect(delivery).toMatchObject({ lease: { fence: 1 }, job: { priority: 3, payload: '"9007199254740993"' } });
        expect(await adapter.locks.acquire(`typed${n}`, "me", 1_000)).toMatchObject({ token: expect.any(Number) });
        expect((await adapter.ping()).schema).toBe(adapter.schema!.migrations.length);
        // What another handle said may still come in.
        adapter.hints.control("topic", `message ${n}`);
        expect(heard).toContainEqual({ kind: "control", topic: "topic", message: `message ${n}` });
      }
    } finally {
      for (const [oid, parser] of before) parsers.setTypeParser(oid, parser);
    }
  });

  it("settings among options or in the URL go beside ours", async () => {
    for (const at of [
      { connectionString: bench.url, options: "-c work_mem=5MB -c search_path=nowhere" },
      `${bench.url}?options=-c%20work_mem%3D5MB%20-c%20search_path%3Dnowhere`,
      `${bench.url}?options=-c%20work_mem%3D5MB%20-c%20search_path%3Dnowhere&keepalives=1`,
    ]) {
      const client = new Client(targetOf(at, {}).config);
      await client.connect();
      const { rows } = await client.query("SELECT current_setting('work_mem') AS theirs, current_setting('enable_seqscan') AS ours");
      await client.end();
      expect(rows).toEqual([{ theirs: "5MB", ours: "off" }]);
      const adapter = make(at);
      await adapter.open();
      await adapter.broker.enqueue([bench.job({ queue: "settings" })]);
    }
  });

  it("addresses are read as pg reads them: without a host, with one among the options", async () => {
    const { hostname, port, username, pathname } = new URL(bench.url);
    for (const at of [
      `postgres://${username}@${pathname}?host=${hostname}&port=${port}`,
      `postgresql://${pathname}?host=${hostname}&port=${port}&user=${username}`,
      `postgres://${username}@${hostname}:${port}${pathname}?sslmode=disable`,
    ]) {
      const adapter = make(at);
      await adapter.open();
      expect((await adapter.ping()).store).toBe(`${hostname}:${port}${pathname}`);
    }
    for (const wrong of [
      "postgres://u:se/cret@h/db",
      "postgres://u:se?cret@h:port/db",
      "mysql://u:secret@h/db?password=secret2",
      "u:secret@h",
    ])
      expect(() => postgres(wrong)).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/cret/) }));
  });

  it("our options in the first argument are refused, as are waits that no timer can wait", () => {
    for (const name of ["schema", "migrate", "listen", "maxConnections", "connectTimeoutMs", "commandTimeoutMs", "applicationName"])
      expect(() => postgres({ connectionString: bench.url, [name]: 5 } as never)).toThrow(
        expect.objectContaining({ code: "STEM_OPTION_INVALID", hint: expect.stringContaining(`{ ${name}: … }`) }),
      );
    // @ts-expect-error It is for the second argument.
    expect(() => postgres({ connectionString: bench.url, schema: "shop" })).toThrow();
    expect(() => postgres({ connectionString: bench.url, connectionTimeoutMillis: 3_000_000_000 })).toThrow(/2,147,483,647/);
  });

  it("a pool whose password is an option of its own lets us listen too", async () => {
    const { hostname, port, username, pathname } = new URL(bench.url);
    const sent = new Set<unknown>();
    const prototype = Client.prototype as unknown as { connect(this: { readonly password: unknown }, ...args: unknown[]): unknown };
    const { connect } = prototype;
    prototype.connect = function (...args) {
      sent.add(this.password);
      return connect.apply(this, args);
    };
    ends.push(() => void (prototype.connect = connect));
    const pool = new Pool({ host: hostname, port: Number(port), user: username, database: pathname.slice(1), password: "s3cret" });
    ends.push(() => pool.end());
    const adapter = make(pool);
    await adapter.open();
    const heard: Hint[] = [];
    adapter.hints.subscribe((hint) => void heard.push(hint), ["work"]);
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect([...sent]).toEqual(["s3cret"]);
  });

  it("rights that are missing are all named before the first job is stored", async () => {
    const user = `between_${process.pid}`;
    await bench.sql(`CREATE ROLE ${user} LOGIN`);
    ends.push(async () => {
      await bench.sql(`DROP OWNED BY ${user} CASCADE`);
      await bench.sql(`DROP ROLE ${user}`);
    });
    const schema = `"${bench.schema}"`;
    await bench.sql(`GRANT USAGE ON SCHEMA ${schema} TO ${user}`);
    await bench.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${user}`);
    await bench.sql(`REVOKE DELETE ON ${schema}.line, ${schema}.waits FROM ${user}`);
    const url = new URL(bench.url);
    url.username = user;
    const missing = ["DELETE on line", "DELETE on waits", "USAGE on event_seq", "USAGE on lock_token", "USAGE on order_no"];
    await expect(make(url.href, { migrate: false }).open()).rejects.toMatchObject({
      code: "STEM_STORE_RIGHTS",
      message: expect.stringContaining(missing.join(", ")),
    });
    await bench.sql(`GRANT DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${user}`);
    await bench.sql(`GRANT USAGE ON SEQUENCE ${schema}.event_seq, ${schema}.lock_token, ${schema}.order_no TO ${user}`);
    await bench.sql("REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC");
    try {
      await expect(make(url.href, { migrate: false }).open()).rejects.toMatchObject({
        message: expect.stringContaining("EXECUTE on pg_notify"),
      });
    } finally {
      await bench.sql("GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC");
    }
    await make(url.href, { migrate: false }).open();
  });

  it("a password stands nowhere in what is thrown", async () => {
    const secret = "S3cretPw";
    for (const at of [
      `postgres://nobody_here:${secret}@127.0.0.1:${new URL(bench.url).port}/stem`,
      { host: `no-such-host-${secret}`, password: secret, user: "u" },
    ]) {
      const lines: string[] = [];
      const hear = (line: string): void => void lines.push(line);
      const adapter = make(at, { connectTimeoutMs: 500 });
      const thrown: unknown[] = [];
      await adapter.open({ log: hear, warn: hear, error: hear }).catch((error: unknown) => thrown.push(error));
      await adapter.ping().catch((error: unknown) => thrown.push(error));
      expect(thrown.length).toBeGreaterThan(0);
      if (typeof at === "string") expect(inspect([thrown, lines], { depth: Infinity, showHidden: true })).not.toContain(secret);
    }
  });
});
