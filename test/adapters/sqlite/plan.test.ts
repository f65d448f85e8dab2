import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { Stem, TaskRegistry } from "../../../lib/core/index.js";
import type { Adapter, Claim, NewJob, Settlement } from "../../../lib/contract/index.js";
import { inFolder } from "./processes.js";

const NEXT: Claim = { worker: "ann", from: [{ queue: "work" }], limit: 100 };

const jobs = (from: number, count: number, over: Partial<NewJob> = {}): NewJob[] =>
  Array.from({ length: count }, (_, i) => ({ id: `j${from + i}`, task: "t", queue: "work", payload: "", ...over }));

/** Sends every kind of job down every path of claim, settle and take-back. */
async function everyPath({ broker, workers, events }: Adapter): Promise<void> {
  const now = 1_000_000;
  const beat = (id: string, leaseMs: number, at: number) => workers.renew({ id, leaseMs, info: {} }, [], { now: at });
  await beat("ann", 3_600_000, now);
  await beat("doomed", 10, now);
  const chord = [0, 1, 2].flatMap((position) => jobs(100 + position, 1, { links: [{ to: "body", position }] }));
  await broker.enqueue([...chord, { id: "body", task: "t", queue: "work", payload: "", waitsFor: 3 }], { now });
  await broker.enqueue(
    [...jobs(200, 20), ...jobs(300, 3, { expiresAt: 1, priority: 3 }), ...jobs(400, 3, { delayMs: 50, keepResultMs: 0 })],
    { now },
  );
  await broker.claim({ ...NEXT, worker: "doomed", limit: 4 }, { now });
  const first = await broker.claim(NEXT, { now: now + 20 });
  const wait = { name: "paid", key: "k", after: 0 };
  const settlements = first.deliveries.map(({ lease }, i): Settlement => {
    const journal = [{ seq: 1, key: "a", kind: "step", state: "done" as const }];
    if (i % 5 === 0) return { lease, as: "parked", waits: [wait], deadline: now + 100, journal };
    if (i % 5 === 1) return { lease, as: "ready", attempt: "spent", delayMs: 10 };
    if (i % 5 === 2) return { lease, as: "failed", cause: "error", error: { name: "Error", message: "boom" } };
    return { lease, as: "succeeded", result: "1" };
  });
  await broker.settle(settlements, NEXT, { now: now + 60 });
  await broker.settle([settlements[0]!], NEXT, { now: now + 60 });
  await events.emit([{ id: "e1", name: "paid", key: "k" }], { now: now + 70 });
  for (let at = now + 200; at < now + 205; at++) {
    const { deliveries } = await broker.claim(NEXT, { now: at });
    await broker.settle(
      deliveries.map(({ lease }) => ({ lease, as: "succeeded" })),
      undefined,
      { now: at },
    );
  }
}

describe("The statements of enqueue, claim, settle and take-back", () => {
  afterEach(() => void jest.restoreAllMocks());

  it("sort nothing and read no table from end to end", async () => {
    const seen = new Set<string>();
    const prepare = Database.prototype.prepare;
    jest.spyOn(Database.prototype, "prepare").mockImplementation(function (this: Database.Database, sql: string) {
      seen.add(sql);
      return prepare.call(this, sql);
    } as typeof prepare);
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const adapter = sqlite(file);
      await adapter.open();
      await everyPath(adapter);
      await adapter.close();
      jest.restoreAllMocks();
      const raw = new Database(file);
      const faults: string[] = [];
      for (const sql of seen) {
        if (!/^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(sql) || sql.includes("sqlite_master")) continue;
        const values = Array.from({ length: sql.split("?").length - 1 }, () => null);
        const plan = raw.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
        for (const { detail } of plan) if (isFault(detail)) faults.push(`${detail}: ${sql}`);
      }
      raw.close();
      expect(faults).toEqual([]);
      expect(seen.size).toBeGreaterThan(30);
    });
  });

  it("read no more of a backlog of 200,000 than of one of 200", async () => {
    const steps = async (backlog: number): Promise<number> =>
      inFolder(async (folder) => {
        const adapter = sqlite(join(folder, "stem.db"));
        await adapter.open();
        for (let at = 0; at < backlog; at += 10_000) await adapter.broker.enqueue(jobs(1_000_000 + at, Math.min(10_000, backlog - at)));
        await adapter.broker.enqueue(jobs(1, 200, { delayMs: 3_600_000, priority: 5 }));
        await adapter.workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, []);
        let fastest = Infinity;
        for (let i = 0; i < 12; i++) {
          const start = process.hrtime.bigint();
          const { deliveries } = await adapter.broker.claim({ ...NEXT, limit: 10 });
          fastest = Math.min(fastest, Number(process.hrtime.bigint() - start));
          expect(deliveries.length).toBe(10);
        }
        await adapter.close();
        return fastest;
      });
    // A scan or a sort of the backlog would take tens of milliseconds, hundreds of times as long.
    expect((await steps(200_000)) / (await steps(200))).toBeLessThan(20);
  });
});

describe("The queues of a store with many jobs", () => {
  afterEach(() => void jest.restoreAllMocks());

  it("are counted along indexes, and by a health check no further than 1,000", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const adapter = sqlite(file);
      await adapter.open();
      await adapter.broker.enqueue(jobs(0, 3_000));
      const seen = new Set<string>();
      const prepare = Database.prototype.prepare;
      jest.spyOn(Database.prototype, "prepare").mockImplementation(function (this: Database.Database, sql: string) {
        seen.add(sql);
        return prepare.call(this, sql);
      } as typeof prepare);
      const health = await new Stem({ adapter, registry: new TaskRegistry() }).health();
      jest.restoreAllMocks();
      expect(health).toMatchObject({ ok: true, queues: [{ queue: "work", ready: 1_000, capped: true }] });
      expect((await adapter.queues.list()).items).toMatchObject([{ queue: "work", ready: 3_000 }]);
      await adapter.close();
      const raw = new Database(file);
      const scans = new Set<string>();
      for (const sql of seen) {
        if (!/^\s*SELECT/.test(sql)) continue;
        const values = Array.from({ length: sql.split("?").length - 1 }, () => null);
        const named = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null]));
        const plan = raw.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values, named);
        for (const { detail } of plan) if (detail.startsWith("SCAN")) scans.add(detail);
        // What counts many rows stops at a bound.
        if (/count\(\*\)/.test(sql) && !/FROM active/.test(sql)) expect(sql).toMatch(/LIMIT \? \+ 0/);
      }
      raw.close();
      // Small tables, and what a bounded stretch of an index has given.
      for (const scan of scans)
        expect(scan).toMatch(/^SCAN (a|active|parked|queues|workers|locks|j|\(subquery-\d+\)|json_each|CONSTANT ROW)\b|^SCAN \(/);
      expect(seen.size).toBeGreaterThan(5);
    });
  });
});

/**
 * `active` has no more rows than workers have slots, `workers` no more than there are workers; reading a
 * range of an index is a SEARCH.
 */
function isFault(detail: string): boolean {
  if (/USE TEMP B-TREE/.test(detail)) return true;
  return detail.startsWith("SCAN") && !/^SCAN (a|active|CONSTANT ROW|\d+-ROW VALUES CLAUSE)\b/.test(detail);
}

describe("The schedules of a store with very many", () => {
  afterEach(() => void jest.restoreAllMocks());

  it("that are due are found by the indexes of owner and of what was made at run time, and sorted by nothing", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const adapter = sqlite(file);
      await adapter.open();
      const seen = new Set<string>();
      const prepare = Database.prototype.prepare;
      jest.spyOn(Database.prototype, "prepare").mockImplementation(function (this: Database.Database, sql: string) {
        seen.add(sql);
        return prepare.call(this, sql);
      } as typeof prepare);
      await adapter.schedules.due(["app"], 100);
      await adapter.close();
      jest.restoreAllMocks();
      const raw = new Database(file);
      const plans = [...seen]
        .filter((sql) => sql.includes("FROM schedules"))
        .flatMap((sql) => {
          const values = Array.from({ length: sql.split("?").length - 1 }, () => null);
          return raw.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
        });
      raw.close();
      expect(plans.map(({ detail }) => detail)).toEqual([
        "SEARCH schedules USING INDEX schedules_dynamic (next_at>?)",
        "SEARCH schedules USING INDEX schedules_owner (owner=? AND next_at>?)",
      ]);
    });
  });
});
