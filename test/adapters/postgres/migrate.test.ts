import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Client } from "pg";
import { migrate, SCHEMA_VERSION } from "../../../lib/adapters/postgres/connect/migrate.js";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import type { StoreLog } from "../../../lib/contract/index.js";
import { Previous, type OldAdapter } from "../../fixtures/previous/index.js";
import { describeShared } from "../../servers/index.js";
import { everyState, liveOn } from "../old-store.js";
import { PostgresBench } from "./bench.js";

describeShared("postgres")("A Postgres schema of the version before", () => {
  let previous: Previous;
  let serial = 0;
  const benches: PostgresBench[] = [];
  beforeAll(() => void (previous = new Previous()));
  afterAll(async () => {
    for (const bench of benches) await bench.stop();
    previous.remove();
  });

  /** A schema made by the version before, which has it open. */
  const made = async (): Promise<{ readonly bench: PostgresBench; readonly old: OldAdapter }> => {
    const bench = await PostgresBench.start(`migrate${++serial}`);
    benches.push(bench);
    const old = (await previous.adapters()).postgres(bench.url, { schema: bench.schema, migrate: true });
    await old.open();
    expect((await old.ping()).schema).toBe(2);
    return { bench, old };
  };
  const nameOf = (bench: PostgresBench) => {
    const quoted = `"${bench.schema}"`;
    return { name: bench.schema, quoted, named: (text: string) => text.replaceAll("stem.", `${quoted}.`), where: "here" };
  };
  /** Somebody else's transaction that has written a job and goes on. */
  const inUse = async (bench: PostgresBench): Promise<Client> => {
    const client = new Client(bench.url);
    await client.connect();
    await client.query("BEGIN");
    await client.query(`UPDATE "${bench.schema}".jobs SET attempts = attempts WHERE id = 'busy'`);
    return client;
  };

  it("is brought up to date while the version before is at work, and every job in it lives on", async () => {
    const { bench, old } = await made();
    await everyState(old);
    const files = () =>
      bench.sql<{ relname: string; relfilenode: string }>(
        `SELECT relname, relfilenode FROM pg_class WHERE relnamespace = '${bench.schema}'::regnamespace
           AND relname IN ('jobs', 'line', 'links', 'queues', 'parked', 'ended', 'schedules', 'jobs_id') ORDER BY 1`,
      );
    const before = await files();
    const fresh = await bench.open({ migrate: true });
    expect((await fresh.ping()).schema).toBe(SCHEMA_VERSION);
    // A table that was rewritten would lie in another file.
    expect(before).toHaveLength(8);
    expect(await files()).toEqual(before);
    await liveOn(old, fresh);
    await old.close();
  });

  it("is brought up to date once by any number of processes, also where transactions are serializable by default", async () => {
    const { bench, old } = await made();
    const url = new URL(bench.url);
    url.searchParams.set("options", "-c default_transaction_isolation=serializable");
    const adapters = Array.from({ length: 5 }, () => postgres(url.href, { schema: bench.schema }));
    const taken = await Promise.all(adapters.map((adapter) => adapter.schema!.migrate()));
    expect(taken.map((steps) => steps.map(({ version }) => version)).toSorted()).toEqual([[], [], [], [], [3]]);
    await old.close();
  });

  it("is not locked behind a long transaction: all others go on until that has ended, and then it is brought up to date", async () => {
    const { bench, old } = await made();
    await old.broker.enqueue([{ id: "busy", task: "t", queue: "work", payload: "" }]);
    const user = await inUse(bench);
    let done = false;
    const migrated = postgres(bench.url, { schema: bench.schema })
      .schema!.migrate()
      .finally(() => (done = true));
    const late = performance.now() + 6_000;
    let [longest, calls] = [0, 0];
    while (performance.now() < late) {
      const start = performance.now();
      await old.broker.enqueue([{ id: `b${calls++}`, task: "t", queue: "work", payload: "" }]);
      longest = Math.max(longest, performance.now() - start);
      await pause(20);
    }
    expect(done).toBe(false);
    // A waiting lock of the migration's holds them up, but never for longer than its try lasts.
    expect(longest).toBeLessThan(3_500);
    expect(calls).toBeGreaterThan(50);
    await user.query("COMMIT");
    expect((await migrated).map(({ version }) => version)).toEqual([3]);
    await user.end();
    await old.close();
  });

  it("that cannot be locked names the transaction that is in the way", async () => {
    const { bench, old } = await made();
    await old.broker.enqueue([{ id: "busy", task: "t", queue: "work", payload: "" }]);
    const user = await inUse(bench);
    const { pid } = (await user.query("SELECT pg_backend_pid() AS pid")).rows[0] as { pid: number };
    const client = new Client(bench.url);
    await client.connect();
    const refused = migrate(client as never, nameOf(bench), 500);
    await expect(refused).rejects.toMatchObject({
      code: "STEM_STORE_FAILED",
      message: expect.stringContaining(`process ${pid} (idle in transaction)`),
      hint: expect.stringContaining("Nothing was changed"),
    });
    expect(await bench.sql("SELECT max(version) FROM stem.migrations")).toEqual([{ max: 2 }]);
    await client.end();
    await user.query("ROLLBACK");
    await user.end();
    await old.close();
  });

  it("that cannot be locked at boot is brought up to date as soon as it can be, and says why it takes so long", async () => {
    const { bench, old } = await made();
    await old.broker.enqueue([{ id: "busy", task: "t", queue: "work", payload: "" }]);
    const user = await inUse(bench);
    const warned: string[] = [];
    const log = { log: () => {}, warn: (text: string) => warned.push(text), error: () => {}, debug: () => {} } as StoreLog;
    const fresh = postgres(bench.url, { schema: bench.schema, migrate: true, connectTimeoutMs: 1_000 });
    await fresh.open(log);
    while (warned.length === 0) await pause(50);
    expect(warned[0]).toMatch(/cannot be brought to version \d+.*idle in transaction.*trying again in/s);
    await user.query("ROLLBACK");
    await user.end();
    for (let n = 0; n < 100; n++) {
      const health = await fresh.ping().catch(() => undefined);
      if (health?.schema === SCHEMA_VERSION) break;
      await pause(100);
    }
    expect((await fresh.ping()).schema).toBe(SCHEMA_VERSION);
    await fresh.close();
    await old.close();
  });

  it("is closed to the version before once it is up to date, which says what to do", async () => {
    const { bench, old } = await made();
    await old.close();
    await bench.open({ migrate: true });
    const late = (await previous.adapters()).postgres(bench.url, { schema: bench.schema });
    await expect(late.open()).rejects.toMatchObject({ code: "STEM_SCHEMA_NEWER", hint: expect.stringContaining("Update nestjs-stem") });
  });
});
