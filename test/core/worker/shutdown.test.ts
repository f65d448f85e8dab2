import { describe, expect, it } from "@jest/globals";
import { gate, Rig, turns, until } from "./rig.js";

describe("Stopping a worker", () => {
  it("lets running handlers end within the grace time, keeps what they return, and claims nothing more", async () => {
    const held = gate<string>();
    let starts = 0;
    const rig = new Rig({
      work: () => {
        starts++;
        return held.promise;
      },
    });
    const worker = await rig.started({ concurrency: 1, grace: "10s", lease: "1h" });
    const [first, second] = await rig.stem.enqueueMany("work", [1, 2]);
    await until(() => starts === 1);
    const stop = worker.stop();
    expect(worker.stop()).toBe(stop);
    rig.clock.advance("9s");
    await turns();
    held.open("done");
    expect(await stop).toEqual({ released: 0 });
    expect(await rig.record(first!.id)).toMatchObject({ state: "succeeded", result: '"done"' });
    expect(await rig.record(second!.id)).toMatchObject({ state: "ready", attempts: 0 });
    expect((await rig.store.workers.list()).items).toEqual([]);
    rig.clock.advance("1h");
    await turns();
    expect(starts).toBe(1);
  });

  it("aborts signals after the grace time, and gives the attempt back to a handler that throws because of it", async () => {
    const rig = new Rig({
      work: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    });
    const worker = await rig.started({ grace: "10s", lease: "1h" });
    const { id } = await rig.stem.enqueue("work");
    await until(() => worker.running === 1);
    const stop = worker.stop();
    await turns();
    rig.clock.advance("10s");
    expect(await stop).toEqual({ released: 1 });
    expect(await rig.record(id)).toMatchObject({ state: "ready", attempts: 0 });
    expect(rig.told).toContain(`job:released ${id}`);
  });

  it("keeps the result of a handler that answers the abort by finishing", async () => {
    const rig = new Rig({
      work: (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(String(signal.reason.reason)))),
    });
    const worker = await rig.started({ grace: 0, lease: "1h" });
    const { id } = await rig.stem.enqueue("work");
    await until(() => worker.running === 1);
    const stop = worker.stop();
    await turns();
    rig.clock.advance(1);
    expect(await stop).toEqual({ released: 0 });
    expect(await rig.record(id)).toMatchObject({ state: "succeeded", result: '"shutdown"' });
  });

  it("hands back what ignores the abort, attempt not spent, and ignores what that returns later", async () => {
    const held = gate();
    const rig = new Rig({ work: () => held.promise });
    const worker = await rig.started({ grace: "1s", abortGrace: "2s", lease: "1h" });
    const { id } = await rig.stem.enqueue("work");
    await until(() => worker.running === 1);
    const stop = worker.stop();
    await turns();
    rig.clock.advance("1s");
    await turns();
    rig.clock.advance("2s");
    expect(await stop).toEqual({ released: 1 });
    expect(await rig.record(id)).toMatchObject({ state: "ready", attempts: 0, lapses: 0 });
    held.open();
    await turns();
    expect(await rig.record(id)).toMatchObject({ state: "ready" });
    expect(rig.lines.filter((line) => line.includes("Stopp"))).toEqual([
      expect.stringMatching(/^log Stopping: waiting up to 1000 ms for 1 running handler\.$/),
      expect.stringMatching(/^log Stopping: 1 handler still running after 1000 ms/),
      expect.stringMatching(/^warn Stopping: 1 handler did not stop within 2000 ms/),
      expect.stringMatching(/^log Stopped after 3000 ms; handed back 1 job\.$/),
    ]);
  });

  it("hands back what a claim under way still brings, without running it", async () => {
    let starts = 0;
    const rig = new Rig({ work: async () => void starts++ });
    const worker = await rig.started({ lease: "1h" });
    await turns();
    const answer = gate();
    rig.hold = answer.promise;
    const { id } = await rig.stem.enqueue("work");
    await until(() => rig.verbs("claim").length === 2);
    const stop = worker.stop();
    await turns();
    answer.open();
    rig.hold = undefined;
    expect(await stop).toEqual({ released: 1 });
    expect(starts).toBe(0);
    expect(await rig.record(id)).toMatchObject({ state: "ready", attempts: 0 });
  });

  it("during its start waits for the start and leaves nothing behind", async () => {
    const rig = new Rig({ work: async () => {} });
    const worker = rig.worker();
    const begin = gate();
    rig.hold = begin.promise;
    const start = worker.start();
    const stop = worker.stop();
    begin.open();
    rig.hold = undefined;
    await Promise.all([start, stop]);
    await rig.stem.enqueue("work");
    await turns();
    expect(rig.verbs("claim")).toHaveLength(0);
    expect((await rig.store.workers.list()).items).toEqual([]);
  });

  it("that was never started does nothing, and refuses a start afterwards", async () => {
    const rig = new Rig({ work: async () => {} });
    const worker = rig.worker();
    expect(await worker.stop()).toEqual({ released: 0 });
    await expect(worker.start()).rejects.toMatchObject({ code: "STEM_CLOSED" });
    expect(rig.calls).toEqual([]);
  });

  it("refuses a start afterwards, instead of answering with the first one", async () => {
    const rig = new Rig({ work: async () => {} });
    const worker = rig.worker();
    await worker.start();
    const stopping = worker.stop();
    await expect(worker.start()).rejects.toMatchObject({
      code: "STEM_CLOSED",
      message: expect.stringContaining("This worker has been stopped."),
    });
    await stopping;
    await expect(worker.start()).rejects.toMatchObject({ code: "STEM_CLOSED" });
    await rig.stem.enqueue("work");
    await turns();
    expect((await rig.store.jobs.list({ state: "ready" })).items).toHaveLength(1);
  });

  it("during an outage gives up after both graces together, and lets the lease lapse", async () => {
    const rig = new Rig({ work: async () => {} });
    const worker = await rig.started({ grace: "3s", abortGrace: "2s", lease: "1h" });
    await turns();
    const { id } = await rig.stem.enqueue("work");
    rig.fault = (verb) => (verb === "claim" ? undefined : new Error("down"));
    await until(() => rig.told.includes("worker:error"));
    const began = rig.clock.now();
    let stoppedAt = 0;
    void worker.stop().then(() => (stoppedAt = rig.clock.now()));
    await until(() => {
      if (stoppedAt === 0) rig.clock.advance(10);
      return stoppedAt > 0;
    });
    expect(stoppedAt - began).toBeLessThanOrEqual(7_000);
    expect(await rig.record(id)).toMatchObject({ state: "active" });
    expect(rig.lines.some((line) => line.includes("could not be written"))).toBe(true);
  });

  it.each(["does not answer", "refuses"])(
    "with nothing to end and nothing to write is over after a second, though the store %s",
    async (how) => {
      const rig = new Rig({ work: async () => {} });
      const worker = await rig.started({ grace: "20s", abortGrace: "5s", lease: "1h" });
      await turns();
      if (how === "refuses") rig.fault = () => new Error("down");
      else rig.hold = new Promise(() => {});
      const began = rig.clock.now();
      let stoppedAt = 0;
      void worker.stop().then(() => (stoppedAt = rig.clock.now()));
      await until(() => {
        if (stoppedAt === 0) rig.clock.advance(10);
        return stoppedAt > 0;
      });
      expect(stoppedAt - began).toBeLessThanOrEqual(1_010);
    },
  );
});
