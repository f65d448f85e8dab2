import { describe, expect, it, jest } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { Worker } from "../../../lib/core/worker/worker.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";

async function shop() {
  const adapter = memory();
  await adapter.open();
  const registry = new TaskRegistry();
  for (const name of ["ship", "bill"]) registry.add(defineTask({ name, kind: "task", where: name, run: () => {} }));
  registry.add(defineTask({ name: "order", kind: "workflow", where: "order", run: () => {} }));
  return new Stem({ adapter, registry });
}

const taken = { code: "STEM_ID_TAKEN", jobId: "order-7", holder: "ship" };

describe("An id", () => {
  it("of another task's job is refused by every way in, and names both tasks", async () => {
    const stem = await shop();
    await stem.enqueue("ship", 1, { id: "order-7" });
    await stem.enqueue("ship", 1, { id: "canvas-0" });
    await stem.enqueue("ship", 1, { id: "many-1" });
    await expect(stem.enqueue("bill", 1, { id: "order-7" })).rejects.toMatchObject({ ...taken, task: "bill" });
    await expect(stem.start("order", 1, { id: "order-7" })).rejects.toMatchObject({ ...taken, task: "order" });
    await expect(stem.enqueueAndWait("bill", 1, { id: "order-7" })).rejects.toMatchObject(taken);
    await expect(stem.enqueueMany("bill", [1, 2, 3], { id: "many" })).rejects.toMatchObject({ code: "STEM_ID_TAKEN", jobId: "many-1" });
    const bill = stem.signature("bill", 1);
    for (const canvas of [stem.chain(bill, bill, { id: "canvas" }), stem.group([bill, bill], { id: "canvas" })])
      await expect(canvas).rejects.toMatchObject({ code: "STEM_ID_TAKEN", jobId: "canvas-0" });
    expect(await stem.counts()).toMatchObject({ ready: 3 });
  });

  it("of another task's job is refused by the handle of a typed client, before that job has ended", async () => {
    const stem = await shop();
    const ship = await stem.enqueue("ship", 1, { id: "order-7", delay: "1h" });
    const run = await stem.start("order", 1, { id: "run-7" });
    const [bill, order] = [stem.task("bill"), stem.workflow("order", { signals: { paid: "paid" } })];
    const asked = { ...taken, task: "bill", message: expect.stringContaining('"ship"') };
    const handle = bill.handle("order-7");
    for (const ask of [handle.result(), handle.status(), handle.cancel(), handle.result({ timeout: "1ms" })])
      await expect(ask).rejects.toMatchObject(asked);
    const wrong = order.handle("order-7");
    const signal = wrong.signal as unknown as { paid(): Promise<unknown> };
    for (const ask of [wrong.result(), wrong.status(), wrong.cancel(), signal.paid()])
      await expect(ask).rejects.toMatchObject({ ...taken, task: "order" });
    expect((await ship.status())?.state).toBe("ready");
    expect((await stem.task("ship").handle("order-7").status())?.task).toBe("ship");
    expect((await stem.handle("order-7").status())?.task).toBe("ship");
    const own = order.handle(run.id);
    expect(await (own.signal as unknown as typeof signal).paid()).toMatchObject({ as: "sent" });
    expect(await own.cancel()).toBe(true);
    await expect(bill.handle("nobody").result()).rejects.toMatchObject({ code: "STEM_UNKNOWN_JOB" });
    expect(await bill.handle("nobody").status()).toBeUndefined();
    expect(() => bill.handle("")).toThrow(expect.objectContaining({ code: "STEM_OPTION_INVALID" }));
  });

  it("of another task's job is refused by that handle, too, if the job was not there yet when it was asked", async () => {
    const stem = await shop();
    await (await stem.enqueue("ship", 1, { id: "order-7", delay: "1h" })).cancel();
    const { jobs } = stem.adapter;
    const get = jest.spyOn(jobs, "get").mockResolvedValueOnce([undefined]);
    await expect(stem.task("bill").handle("order-7").result()).rejects.toMatchObject({ ...taken, task: "bill" });
    get.mockRestore();
  });

  it("is refused to the one caller who is wrong, of many at the same time", async () => {
    const stem = await shop();
    await stem.enqueue("ship", 1, { id: "order-7" });
    const calls = await Promise.allSettled([
      stem.enqueue("ship", 1),
      stem.enqueue("ship", 1, { id: "order-7" }),
      stem.enqueue("ship", 1, { id: "order-8" }),
      stem.enqueue("bill", 1, { id: "order-7" }),
      stem.enqueue("bill", 1, { id: "order-8" }),
      stem.enqueue("bill", 1, { id: "order-9" }),
    ]);
    expect(calls.map((call) => (call.status === "fulfilled" ? call.value.duplicate : (call.reason as { code: string }).code))).toEqual([
      false,
      true,
      false,
      "STEM_ID_TAKEN",
      "STEM_ID_TAKEN",
      false,
    ]);
  });

  it("that was cancelled is stored again if asked for, and only with an id", async () => {
    const stem = await shop();
    const first = await stem.enqueue("ship", 1, { id: "order-7", delay: "1h" });
    await first.cancel();
    expect((await stem.enqueue("ship", 2, { id: "order-7" })).duplicate).toBe(true);
    const again = await stem.enqueue("ship", 2, { id: "order-7", again: true, delay: "2h" });
    expect([again.duplicate, (await again.status())?.state, (await again.status())?.payload]).toEqual([false, "ready", "2"]);
    expect((await stem.enqueue("ship", 3, { id: "order-7", again: true })).duplicate).toBe(true);
    await expect(stem.enqueue("ship", 2, { again: true })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(stem.enqueue("ship", 2, { id: "x", again: 1 as never })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
  });
});

describe("enqueueMany with options of each", () => {
  it("stores all in one step under ids of their own, and says of each whether it was a duplicate", async () => {
    const stem = await shop();
    await stem.enqueue("ship", 0, { id: "order-2" });
    const orders = [1, 2, 3, 1, 4];
    const handles = await stem.enqueueMany("ship", orders, (order, index) =>
      order === 4
        ? undefined
        : { id: `order-${order}`, headers: { place: String(index) }, ...(order === 3 && { delay: "1h", priority: 7 }) },
    );
    expect(handles.map(({ duplicate }) => duplicate)).toEqual([false, true, false, true, false]);
    expect(handles.slice(0, 4).map(({ id }) => id)).toEqual(["order-1", "order-2", "order-3", "order-1"]);
    expect(await stem.jobs.get("order-1")).toMatchObject({ payload: "1", headers: { place: "0" } });
    expect(await stem.jobs.get("order-3")).toMatchObject({ delayed: true, priority: 7 });
    expect((await stem.jobs.get(handles[4]!.id))?.payload).toBe("4");
    expect(await stem.counts()).toMatchObject({ ready: 4 });
    expect(await stem.enqueueMany("ship", [], () => ({ id: "x" }))).toEqual([]);
  });

  it("stores none where one is refused", async () => {
    const stem = await shop();
    await stem.enqueue("bill", 0, { id: "order-2" });
    await expect(stem.enqueueMany("ship", [1, 2], (order) => ({ id: `order-${order}` }))).rejects.toMatchObject({
      code: "STEM_ID_TAKEN",
      jobId: "order-2",
    });
    for (const options of [
      () => ({ delay: "soon" }) as never,
      () => ({ idd: "x" }) as never,
      async () => ({}),
      (order: unknown) => ({ transaction: order }),
      () => "x" as never,
    ])
      await expect(stem.enqueueMany("ship", [1, 2], options as never)).rejects.toMatchObject({
        code: expect.stringMatching(/^STEM_(OPTION|DURATION)_/),
      });
    await expect(stem.enqueueMany("ship", "no list" as never, () => ({}))).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    expect(await stem.counts()).toMatchObject({ ready: 1 });
  });

  it("tells the end of each whose record is not kept", async () => {
    const stem = await shop();
    const worker = new Worker({ stem, options: { queues: { default: 5 } } });
    await worker.start();
    const brief = { keepResult: 0, keepFailed: 0 };
    const handles = await stem.enqueueMany("ship", [1, 2], (order) => ({ id: `order-${order}`, ...brief, delay: 50 }));
    expect(await Promise.all(handles.map((handle) => handle.result({ timeout: "30s" })))).toEqual([undefined, undefined]);
    await worker.stop();
  });
});

describe("stem.jobs", () => {
  it("lists, gets, counts and removes, and is still a function", async () => {
    const stem = await shop();
    await stem.enqueueMany("ship", [1, 2], { id: "s" });
    const bill = await stem.enqueue("bill", 1, { id: "b", delay: "1h" });
    expect((await stem.jobs({ task: "bill" })).map(({ id }) => id)).toEqual(["b"]);
    expect((await stem.jobs.list()).map(({ id }) => id)).toEqual(["b", "s-1", "s-0"]);
    expect(await stem.jobs.get("s-0")).toMatchObject({ task: "ship" });
    expect(await stem.jobs.get("nobody")).toBeUndefined();
    expect(await stem.jobs.counts({ task: "ship" })).toMatchObject({ ready: 2 });
    expect(await stem.jobs.remove("b")).toEqual([{ id: "b", as: "removed", was: "ready" }]);
    expect(await bill.status()).toBeUndefined();
    expect(await stem.jobs.remove(["s-0", "b"])).toMatchObject([{ as: "removed" }, { as: "unknown" }]);
    expect(await stem.jobs.remove({ task: "ship", state: "ready" })).toMatchObject([{ id: "s-1", as: "removed" }]);
    expect(await stem.jobs()).toEqual([]);
  });

  it("removes by pages, up to a limit, and never by a filter that is not understood", async () => {
    const stem = await shop();
    await stem.enqueueMany("ship", Array.from({ length: 1_203 }).fill(1));
    for (const filter of [{}, { limit: 5 }, { queue: undefined }])
      await expect(stem.jobs.remove(filter as never)).rejects.toMatchObject({ code: "STEM_FILTER_EMPTY" });
    await expect(stem.jobs.remove({ taks: "ship" } as never)).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
    for (const filter of [{ all: false }, { all: true, task: "ship" }, { state: "gone" }, null, undefined, ["a", 1]])
      await expect(stem.jobs.remove(filter as never)).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    expect(await stem.jobs.remove({ task: "ship", limit: 3 })).toHaveLength(3);
    expect(await stem.jobs.remove({ all: true })).toHaveLength(1_200);
    expect(await stem.counts()).toMatchObject({ ready: 0 });
  });
});
