import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { drizzle } from "drizzle-orm/node-postgres";
import { sql as drizzleSql } from "drizzle-orm";
import knexOf, { type Knex } from "knex";
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely";
import { Client, Pool } from "pg";
import { DataSource } from "typeorm";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import { idsMet } from "../../../lib/contract/index.js";
import type { Adapter, NewJob } from "../../../lib/contract/index.js";
import { describeShared, sharedPostgres } from "../../servers/index.js";
import { openPrisma, type PrismaLike } from "./prisma.js";

/** One way to run a transaction: the caller's own write and what `work` does with the handle, together. */
interface Library {
  readonly name: string;
  /** Handles that are no transaction, with what the error says to pass instead. */
  readonly roots: () => readonly (readonly [handle: unknown, says: RegExp])[];
  /**
   * Inserts an order of this id, hands the open transaction to `work`, and commits; rolls back if `work`
   * throws.
   */
  readonly transact: (order: string, work: (handle: unknown) => Promise<void>) => Promise<void>;
}

class Undo extends Error {}

describeShared("postgres")("In a transaction of", () => {
  const [app, stem] = [`app_${process.pid}`, `stem_${process.pid}`];
  let url: string;
  let adapter: Adapter;
  let pool: Pool;
  let kysely: Kysely<Record<string, never>>;
  let knex: Knex;
  let source: DataSource;
  let prisma: PrismaLike;
  let serial = 0;
  let onWork: (queues: readonly string[]) => void = () => undefined;

  const job = (): NewJob => ({ id: `job'"\\ ${++serial}`, task: "ship", queue: "orders", payload: '{"a":"é\\\\ $1 ? :x"}' });
  const isStored = async ({ id }: NewJob): Promise<boolean> => (await adapter.jobs.get([id]))[0] !== undefined;
  const isOrdered = async (id: string): Promise<boolean> => (await pool.query("SELECT FROM orders WHERE id = $1", [id])).rowCount === 1;

  beforeAll(async () => {
    url = await sharedPostgres();
    const options = `-c search_path=${app}`;
    pool = new Pool({ connectionString: url, options, max: 4 });
    await pool.query(`CREATE SCHEMA ${app}; CREATE TABLE ${app}.orders (id text PRIMARY KEY, total integer NOT NULL DEFAULT 1)`);
    adapter = postgres(url, { schema: stem });
    await adapter.open();
    // The first, which names no queue, says that the connection listens.
    await new Promise<void>((resolve) => {
      adapter.hints.subscribe(
        (hint) => {
          if (hint.kind === "work" && hint.queues === undefined) resolve();
          else if (hint.kind === "work") onWork(hint.queues!);
        },
        ["work"],
      );
    });
    kysely = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url, options, max: 2 }) }) });
    knex = knexOf({ client: "pg", connection: { connectionString: url, options } });
    source = await new DataSource({ type: "postgres", url, extra: { options } }).initialize();
    prisma = await openPrisma(url, app);
  });

  afterAll(async () => {
    await Promise.all([adapter?.close(), kysely?.destroy(), knex?.destroy(), source?.destroy(), prisma?.$disconnect()]);
    await pool?.query(`SET client_min_messages = warning; DROP SCHEMA ${app} CASCADE; DROP SCHEMA IF EXISTS ${stem} CASCADE`);
    await pool?.end();
  });

  afterEach(async () => {
    const ids = (await adapter.jobs.list({ limit: 1_000 })).items.map(({ id }) => id);
    await adapter.jobs.change({ ids: ids }, { to: "cancelled", reason: "the test is over" });
  });

  const libraries: readonly Library[] = [
    {
      name: "pg",
      roots: () => [[pool, /pg\.Pool.*pass a client.*BEGIN/]],
      async transact(order, work) {
        const client = await pool.connect();
        try {
          await client.query("BEGIN");
          await client.query("INSERT INTO orders (id) VALUES ($1)", [order]);
          await work(client);
          await client.query("COMMIT");
        } catch (error) {
          await client.query("ROLLBACK");
          throw error;
        } finally {
          client.release();
        }
      },
    },
    {
      name: "Drizzle",
      roots: () => [[drizzle(pool), /Drizzle database: pass the `tx`/]],
      transact: (order, work) =>
        drizzle(pool).transaction(async (tx) => {
          await tx.execute(drizzleSql`INSERT INTO orders (id) VALUES (${order})`);
          await work(tx);
        }),
    },
    {
      name: "Kysely",
      roots: () => [[kysely, /Kysely instance: pass the `trx`/]],
      transact: (order, work) =>
        kysely.transaction().execute(async (trx) => {
          await kyselySql`INSERT INTO orders (id) VALUES (${order})`.execute(trx);
          await work(trx);
        }),
    },
    {
      name: "Knex",
      roots: () => [[knex, /Knex instance: pass the `trx`/]],
      transact: (order, work) =>
        knex.transaction(async (trx) => {
          await trx("orders").insert({ id: order });
          await work(trx);
        }),
    },
    {
      name: "TypeORM, by its EntityManager",
      roots: () => [
        [source, /DataSource of TypeORM: pass the `manager`/],
        [source.manager, /EntityManager of TypeORM that is in no transaction/],
      ],
      transact: (order, work) =>
        source.transaction(async (manager) => {
          await manager.query("INSERT INTO orders (id) VALUES ($1)", [order]);
          await work(manager);
        }),
    },
    {
      name: "TypeORM, by its QueryRunner",
      roots: () => [[source.createQueryRunner(), /QueryRunner of TypeORM that is in no transaction/]],
      async transact(order, work) {
        const runner = source.createQueryRunner();
        try {
          await runner.startTransaction();
          await runner.query("INSERT INTO orders (id) VALUES ($1)", [order]);
          await work(runner);
          await runner.commitTransaction();
        } catch (error) {
          await runner.rollbackTransaction();
          throw error;
        } finally {
          await runner.release();
        }
      },
    },
    {
      name: "Prisma",
      roots: () => [[prisma, /PrismaClient: pass the client that `prisma\.\$transaction/]],
      transact: (order, work) =>
        prisma.$transaction(async (tx) => {
          await tx.order.create({ data: { id: order, total: 1 } });
          await work(tx);
        }),
    },
  ];

  for (const { name, roots, transact } of libraries) {
    it(`${name} a job commits with the caller's own write`, async () => {
      const [a, order] = [job(), `order ${++serial}`];
      await transact(order, async (transaction) => {
        expect(idsMet(await adapter.broker.enqueue([a, { ...job(), delayMs: 60_000, headers: { trace: "1" } }], { transaction }))).toEqual(
          [],
        );
        expect(idsMet(await adapter.broker.enqueue([a], { transaction }))).toEqual([a.id]);
        expect([await isStored(a), await isOrdered(order)]).toEqual([false, false]);
      });
      expect([await isStored(a), await isOrdered(order)]).toEqual([true, true]);
      expect((await adapter.jobs.get([a.id]))[0]).toMatchObject({ payload: a.payload, state: "ready" });
    });

    it(`${name} a job rolls back with the caller's own write`, async () => {
      const [a, order] = [job(), `order ${++serial}`];
      const undone = transact(order, async (transaction) => {
        await adapter.broker.enqueue([a], { transaction });
        throw new Undo();
      });
      await expect(undone).rejects.toThrow(Undo);
      expect([await isStored(a), await isOrdered(order)]).toEqual([false, false]);
    });

    it(`${name} a canvas and an event commit with the caller's own write, and a worker is woken`, async () => {
      const [sleeper, first] = [job(), job()];
      const body = { ...job(), waitsFor: 1 };
      const event = { id: `event ${++serial}`, name: "paid", key: sleeper.id, payload: '"7"' };
      await park(adapter, sleeper);
      let isWoken = false;
      const came = new Promise<void>((resolve) => {
        onWork = (queues) => {
          if (!queues.includes("orders")) return;
          isWoken = true;
          resolve();
        };
      });
      await transact(`order ${++serial}`, async (transaction) => {
        await adapter.broker.enqueue([{ ...first, links: [{ to: body.id, position: 0 }] }, body], { transaction });
        expect((await adapter.events.emit([event], { transaction })).woken).toEqual([sleeper.id]);
        expect(isWoken).toBe(false);
      });
      await came;
      const records = await adapter.jobs.get([sleeper.id, first.id, body.id]);
      expect(records.map((record) => record?.state)).toEqual(["ready", "ready", "blocked"]);
      expect(await adapter.events.list({ name: "paid", key: sleeper.id })).toMatchObject([{ id: event.id, payload: '"7"' }]);
    });

    it(`${name} a handle that is no transaction is refused, with what to pass instead`, async () => {
      const a = job();
      for (const [transaction, says] of roots()) {
        const refused = await adapter.broker.enqueue([a], { transaction }).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(TypeError);
        expect(String(refused)).toMatch(says);
      }
      expect(await isStored(a)).toBe(false);
    });

    it(`${name} that has ended the handle is refused`, async () => {
      const a = job();
      let ended: unknown;
      await transact(`order ${++serial}`, async (transaction) => void (ended = transaction));
      await expect(adapter.broker.enqueue([a], { transaction: ended })).rejects.toThrow();
      expect(await isStored(a)).toBe(false);
    });
  }

  it("pg, a savepoint that is rolled back takes the job with it, and the rest commits", async () => {
    const [kept, undone] = [job(), job()];
    await libraries[0]!.transact(`order ${++serial}`, async (transaction) => {
      await adapter.broker.enqueue([kept], { transaction });
      await (transaction as Client).query("SAVEPOINT here");
      await adapter.broker.enqueue([undone], { transaction });
      await (transaction as Client).query("ROLLBACK TO here");
    });
    expect([await isStored(kept), await isStored(undone)]).toEqual([true, false]);
  });

  it("Drizzle, a nested transaction that is rolled back takes the job with it", async () => {
    const [kept, undone] = [job(), job()];
    await drizzle(pool).transaction(async (tx) => {
      await adapter.broker.enqueue([kept], { transaction: tx });
      const inner = tx.transaction(async (nested) => {
        await adapter.broker.enqueue([undone], { transaction: nested });
        throw new Undo();
      });
      await expect(inner).rejects.toThrow(Undo);
    });
    expect([await isStored(kept), await isStored(undone)]).toEqual([true, false]);
  });

  for (const { name, transact } of libraries)
    it(`${name} that is aborted already the error says so`, async () => {
      const a = job();
      const aborted = transact(`order ${++serial}`, async (transaction) => {
        // What no text of Postgres holds: an error of the server's, after which it takes no more statements
        // of this transaction.
        const refused = adapter.events.emit([{ id: `e${serial}`, name: "x", key: "k", payload: "\0" }], { transaction });
        await expect(refused).rejects.toMatchObject({ code: "STEM_STORE_FAILED" });
        await adapter.broker.enqueue([a], { transaction });
      });
      await expect(aborted).rejects.toMatchObject({ code: "STEM_STORE_FAILED", message: expect.stringContaining("is aborted") });
      expect(await isStored(a)).toBe(false);
    });

  it("pg of a stricter isolation a job is stored, and what needs to see others is refused", async () => {
    const client = await pool.connect();
    await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
    const [a, b, c] = [job(), job(), { ...job(), waitsFor: 1 }];
    await adapter.broker.enqueue([a], { transaction: client });
    const canvas = adapter.broker.enqueue([{ ...b, links: [{ to: c.id, position: 0 }] }, c], { transaction: client });
    await expect(canvas).rejects.toThrow(/serializable.*READ COMMITTED/);
    const event = adapter.events.emit([{ id: a.id, name: "paid", key: "" }], { transaction: client });
    await expect(event).rejects.toThrow(TypeError);
    await client.query("COMMIT");
    client.release();
    expect([await isStored(a), await isStored(b)]).toEqual([true, false]);
  });

  it("pg on another database it is refused", async () => {
    const elsewhere = new URL(url);
    elsewhere.pathname = "/postgres";
    const client = new Client(elsewhere.href);
    await client.connect();
    await client.query("BEGIN");
    const refused = adapter.broker.enqueue([job()], { transaction: client });
    await expect(refused).rejects.toThrow(/on another database/);
    await client.query("ROLLBACK");
    await client.end();
  });
});

/** Brings a job to sleep until an event of its own id. */
async function park(adapter: Adapter, job: NewJob): Promise<void> {
  await adapter.broker.enqueue([{ ...job, priority: 9 }]);
  await adapter.workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, []);
  const { deliveries } = await adapter.broker.claim({ worker: "ann", from: [{ queue: job.queue }], limit: 1 });
  expect(deliveries.map((delivery) => delivery.job.id)).toEqual([job.id]);
  await adapter.broker.settle([{ lease: deliveries[0]!.lease, as: "parked", waits: [{ name: "paid", key: job.id, after: 0 }] }]);
}
