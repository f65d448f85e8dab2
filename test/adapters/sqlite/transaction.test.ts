import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { Worker } from "../../../lib/core/worker/worker.js";

/** How long SQLite waits for a lock. */
const BUSY_MS = 400;

let folder: string;
let file: string;
let adapter: Adapter;
let db: Database.Database;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "stem-transaction-"));
  file = join(folder, "app.db");
  adapter = sqlite(file, { busyTimeoutMs: BUSY_MS });
  await adapter.open();
  db = new Database(file);
  db.exec("CREATE TABLE orders (id TEXT PRIMARY KEY)");
});
afterEach(async () => {
  await adapter.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const job = (id: string, queue = "mail") => ({ id, task: "send", queue, payload: "{}" });
const state = async (id: string): Promise<string | undefined> => (await adapter.jobs.get([id]))[0]?.state;
const orders = (): readonly unknown[] => db.prepare("SELECT id FROM orders").pluck().all();

async function inTransaction(work: () => Promise<unknown>, end: "COMMIT" | "ROLLBACK" = "COMMIT"): Promise<void> {
  db.exec("BEGIN IMMEDIATE");
  try {
    await work();
  } finally {
    db.exec(end);
  }
}

describe("A job that is enqueued in a transaction on the app's own SQLite connection", () => {
  it("is stored with the app's own rows, or not at all", async () => {
    for (const [id, end] of [
      ["kept", "COMMIT"],
      ["undone", "ROLLBACK"],
    ] as const)
      await inTransaction(async () => {
        db.prepare("INSERT INTO orders VALUES (?)").run(id);
        await adapter.broker.enqueue([job(id)], { transaction: db });
      }, end);
    expect([orders(), await state("kept"), await state("undone")]).toEqual([["kept"], "ready", undefined]);
  });

  it("is all there or not at all when a statement of the call fails and the app commits nevertheless", async () => {
    db.exec("CREATE TEMP TRIGGER full BEFORE INSERT ON main.line BEGIN SELECT RAISE(ABORT, 'no room'); END");
    await inTransaction(async () => {
      db.exec("INSERT INTO orders VALUES ('1')");
      await expect(adapter.broker.enqueue([job("a"), job("b")], { transaction: db })).rejects.toMatchObject({ code: "STEM_STORE_FAILED" });
    });
    expect([orders(), await state("a"), await state("b")]).toEqual([["1"], undefined, undefined]);
    expect(db.prepare("SELECT count(*) FROM queues").pluck().get()).toBe(0);
  });

  it("is stored as well on a connection that was told to give bigints", async () => {
    db.defaultSafeIntegers(true);
    await inTransaction(() => adapter.broker.enqueue([job("a"), job("b", "other"), job("a")], { transaction: db }));
    db.defaultSafeIntegers(false);
    expect((await adapter.queues.list()).items.map(({ queue, ready }) => [queue, ready])).toEqual([
      ["mail", 1],
      ["other", 1],
    ]);
  });

  it("goes to its own queue, also after a transaction that first met the queue was rolled back", async () => {
    await inTransaction(() => adapter.broker.enqueue([job("a", "undone")], { transaction: db }), "ROLLBACK");
    await adapter.broker.enqueue([job("b", "first")]);
    await inTransaction(() => adapter.broker.enqueue([job("c", "undone")], { transaction: db }));
    expect((await adapter.jobs.list()).items.map(({ id, queue }) => [id, queue])).toEqual([
      ["c", "undone"],
      ["b", "first"],
    ]);
  });

  it("may come through another path to the same file", async () => {
    symlinkSync(file, join(folder, "link.db"));
    const other = new Database(join(folder, "link.db"));
    other.exec("BEGIN IMMEDIATE");
    await adapter.broker.enqueue([job("a")], { transaction: other });
    other.exec("COMMIT");
    other.close();
    expect(await state("a")).toBe("ready");
  });

  it("commits with a transaction of Kysely on the same Database", async () => {
    const kysely = new Kysely<{ orders: { id: string } }>({ dialect: new SqliteDialect({ database: db }) });
    await kysely.transaction().execute(async (trx) => {
      await trx.insertInto("orders").values({ id: "1" }).execute();
      await adapter.broker.enqueue([job("a")], { transaction: db });
    });
    await kysely
      .transaction()
      .execute(async (trx) => {
        await trx.insertInto("orders").values({ id: "2" }).execute();
        await adapter.broker.enqueue([job("b")], { transaction: db });
        throw new Error("no");
      })
      .catch(() => {});
    expect([orders(), await state("a"), await state("b")]).toEqual([["1"], "ready", undefined]);
  });
});

describe("A handle that cannot commit with the jobs is refused with a TypeError that says what to pass:", () => {
  const refused = (transaction: unknown): Promise<TypeError> =>
    adapter.broker.enqueue([job("a")], { transaction }).then(
      () => {
        throw new Error("it was taken");
      },
      (error: unknown) => error as TypeError,
    );

  it("what is no connection of better-sqlite3", async () => {
    for (const [handle, kind] of [
      [{}, "a plain object"],
      [null, "null"],
      [new Map(), "an object of class Map"],
      [() => {}, "a function"],
      ["begin", "string begin"],
    ] as const) {
      const error = await refused(handle);
      expect([error.constructor, error.message]).toEqual([
        TypeError,
        expect.stringContaining(`is ${kind}, not a connection of better-sqlite3`),
      ]);
    }
  });

  it("a connection to another file, or to none", async () => {
    for (const [other, named] of [
      [new Database(join(folder, "other.db")), "other.db"],
      [new Database(":memory:"), "a database in memory"],
    ] as const) {
      other.exec("BEGIN IMMEDIATE");
      const error = await refused(other);
      expect([error.constructor, error.message]).toEqual([TypeError, expect.stringMatching(new RegExp(`${named}.*app\\.db`))]);
      other.close();
    }
  });

  it("a connection that is in no transaction, as after the callback of db.transaction()", async () => {
    let asked: Promise<TypeError> | undefined;
    db.transaction(() => {
      asked = Promise.resolve().then(() => refused(db));
    })();
    for (const error of [await refused(db), (await asked)!])
      expect([error.constructor, error.message]).toEqual([TypeError, expect.stringContaining("BEGIN IMMEDIATE")]);
  });

  it("any, while the store is closed", async () => {
    await adapter.close();
    await inTransaction(async () => expect(await refused(db)).toMatchObject({ code: "STEM_STORE_CLOSED" }));
  });
});

describe("While a transaction of the app holds the write lock", () => {
  it("the event loop goes on, and what others of the process write waits for its end", async () => {
    let turns = 0;
    let stored = false;
    let waiting: Promise<unknown> | undefined;
    await inTransaction(async () => {
      await adapter.broker.enqueue([job("a")], { transaction: db });
      const began = performance.now();
      waiting = adapter.broker.enqueue([job("b")]).then(() => (stored = true));
      // On a busy machine a turn may take some milliseconds, so that the number is waited for; if the loop
      // stood still, for as long as SQLite waits for a lock.
      while (performance.now() - began < 100 || turns <= 100) {
        await new Promise((resolve) => setImmediate(resolve));
        turns++;
      }
      expect(performance.now() - began).toBeLessThan(BUSY_MS);
      expect(stored).toBe(false);
      // What only reads is answered all the time.
      expect(await state("a")).toBeUndefined();
    });
    await waiting;
    expect(turns).toBeGreaterThan(100);
    expect([await state("a"), await state("b")]).toEqual(["ready", "ready"]);
  });

  it("for too long, they fail and say what to do, without a stop of the event loop", async () => {
    await inTransaction(async () => {
      await adapter.broker.enqueue([job("a")], { transaction: db });
      await expect(adapter.broker.enqueue([job("b")])).rejects.toMatchObject({
        code: "STEM_STORE_FAILED",
        hint: expect.stringContaining("await nothing but calls of Stem"),
      });
    });
    await adapter.broker.enqueue([job("b")]);
    expect([await state("a"), await state("b")]).toEqual(["ready", "ready"]);
  });
});

describe("A worker that is idle", () => {
  it("starts a job soon after the commit that brought it, in the same process", async () => {
    const started: { at?: (time: number) => void } = {};
    const registry = new TaskRegistry();
    registry.add(defineTask({ name: "send", kind: "task", where: "test", run: () => started.at?.(performance.now()) }, { queue: "mail" }));
    const stem = new Stem({ adapter, registry });
    const worker = new Worker({ stem, options: { poll: "1m" } });
    await worker.start();
    const lateness: number[] = [];
    try {
      for (let n = 0; n < 30; n++) {
        const start = new Promise<number>((resolve) => (started.at = resolve));
        await inTransaction(() => stem.enqueue("send", n, { transaction: db }));
        const committed = performance.now();
        lateness.push((await start) - committed);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      await worker.stop();
    }
    // Without the hint it would be the poll, a minute.
    expect(lateness.toSorted((a, b) => a - b)[15]).toBeLessThan(100);
  });
});
