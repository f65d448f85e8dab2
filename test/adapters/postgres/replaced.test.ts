import { afterEach, expect, it } from "@jest/globals";
import { Client } from "pg";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import { idsMet } from "../../../lib/contract/index.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { describeOwn, startPostgres, startProxy, type PostgresServer, type Proxy } from "../../servers/index.js";
import { hire, take } from "./bench.js";

const SECONDS = 180_000;

/** A store that two handles use, and then another in its place that holds nothing. */
class Scene {
  readonly #stops: (() => Promise<unknown>)[] = [];
  server!: PostgresServer;
  proxy!: Proxy;
  /** Lives on, and knows what it knew. */
  old!: Adapter;
  /** Comes to the new store without any memory. */
  fresh!: Adapter;

  get url(): string {
    return this.server.url.replace(`:${this.server.port}/`, `:${this.proxy.port}/`);
  }

  async start(): Promise<void> {
    this.server = await this.#kept(await startPostgres());
    this.proxy = await this.#kept(await startProxy(this.server.port));
    this.old = await this.open();
  }

  async open(): Promise<Adapter> {
    const adapter = postgres(this.url, { connectTimeoutMs: 60_000, commandTimeoutMs: 60_000 });
    await adapter.open();
    this.#stops.push(() => adapter.close());
    return adapter;
  }

  /** The schema is dropped and made anew, under connections that stay. */
  async drop(): Promise<void> {
    await this.server.sql("DROP SCHEMA stem CASCADE");
    await this.old.schema!.migrate();
    this.fresh = await this.open();
  }

  /** Another server, with a data folder of its own, at the same address. */
  async replace(): Promise<void> {
    const other = await this.#kept(await startPostgres());
    this.proxy.target(other.port);
    this.proxy.cut();
    this.fresh = await this.open();
    this.server = other;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }

  async #kept<T extends { stop(): Promise<void> }>(part: T): Promise<T> {
    this.#stops.push(() => part.stop());
    return part;
  }
}

/** As whoever calls verbs does: what was lost with its connection is asked again. */
async function again<T>(verb: () => Promise<T>): Promise<T> {
  for (let left = 20; ; left--)
    try {
      return await verb();
    } catch (error) {
      if (left === 0) throw error;
    }
}

const job = (id: string, queue = "default") => ({ id, task: "noop", queue, payload: "{}" });

describeOwn("postgres")("A process that lives on beside a Postgres store that is emptied", () => {
  const scene = new Scene();
  afterEach(() => scene.stop());

  const WAYS = [
    { how: "by DROP SCHEMA and migrate", empty: () => scene.drop() },
    { how: "by a server with an empty data folder", empty: () => scene.replace() },
  ];

  it.each(WAYS)(
    "$how stores its jobs in the queues they are meant for, and lends them under those names",
    async ({ empty }) => {
      await scene.start();
      const { old } = scene;
      await old.broker.enqueue([job("before")]);
      await hire(old, "ann");
      expect((await take(old, "ann")).map(({ job: { id } }) => id)).toEqual(["before"]);
      await empty();
      await again(() => hire(old, "ann"));
      // The number that was the default's is now that of reports.
      await scene.fresh.broker.enqueue([job("report", "reports")]);
      expect(idsMet(await again(() => old.broker.enqueue([job("after"), job("urgent", "mail")])))).toEqual([]);
      const records = await scene.fresh.jobs.get(["report", "after", "urgent"]);
      expect(records.map((record) => record?.queue)).toEqual(["reports", "default", "mail"]);
      for (const [id, queue] of [
        ["after", "default"],
        ["report", "reports"],
      ] as const)
        expect((await take(old, "ann", 10, queue)).map((delivery) => [delivery.job.id, delivery.job.queue])).toEqual([[id, queue]]);
      await old.queues.change(["default"], { paused: true });
      expect((await scene.fresh.queues.list()).items.filter(({ paused }) => paused).map(({ queue }) => queue)).toEqual(["default"]);
      expect(await old.schedules.put([{ id: "s", spec: "", nextAt: 1 }], { owner: "app" })).toBe(true);
      await old.schedules.fire([{ id: "s", spec: "", slot: 1, nextAt: undefined, job: job("shot", "new") }]);
      expect((await scene.fresh.jobs.get(["shot"]))[0]).toMatchObject({ queue: "new", state: "ready" });
    },
    SECONDS,
  );

  it.each(WAYS)(
    "$how has its jobs run although nobody else has used the queue yet",
    async ({ empty }) => {
      await scene.start();
      const { old } = scene;
      await old.broker.enqueue([job("before")]);
      await empty();
      expect(idsMet(await again(() => old.broker.enqueue([job("after")])))).toEqual([]);
      await hire(scene.fresh, "bob");
      expect((await take(scene.fresh, "bob")).map(({ job: { id, queue } }) => [id, queue])).toEqual([["after", "default"]]);
    },
    SECONDS,
  );

  it.each(WAYS)(
    "$how ends no job there, and writes into none, by the leases it holds",
    async ({ empty }) => {
      await scene.start();
      const { old } = scene;
      await old.broker.enqueue([job("old-1"), job("old-2")]);
      await hire(old, "ann");
      const held = await take(old, "ann");
      expect(held).toHaveLength(2);
      await empty();
      const { fresh } = scene;
      await fresh.broker.enqueue([job("new-1"), job("old-2")]);
      await hire(fresh, "bob");
      const lent = await take(fresh, "bob");
      expect(lent.map(({ lease }) => lease.job)).toEqual(held.map(({ lease }) => lease.job));
      const entry = { seq: 1, key: "charge", kind: "step", state: "done" } as const;
      const writes = held.map(({ lease }) => ({ lease, journal: [entry] }));
      expect([...(await again(() => old.journal.append(writes))).lost].sort()).toEqual(["old-1", "old-2"]);
      const late = held.map(({ lease }) => ({ lease, as: "succeeded", result: '"late"' }) as const);
      expect([...(await again(() => old.broker.settle(late))).lost].sort()).toEqual(["old-1", "old-2"]);
      expect((await fresh.jobs.get(["new-1", "old-2"])).map((record) => record?.state)).toEqual(["active", "active"]);
      expect(await fresh.journal.read([{ id: "new-1" }, { id: "old-2" }])).toEqual([[], []]);
      expect((await fresh.broker.settle(lent.map(({ lease }) => ({ lease, as: "succeeded" })))).lost).toEqual([]);
    },
    SECONDS,
  );

  it(
    "takes part in the transactions of its caller all the same",
    async () => {
      await scene.start();
      const { old } = scene;
      const client = new Client(scene.server.url);
      await client.connect();
      const inOne = async (isolation: string, id: string): Promise<void> => {
        await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
        await old.broker.enqueue([job(id)], { transaction: client });
        await client.query("COMMIT");
      };
      try {
        await inOne("READ COMMITTED", "before");
        await scene.drop();
        await scene.fresh.broker.enqueue([job("report", "reports")]);
        await inOne("READ COMMITTED", "after");
        await inOne("REPEATABLE READ", "later");
        const records = await scene.fresh.jobs.get(["before", "after", "later"]);
        expect(records.map((record) => record?.queue)).toEqual([undefined, "default", "default"]);
      } finally {
        await client.end();
      }
    },
    SECONDS,
  );
});
