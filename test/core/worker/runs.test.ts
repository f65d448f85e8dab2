import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { gate, Rig, turns, until } from "./rig.js";

const shipped = defineEvent<string>("shipped");

describe("A worker with workflows", () => {
  it("runs steps once over sleeps and waits, in as many passes as it takes", async () => {
    const steps: string[] = [];
    const rig = new Rig();
    rig.workflow("order", async (_: never, run) => {
      await run.step("charge", () => void steps.push("charge"));
      await run.sleep("cool-off", "1d");
      await run.step("pack", () => void steps.push("pack"));
      return run.waitFor(shipped, { key: "o-1" });
    });
    await rig.started();
    const handle = await rig.stem.start("order");
    await until(async () => (await rig.record(handle.id)).state === "ready" && steps.length === 1);
    await turns();
    rig.clock.advance("1d");
    await until(async () => (await rig.record(handle.id)).state === "parked");
    await rig.stem.emit(shipped, "o-1", "parcel 7");
    expect((await rig.ended(handle.id))[0]).toMatchObject({ state: "succeeded", result: '"parcel 7"', attempts: 1 });
    expect(steps).toEqual(["charge", "pack"]);
  });

  it("hands a run back at shutdown with its attempt and its journal, once its steps have ended", async () => {
    const held = gate<string>();
    const steps: string[] = [];
    const rig = new Rig();
    rig.workflow("order", async (_: never, run) => {
      await run.step("one", () => void steps.push("one"));
      return run.step("two", () => {
        steps.push("two");
        return held.promise;
      });
    });
    const first = await rig.started({ grace: "1s", lease: "1h" });
    const handle = await rig.stem.start("order");
    await until(() => steps.length === 2);
    const stop = first.stop();
    await turns();
    rig.clock.advance("1s");
    await turns();
    held.open("of two");
    expect(await stop).toEqual({ released: 1 });
    expect(await rig.record(handle.id)).toMatchObject({ state: "ready", attempts: 0 });
    await rig.started();
    expect((await rig.ended(handle.id))[0]).toMatchObject({ state: "succeeded", result: '"of two"' });
    expect(steps).toEqual(["one", "two"]);
  });
});
