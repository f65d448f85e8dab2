import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import type { Unique } from "../../../lib/contract/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";

const KEEP: Unique = { key: "k", until: "ended", whenHeld: "keep" };
const LATEST: Unique = { key: "k", until: "started", whenHeld: "replace" };
const queue = "mail";

describe("an enqueue with a unique key", () => {
  let stem: Stem;
  let adapter: ReturnType<typeof memory>;

  beforeEach(async () => {
    adapter = memory();
    stem = new Stem({ adapter, registry: new TaskRegistry() });
    await adapter.open();
  });
  afterEach(() => adapter.close());

  const payloads = async () => (await adapter.jobs.list({ queue })).items.map(({ payload }) => JSON.parse(payload) as unknown).sort();

  it("gives the handle of the job that holds the key, and says what was done", async () => {
    const first = await stem.enqueue("send", 1, { queue, unique: KEEP });
    const second = await stem.enqueue("send", 2, { queue, unique: KEEP });
    expect([first.as, first.duplicate]).toEqual(["stored", false]);
    expect([second.as, second.duplicate, second.id]).toEqual(["kept", true, first.id]);
    expect((await second.status())?.payload).toBe("1");
    expect(await payloads()).toEqual([1]);
  });

  it("is answered each for itself when many go in one call, under chosen ids or not", async () => {
    const handles = await Promise.all(Array.from({ length: 10_000 }, (_, n) => stem.enqueue("send", n, { queue, unique: LATEST })));
    const stored = handles.filter(({ as }) => as === "stored");
    expect(stored).toHaveLength(1);
    expect(new Set(handles.map(({ id }) => id))).toEqual(new Set([stored[0]!.id]));
    expect(new Set(handles.map(({ as }) => as))).toEqual(new Set(["stored", "replaced"]));
    expect(await payloads()).toEqual([9_999]);
    const named = await stem.enqueue("send", "x", { queue, id: "mine", unique: LATEST });
    expect([named.id, named.as]).toEqual([stored[0]!.id, "replaced"]);
  });

  it("says of each of many what became of it", async () => {
    await stem.enqueue("send", 0, { queue, id: "known" });
    const handles = await stem.enqueueMany("send", [1, 2, 3, 4, 5], (n: unknown) => ({
      queue,
      ...(n === 1 && { id: "known" }),
      ...(n === 2 && { id: "twice" }),
      ...(n === 3 && { id: "twice" }),
      ...((n as number) > 3 && { unique: KEEP }),
    }));
    expect(handles.map(({ as }) => as)).toEqual(["known", "stored", "known", "stored", "kept"]);
    expect(handles[4]!.id).toBe(handles[3]!.id);
  });

  it("tells of no job that was not stored", async () => {
    const told: string[] = [];
    stem.signals.on("job:enqueued", ({ jobId }) => void told.push(jobId));
    const first = await stem.enqueue("send", 1, { queue, unique: KEEP });
    await stem.enqueue("send", 2, { queue, unique: KEEP });
    expect(told).toEqual([first.id]);
  });

  it("waits for the result of the job that holds the key", async () => {
    await stem.enqueue("send", 1, { queue, unique: KEEP });
    const waiting = (await stem.enqueue("send", 2, { queue, unique: KEEP })).result({ timeout: "5s" });
    await adapter.workers.renew({ id: "w", leaseMs: 60_000, info: {} }, []);
    const { deliveries } = await adapter.broker.claim({ worker: "w", from: [{ queue }], limit: 1 });
    await adapter.broker.settle([{ lease: deliveries[0]!.lease, as: "succeeded", result: '"done"' }]);
    expect(await waiting).toBe("done");
  });

  it.each([
    [{ ...KEEP, whenHeld: "replace" }, "STEM_JOB_INVALID"],
    [{ ...KEEP, key: "" }, "STEM_JOB_INVALID"],
    [{ ...KEEP, keyy: 1 }, "STEM_OPTION_INVALID"],
    ["k", "STEM_OPTION_INVALID"],
  ])("is refused before anything is stored: %j", async (unique, code) => {
    await expect(stem.enqueue("send", 1, { queue, unique: unique as Unique })).rejects.toMatchObject({ code });
    expect(await payloads()).toEqual([]);
  });
});
