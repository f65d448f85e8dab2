import { describe, expect, it } from "@jest/globals";
import { StoreError } from "../../../lib/contract/index.js";
import { gate, Rig, turns, until } from "./rig.js";

const down = (): Error => new Error("connection refused");

describe("When the store fails, a worker", () => {
  it("keeps what has ended, lets handlers go on, and writes it all when the store is back, nothing run twice", async () => {
    const runs: number[] = [];
    const slow = gate();
    const rig = new Rig({
      work: async (n: number) => {
        runs.push(n);
        if (n === 0) await slow.promise;
        return n;
      },
    });
    await rig.started({ lease: "10m" });
    await turns();
    rig.fault = (verb) => (verb === "settle" || verb === "renew" ? down() : undefined);
    const jobs = await rig.stem.enqueueMany("work", [0, 1, 2, 3, 4]);
    await until(() => rig.told.includes("worker:error"));
    for (let i = 0; i < 5; i++) {
      rig.clock.advance("5s");
      await turns();
    }
    slow.open();
    await turns();
    expect((await rig.store.jobs.count()).active).toBe(5);
    rig.heal();
    rig.clock.advance("5s");
    const records = await rig.ended(...jobs.map(({ id }) => id));
    expect(records.map(({ result }) => result)).toEqual(["0", "1", "2", "3", "4"]);
    expect(runs.toSorted()).toEqual([0, 1, 2, 3, 4]);
  });

  it("says so once when it begins and once when it is over, and signals each failure", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.started({ lease: "1h" });
    await turns();
    rig.fault = down;
    await rig.stem.enqueue("work");
    for (let i = 0; i < 6; i++) {
      await turns();
      rig.clock.advance("5s");
    }
    rig.heal();
    await turns();
    rig.clock.advance("5s");
    await until(async () => (await rig.store.jobs.count()).succeeded === 1);
    expect(rig.lines.filter((line) => line.startsWith("error"))).toEqual([expect.stringContaining("connection refused")]);
    expect(rig.lines.filter((line) => line.includes("The store is back"))).toHaveLength(1);
    expect(rig.told.filter((line) => line === "worker:error").length).toBeGreaterThanOrEqual(5);
  });

  it("asks again after 100 ms, doubling up to 5 s, with the second half drawn", async () => {
    const rig = new Rig({ work: async () => {} });
    const waits: number[] = [];
    rig.stem.signals.on("worker:error", ({ retryInMs }) => void waits.push(retryInMs));
    await rig.started({ lease: "1h" });
    await turns();
    rig.fault = down;
    await rig.stem.enqueue("work");
    for (let i = 0; i < 9; i++) {
      await turns();
      rig.clock.advance(5_000);
    }
    // The dice of the rig show 0.5: three quarters.
    expect(waits.slice(0, 8)).toEqual([75, 150, 300, 600, 1_200, 2_400, 3_750, 3_750]);
  });

  it("waits no longer between its tries because heartbeats fail meanwhile", async () => {
    const rig = new Rig({ work: async () => {} });
    const waits: number[] = [];
    rig.stem.signals.on("worker:error", ({ retryInMs }) => void (retryInMs !== 70 && waits.push(retryInMs)));
    await rig.started({ lease: "700ms" });
    await turns();
    rig.fault = down;
    await rig.stem.enqueue("work");
    for (let i = 0; i < 40 && waits.length < 5; i++) {
      await turns();
      rig.clock.advance(70);
    }
    expect(waits).toEqual([75, 150, 300, 600, 1_200]);
  });

  it("is back at work with the first heartbeat that gets through", async () => {
    const rig = new Rig({ work: async () => "done" });
    const waits: number[] = [];
    rig.stem.signals.on("worker:error", ({ retryInMs }) => void (retryInMs !== 1_000 && waits.push(retryInMs)));
    await rig.started({ lease: "10s" });
    await turns();
    rig.fault = down;
    const { id } = await rig.stem.enqueue("work");
    while ((waits.at(-1) ?? 0) < 3_750) {
      await turns();
      rig.clock.advance(100);
    }
    rig.heal();
    // The loop itself would ask again in more than three seconds.
    for (let i = 0; i < 11; i++) {
      await turns();
      rig.clock.advance(100);
    }
    expect((await rig.ended(id))[0]).toMatchObject({ result: '"done"' });
  });

  it("starts all the same, and begins to work when the store is there", async () => {
    const rig = new Rig({ work: async () => "done" });
    const { id } = await rig.stem.enqueue("work");
    rig.fault = down;
    await rig.started();
    for (let i = 0; i < 3; i++) {
      await turns();
      rig.clock.advance("5s");
    }
    rig.heal();
    rig.clock.advance("5s");
    expect((await rig.ended(id))[0]).toMatchObject({ result: '"done"' });
  });

  it("hands back at once what a claim lent that never got its answer, and runs it, with the attempt given back", async () => {
    const attempts: number[] = [];
    const rig = new Rig({ work: async (_, { attempt }) => void attempts.push(attempt) });
    const jobs = await rig.stem.enqueueMany("work", [1, 2, 3]);
    let answers = 0;
    rig.faultAfter = (verb) => (verb === "claim" && answers++ === 0 ? down() : undefined);
    const worker = await rig.started({ lease: "1h" });
    await until(() => rig.told.includes("worker:error"));
    expect((await rig.store.jobs.count()).active).toBe(3);
    rig.clock.advance("1s");
    await until(() => rig.verbs("claim").length >= 2);
    await turns();
    // The old name is left at the next heartbeat.
    rig.clock.advance("20m");
    await rig.ended(...jobs.map(({ id }) => id));
    expect(attempts).toEqual([1, 1, 1]);
    expect((await rig.store.workers.list()).items.map(({ id }) => id).includes(worker.id)).toBe(false);
  });

  it("is not held up for ever by one ending that the store will not take: that job becomes a dead letter", async () => {
    const rig = new Rig({ work: async (n: number) => n });
    const jobs = await rig.stem.enqueueMany("work", [0, 1, 2, 3, 4]);
    rig.fault = (verb, settlements) =>
      verb === "settle" && settlements.some((one) => one.as === "succeeded" && one.result === "2")
        ? new Error("too big for me")
        : undefined;
    await rig.started({ lease: "1h" });
    for (let i = 0; i < 6; i++) {
      await turns();
      rig.clock.advance("1s");
    }
    const records = await rig.ended(...jobs.map(({ id }) => id));
    expect(records.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "failed", "succeeded", "succeeded"]);
    expect(records[2]).toMatchObject({ cause: "rejected", error: { message: "too big for me" } });
    expect(rig.told).toContain(`job:dead ${jobs[2]!.id}`);
    expect(rig.told).not.toContain(`job:succeeded ${jobs[2]!.id}`);
  });

  it("that fails a few calls in a row makes no dead letter of a job that the store takes in the end", async () => {
    for (const failures of [1, 2, 3, 4]) {
      const rig = new Rig({ work: async (n: number) => n });
      const jobs = await rig.stem.enqueueMany("work", [0, 1, 2]);
      let left = failures;
      rig.fault = (verb) => (verb === "settle" && left-- > 0 ? new Error("busy") : undefined);
      await rig.started({ lease: "1h" });
      for (let i = 0; i < 6; i++) {
        await turns();
        rig.clock.advance("1s");
      }
      const records = await rig.ended(...jobs.map(({ id }) => id));
      expect([failures, ...records.map(({ state }) => state)]).toEqual([failures, "succeeded", "succeeded", "succeeded"]);
    }
  });

  it("ends its loop when the adapter was closed, says so, and stops at once", async () => {
    const rig = new Rig({ work: async () => {} });
    const worker = await rig.started();
    await turns();
    rig.fault = () => new StoreError("STEM_STORE_CLOSED", "Closed.", "Open it.");
    await rig.stem.enqueue("work");
    await until(() => rig.lines.some((line) => line.includes("adapter was closed")));
    const calls = rig.calls.length;
    rig.clock.advance("1h");
    await turns();
    expect(rig.calls.length).toBe(calls);
    expect(await worker.stop()).toEqual({ released: 0 });
  });

  it("tells that a job was lost when its settle comes too late, and nothing of it is written", async () => {
    const held = gate();
    const rig = new Rig({ work: () => held.promise });
    await rig.started({ lease: "1h" });
    const { id } = await rig.stem.enqueue("work");
    await until(() => rig.told.includes(`job:started ${id}`));
    // Behind the worker's back: it hears no hint of this.
    rig.stem.adapter.hints.subscribe(() => {});
    await turns();
    held.open();
    await rig.store.jobs.change({ ids: [id] }, { to: "cancelled", reason: "changed my mind" });
    await until(() => rig.told.includes(`job:lost ${id}`));
    expect(await rig.record(id)).toMatchObject({ state: "cancelled" });
    expect(rig.told).not.toContain(`job:succeeded ${id}`);
  });

  it("tells a store that answers and refuses from one that does not answer, once each", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.started({ lease: "1h" });
    await turns();
    const fail = async (error: Error): Promise<void> => {
      rig.fault = () => error;
      for (let i = 0; i < 3; i++) {
        await turns();
        rig.clock.advance("5s");
      }
    };
    rig.fault = down;
    await rig.stem.enqueue("work");
    await fail(new StoreError("STEM_STORE_UNREACHABLE", "Nobody there.", "Wait."));
    await fail(new StoreError("STEM_STORE_READONLY", "It is a replica.", "Connect to the master."));
    const told = rig.lines.filter((line) => line.startsWith("error"));
    expect(told).toEqual([
      expect.stringMatching(/The store does not answer;.*Nobody there/s),
      expect.stringMatching(/The store answers and refuses;.*It is a replica/s),
    ]);
    rig.heal();
    await turns();
    rig.clock.advance("5s");
    await until(async () => (await rig.store.jobs.count()).succeeded === 1);
    expect(rig.lines.filter((line) => line.includes("The store is back"))).toHaveLength(1);
  });
});
