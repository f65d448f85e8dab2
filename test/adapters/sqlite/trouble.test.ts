import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { idsMet } from "../../../lib/contract/index.js";
import type { NewJob } from "../../../lib/contract/index.js";
import { inFolder } from "./processes.js";

const job = (id: string, payload = ""): NewJob => ({ id, task: "t", queue: "work", payload });

describe("When SQLite refuses a write", () => {
  afterEach(() => void jest.restoreAllMocks());

  it("a full disk is an error to the caller, stores nothing of the call, and the file stays sound", async () => {
    const connections = new Set<Database.Database>();
    const pragma = Database.prototype.pragma;
    jest.spyOn(Database.prototype, "pragma").mockImplementation(function (this: Database.Database, ...args: Parameters<typeof pragma>) {
      connections.add(this);
      return pragma.apply(this, args);
    } as typeof pragma);
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const adapter = sqlite(file);
      await adapter.open();
      const [connection] = connections;
      connection!.pragma("max_page_count = 200");
      const accepted: string[] = [];
      let refused: unknown;
      for (let i = 0; refused === undefined; i++) {
        const batch = [job(`a${i}`, "x".repeat(5_000)), job(`b${i}`, "x".repeat(5_000))];
        try {
          await adapter.broker.enqueue(batch);
          accepted.push(...batch.map(({ id }) => id));
        } catch (error) {
          refused = error;
          expect((await adapter.jobs.get(batch.map(({ id }) => id))).every((record) => record === undefined)).toBe(true);
        }
      }
      expect(refused).toMatchObject({ code: "STEM_STORE_FAILED", cause: expect.objectContaining({ code: "SQLITE_FULL" }) });
      expect(String((refused as Error).message)).toMatch(/free some space/);
      expect((await adapter.jobs.count()).ready).toBe(accepted.length);
      connection!.pragma("max_page_count = 100000");
      await adapter.broker.enqueue([job("later")]);
      await adapter.workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, []);
      const { deliveries } = await adapter.broker.claim({ worker: "ann", from: [{ queue: "work" }], limit: 1_000 });
      expect(deliveries.map((delivery) => delivery.job.id)).toEqual([...accepted, "later"]);
      await adapter.close();
      const raw = new Database(file);
      expect(raw.pragma("integrity_check", { simple: true })).toBe("ok");
      raw.close();
    });
  });

  it("a writer that does not let go is named after the busy timeout, and nothing is half done", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "stem.db");
      const adapter = sqlite(file, { busyTimeoutMs: 20 });
      await adapter.open();
      const other = new Database(file);
      other.exec("BEGIN IMMEDIATE");
      await expect(adapter.broker.enqueue([job("a")])).rejects.toMatchObject({
        code: "STEM_STORE_FAILED",
        hint: expect.stringContaining("busyTimeoutMs"),
      });
      // An idle worker does not want the write lock at all, and readers go on.
      other.exec("ROLLBACK");
      await adapter.workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, []);
      other.exec("BEGIN IMMEDIATE");
      const idle = await adapter.broker.claim({ worker: "ann", from: [{ queue: "work" }], limit: 1 });
      expect(idle).toMatchObject({ deliveries: [], lapsed: false });
      expect(await adapter.jobs.get(["a"])).toEqual([undefined]);
      other.exec("ROLLBACK");
      other.close();
      await adapter.broker.enqueue([job("a")]);
      expect((await adapter.jobs.count()).ready).toBe(1);
      await adapter.close();
    });
  });

  it("a batch that breaks half-way stores nothing, whatever broke it", async () => {
    await inFolder(async (folder) => {
      const adapter = sqlite(join(folder, "stem.db"));
      await adapter.open();
      const batch = Array.from({ length: 50 }, (_, i) => job(`j${i}`));
      const broken = { ...job("broken"), payload: undefined as unknown as string };
      await expect(adapter.broker.enqueue([...batch, broken])).rejects.toMatchObject({ message: expect.any(String) });
      expect(await adapter.jobs.count()).toMatchObject({ ready: 0 });
      expect((await adapter.queues.list()).items).toEqual([]);
      expect(idsMet(await adapter.broker.enqueue(batch))).toEqual([]);
      await adapter.close();
    });
  });

  it("a lease that went to a worker of another handle is refused, though this one remembers lending it", async () => {
    await inFolder(async (folder) => {
      const [here, there] = [sqlite(join(folder, "stem.db")), sqlite(join(folder, "stem.db"))];
      await here.open();
      await there.open();
      const now = 1_000_000;
      await here.broker.enqueue([job("a")], { now });
      await here.workers.renew({ id: "ann", leaseMs: 100, info: {} }, [], { now });
      await there.workers.renew({ id: "bob", leaseMs: 60_000, info: {} }, [], { now });
      const ask = { from: [{ queue: "work" }], limit: 1 };
      const [late] = (await here.broker.claim({ ...ask, worker: "ann" }, { now })).deliveries;
      const [heir] = (await there.broker.claim({ ...ask, worker: "bob" }, { now: now + 200 })).deliveries;
      const entry = { seq: 1, key: "step", kind: "step", state: "done" } as const;
      expect((await here.journal.append([{ lease: late!.lease, journal: [entry] }], { now: now + 300 })).lost).toEqual(["a"]);
      expect((await here.broker.settle([{ lease: late!.lease, as: "succeeded" }], undefined, { now: now + 300 })).lost).toEqual(["a"]);
      expect((await there.broker.settle([{ lease: heir!.lease, as: "succeeded" }], undefined, { now: now + 300 })).lost).toEqual([]);
      await here.close();
      await there.close();
    });
  });

  it("a job number is never used again, so a forgotten job's lease fits no other job", async () => {
    await inFolder(async (folder) => {
      const adapter = sqlite(join(folder, "stem.db"));
      await adapter.open();
      const { broker, workers } = adapter;
      await workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, []);
      const claim = async () => (await broker.claim({ worker: "ann", from: [{ queue: "work" }], limit: 1 })).deliveries[0]!;
      await broker.enqueue([{ ...job("a"), keepFailedMs: 0 }]);
      const first = await claim();
      await adapter.jobs.change({ ids: ["a"] }, { to: "cancelled", reason: "not wanted" });
      expect(await adapter.jobs.prune(10, { now: Date.now() + 1 })).toBe(1);
      await broker.enqueue([job("b")]);
      const second = await claim();
      expect(second.lease.fence).toBe(first.lease.fence);
      expect((await broker.settle([{ lease: first.lease, as: "succeeded" }])).lost).toEqual(["a"]);
      expect((await broker.settle([{ lease: second.lease, as: "succeeded" }])).lost).toEqual([]);
      await adapter.close();
    });
  });
});
