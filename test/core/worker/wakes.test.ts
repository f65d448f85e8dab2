import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { gate, Rig, turns, until } from "./rig.js";

const shipped = defineEvent<string>("shipped");

/**
 * A run that waits for an event, and a worker that is stopped while its claim of the woken run is under way.
 */
async function waiting(run = "order"): Promise<Rig> {
  const rig = new Rig();
  rig.workflow("order", (_: never, ctx) => ctx.waitFor(shipped, { key: "o-1" }));
  await rig.stem.start("order", undefined, { id: run });
  return rig;
}

describe("An event that is kept nowhere but with the run it woke", () => {
  it("survives a hand-back of the run at shutdown before it began", async () => {
    const rig = await waiting();
    const first = await rig.started();
    await until(async () => (await rig.record("order")).state === "parked");
    await turns();
    const hold = gate();
    const claims = rig.verbs("claim").length;
    rig.hold = hold.promise;
    await rig.stem.emit(shipped, "o-1", "parcel 7", { keep: 0 });
    await until(() => rig.verbs("claim").length > claims);
    const stop = first.stop();
    await turns();
    rig.hold = undefined;
    hold.open();
    expect(await stop).toEqual({ released: 1 });
    expect(await rig.record("order")).toMatchObject({ state: "ready", attempts: 0, lapses: 0 });
    await rig.started();
    expect((await rig.ended("order"))[0]).toMatchObject({ state: "succeeded", result: '"parcel 7"', attempts: 1 });
  });

  it("survives a long outage in which the run's journal cannot be read", async () => {
    const rig = await waiting();
    await rig.started({ lease: "1h" });
    await until(async () => (await rig.record("order")).state === "parked");
    await turns();
    let reads = 0;
    let broken = true;
    const { read } = rig.stem.adapter.journal;
    Object.assign(rig.stem.adapter.journal, {
      read: (...args: Parameters<typeof read>) => (reads++, broken ? Promise.reject(new Error("away")) : read(...args)),
    });
    await rig.stem.emit(shipped, "o-1", "parcel 7", { keep: 0 });
    await until(() => reads > 0);
    for (let i = 0; i < 60; i++) {
      rig.clock.advance("2s");
      await turns(5);
    }
    broken = false;
    rig.clock.advance("10s");
    expect((await rig.ended("order"))[0]).toMatchObject({ state: "succeeded", result: '"parcel 7"' });
    expect(reads).toBeGreaterThan(10);
    expect(reads).toBeLessThan(60);
  });

  it("survives a shutdown while the run's journal cannot be read, which holds up no shutdown", async () => {
    const rig = await waiting();
    const first = await rig.started({ lease: "1h", grace: 100, abortGrace: 100 });
    await until(async () => (await rig.record("order")).state === "parked");
    await turns();
    let reads = 0;
    const { journal } = rig.stem.adapter;
    const { read } = journal;
    Object.assign(journal, { read: () => (reads++, Promise.reject(new Error("away"))) });
    await rig.stem.emit(shipped, "o-1", "parcel 7", { keep: 0 });
    await until(() => reads > 0);
    for (let i = 0; i < 20; i++) {
      rig.clock.advance("2s");
      await turns(5);
    }
    const stop = first.stop();
    await turns();
    rig.clock.advance(100);
    await turns();
    // The run has heard the abort: nothing waits for the second grace.
    expect(await stop).toEqual({ released: 1 });
    Object.assign(journal, { read });
    await rig.started();
    expect((await rig.ended("order"))[0]).toMatchObject({ state: "succeeded", result: '"parcel 7"' });
  });
});
