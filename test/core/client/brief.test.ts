import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import { redis } from "../../../lib/adapters/redis/index.js";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { Worker } from "../../../lib/core/worker/worker.js";
import { postgresSubject, redisSubject } from "../../contract/subjects.js";
import { describeShared } from "../../servers/index.js";

interface Place {
  readonly adapter: Adapter;
  readonly other?: () => Promise<Adapter>;
  close(): Promise<void>;
}

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function onMemory(): Promise<Place> {
  const adapter = memory();
  await adapter.open();
  return { adapter, close: () => adapter.close() };
}

async function onSqlite(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "stem-brief-"));
  const opened: Adapter[] = [];
  const other = async (): Promise<Adapter> => {
    const adapter = sqlite(join(folder, "stem.db"));
    await adapter.open();
    opened.push(adapter);
    return adapter;
  };
  const close = async (): Promise<void> => {
    for (const adapter of opened) await adapter.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { adapter: await other(), other, close };
}

/** A producer, and a worker of another process as far as the store can tell. */
async function apart(open: () => Promise<Place>) {
  const place = await open();
  ends.push(() => place.close());
  const there = (await place.other?.()) ?? place.adapter;
  const registry = new TaskRegistry();
  const wait = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));
  const handlers: Record<string, (n: number) => unknown> = {
    quick: (n) => ({ n }),
    kept: (n) => ({ n }),
    slow: async (n) => (await wait(300), { n }),
    nothing: () => wait(300),
    bad: async (n) => {
      await wait(300);
      throw new Error(`bad ${n}`);
    },
  };
  for (const [name, run] of Object.entries(handlers))
    registry.add(
      defineTask(
        { name, kind: "task", where: name, run: run as never },
        { queue: "q", retry: 1, ...(name !== "kept" && { keepResult: 0, keepFailed: 0 }) },
      ),
    );
  const worker = new Worker({ stem: new Stem({ adapter: there, registry }) });
  await worker.start();
  ends.push(() => worker.stop());
  return {
    here: new Stem({ adapter: place.adapter, registry }),
    third: new Stem({ adapter: place.adapter, registry: new TaskRegistry() }),
  };
}

function reach(open: () => Promise<Place>): void {
  it("reaches who waited before the end, also by the id alone, and the id is free then", async () => {
    const { here, third } = await apart(open);
    for (let n = 0; n < 3; n++) {
      const handle = await here.enqueue("slow", n, { id: "page-1" });
      expect(handle.duplicate).toBe(false);
      expect(await Promise.all([handle.result(), third.handle("page-1").result()])).toEqual([{ n }, { n }]);
      expect(await handle.status()).toBeUndefined();
    }
  });

  it("reaches who asks at once, though the job ends as fast", async () => {
    const { here, third } = await apart(open);
    for (let n = 0; n < 5; n++) {
      expect(await (await here.enqueue("quick", n, { id: "page-2" })).result()).toEqual({ n });
      expect(await (await here.enqueue("quick", n)).result()).toEqual({ n });
      expect(await here.enqueueAndWait("quick", n, { id: "page-3" })).toEqual({ n });
      expect(await here.enqueueAndWait("quick", n)).toEqual({ n });
    }
    // Its call says so, and not its task.
    for (let n = 0; n < 5; n++) expect(await (await here.enqueue("kept", n, { keepResult: 0 })).result()).toEqual({ n });
    const each = await here.enqueueMany("kept", [1, 2], () => ({ keepResult: 0 }));
    expect(await Promise.all(each.map((handle) => handle.result()))).toEqual([{ n: 1 }, { n: 2 }]);
    // Nor its worker's code: a client says so, a signature, a schedule.
    const client = third.task("kept", { queue: "q", keepResult: 0 });
    for (let n = 0; n < 3; n++) expect(await (await client.enqueue(n)).result()).toEqual({ n });
    expect(await (await here.chain(here.signature("kept", 4, { keepResult: 0 }))).result()).toEqual({ n: 4 });
    const schedule = await here.task("kept").schedule("brief", "0 0 1 1 *", 5, { keepResult: 0 });
    expect(await (await schedule.trigger()).result()).toEqual({ n: 5 });
    const many = await here.enqueueMany("quick", [1, 2, 3], { id: "many" });
    expect(await Promise.all(many.map((handle) => handle.result()))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it("reaches them when it is nothing, or a failure", async () => {
    const { here } = await apart(open);
    const [nothing, bad] = [await here.enqueue("nothing", 0, { id: "a" }), await here.enqueue("bad", 1, { id: "b" })];
    const results = Promise.allSettled([nothing.result(), bad.result()]);
    expect(await results).toMatchObject([{ value: undefined }, { reason: { code: "STEM_JOB_FAILED", failure: { message: "bad 1" } } }]);
  });
}

describe("What comes of a job whose record is forgotten as it ends", () => {
  describe("on memory", () => reach(onMemory));
  describe("on SQLite", () => reach(onSqlite));
  describeShared("redis")("on Redis", () => reach(() => redisSubject((url, namespace) => redis(url, { namespace })).open()));
  describeShared("postgres")("on PostgreSQL", () => reach(() => postgresSubject((url, schema) => postgres(url, { schema })).open()));

  it("is said not to be kept, when the worker that ran it says nothing", async () => {
    const { here, third } = await apart(async () => {
      const place = await onMemory();
      return { ...place, adapter: { ...place.adapter, hints: { ...place.adapter.hints, control: () => {} } } };
    });
    const handle = await here.enqueue("quick", 1);
    await expect(handle.result()).rejects.toMatchObject({ code: "STEM_RESULT_NOT_KEPT", jobId: handle.id });
    await expect(handle.result({ timeout: 50 })).rejects.toMatchObject({ code: "STEM_RESULT_NOT_KEPT" });
    await expect(third.handle(handle.id).result()).rejects.toMatchObject({ code: "STEM_UNKNOWN_JOB" });
    // Under an id of ours it is kept until it has been read, whatever the task says.
    expect(await here.enqueueAndWait("quick", 2)).toEqual({ n: 2 });
  });

  it("is not taken from an earlier canvas of the same id", async () => {
    const { here } = await apart(onMemory);
    const first = here.signature("quick", 1, { keepResult: 0 });
    expect(await (await here.chain(first, { id: "c" })).result()).toEqual({ n: 1 });
    const second = here.signature("slow", 2, { keepResult: 0 });
    expect(await (await here.chain(second, { id: "c" })).result()).toEqual({ n: 2 });
  });

  it("is not taken from an earlier job of the same id", async () => {
    const { here } = await apart(onMemory);
    expect(await (await here.enqueue("quick", 1, { id: "x" })).result()).toEqual({ n: 1 });
    const later = await here.enqueue("slow", 2, { id: "x" }).catch((error: unknown) => error);
    expect(await (later as { result(): Promise<unknown> }).result()).toEqual({ n: 2 });
  });
});
