import { describe, expect, it } from "@jest/globals";
import { gate, Rig, turns, until, type Handler } from "./rig.js";

describe("The worker's lease", () => {
  it("is renewed every third of it", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.started({ lease: "9s", poll: "1h" });
    for (let i = 0; i < 9; i++) {
      rig.clock.advance("1s");
      await turns(3);
    }
    expect(rig.verbs("renew")).toHaveLength(4);
  });

  it("is renewed sooner after a failed renewal", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.started({ lease: "10s", poll: "1h" });
    await turns();
    rig.fault = (verb) => (verb === "renew" ? new Error("blip") : undefined);
    rig.clock.advance(3_333);
    await turns();
    rig.heal();
    rig.clock.advance(1_000);
    await turns();
    expect(rig.verbs("renew")).toHaveLength(3);
    expect(rig.told).toContain("worker:error");
  });

  it("aborts the signal of a job that is cancelled, at once, and drops what it returns", async () => {
    const signals: AbortSignal[] = [];
    const held = gate();
    const rig = new Rig({
      work: (_, context) => {
        signals.push(context.signal);
        return held.promise;
      },
    });
    const worker = await rig.started({ lease: "1h" });
    const handle = await rig.stem.enqueue("work");
    await until(() => signals.length === 1);
    await handle.cancel();
    await until(() => signals[0]!.aborted);
    expect(signals[0]!.reason).toMatchObject({ code: "STEM_JOB_CANCELLED", reason: "cancelled" });
    expect(worker.running).toBe(1);
    held.open();
    await until(() => worker.running === 0);
    expect(rig.told.filter((line) => line.endsWith(handle.id))).toEqual([`job:started ${handle.id}`, `job:lost ${handle.id}`]);
    expect(await rig.record(handle.id)).toMatchObject({ state: "cancelled" });
    expect(rig.verbs("settle")).toEqual([]);
  });

  it("frees the slot of a cancelled job when its handler ends, although nothing is written", async () => {
    const order: unknown[] = [];
    const held = gate();
    let signal: AbortSignal | undefined;
    const rig = new Rig({
      work: async (n: number, context) => {
        order.push(n);
        signal ??= context.signal;
        if (n === 1) await held.promise;
      },
    });
    await rig.started({ lease: "1h", poll: "1h", concurrency: 1 });
    const [first] = await rig.stem.enqueueMany("work", [1, 2]);
    await until(() => order.length === 1);
    await first!.cancel();
    await until(() => signal!.aborted);
    held.open();
    await until(() => order.length === 2);
  });

  it("that has lapsed is taken again before anything is claimed, and jobs that went to others are aborted as lost", async () => {
    const signals: AbortSignal[] = [];
    const first = gate();
    let starts = 0;
    const rig = new Rig({
      work: (_, context) => {
        signals.push(context.signal);
        return ++starts === 1 ? first.promise : "by the other";
      },
    });
    const blocked = await rig.started({ lease: "10s" });
    const { id } = await rig.stem.enqueue("work");
    await until(() => starts === 1);
    // No sign of life gets through for longer than the lease, and nobody comes back to a claim.
    rig.fault = () => new Error("cut off");
    for (let i = 0; i < 15; i++) {
      rig.clock.advance("1s");
      await turns(3);
    }
    const other = new Rig();
    expect(other.registry.names()).toEqual([]);
    await rig.store.workers.renew({ id: "other", leaseMs: 60_000, info: {} }, []);
    const taken = await rig.store.broker.claim({ worker: "other", from: [{ queue: "default" }], limit: 5 });
    expect(taken.deliveries.map(({ job, lapses }) => [job.id, lapses])).toEqual([[id, 1]]);
    rig.heal();
    rig.clock.advance("5s");
    await until(() => signals[0]!.aborted);
    expect(signals[0]!.reason).toMatchObject({ reason: "lost" });
    first.open();
    await until(() => rig.told.includes(`job:lost ${id}`));
    expect(await rig.record(id)).toMatchObject({ state: "active", worker: "other" });
    const next = await rig.stem.enqueue("work");
    expect((await rig.ended(next.id))[0]).toMatchObject({ result: '"by the other"' });
    expect(blocked.running).toBe(0);
  });

  it("that has lapsed unnoticed does not keep the worker from claiming", async () => {
    const rig = new Rig({ work: async () => "done" });
    await rig.started({ lease: "10s", poll: "1h" });
    await turns();
    // A process that was stopped for a while: time has passed, its timers have not fired.
    rig.store.workers.leave((await rig.store.workers.list()).items[0]!.id);
    const { id } = await rig.stem.enqueue("work");
    expect((await rig.ended(id))[0]).toMatchObject({ result: '"done"' });
  });

  /**
   * Two handlers of one id in this worker: the first job was ended elsewhere and forgotten, and another is
   * stored under its id.
   */
  async function twice() {
    const signals: AbortSignal[] = [];
    const ends: { readonly open: () => void }[] = [];
    const work: Handler = async (_, context) => {
      signals.push(context.signal);
      const end = gate();
      ends.push(end);
      await end.promise;
    };
    const rig = new Rig({ work: [work, { keepResult: 0 }] });
    const worker = await rig.started({ lease: "9s" });
    const { id } = await rig.stem.enqueue("work", undefined, { id: "order-1" });
    await until(() => signals.length === 1);
    expect((await rig.store.broker.settle([{ lease: { jobId: id, fence: 1, job: 1 }, as: "succeeded" }])).lost).toEqual([]);
    await rig.stem.enqueue("work", undefined, { id });
    await until(() => signals.length === 2);
    return { rig, worker, id, signals, ends };
  }

  it("that is lost for a forgotten job leaves a new job of its id alone", async () => {
    const { rig, signals } = await twice();
    rig.clock.advance("3s");
    await until(() => signals[0]!.aborted);
    rig.clock.advance("3s");
    await turns();
    expect(signals[1]!.aborted).toBe(false);
  });

  it("of a forgotten job is told as lost, that of a new job of its id as it ended, also when both are written at once", async () => {
    const { rig, worker, id, ends } = await twice();
    for (const end of ends) end.open();
    await until(() => worker.running === 0 && rig.told.length === 4);
    expect(rig.verbs("settle").map(({ settlements }) => settlements.length)).toEqual([2]);
    expect(rig.told.slice(2).sort()).toEqual([`job:lost ${id}`, `job:succeeded ${id}`]);
  });
});
