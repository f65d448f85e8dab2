import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, it } from "@jest/globals";
import { Rig } from "./rig.js";

const [RUNS, STEPS] = [12, 1_000];

describe("Long runs that wake together", () => {
  it("leave the event loop to others while they replay, and are told the same as ever", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      let sum = 0;
      for (let i = 0; i < STEPS; i++) sum += await ctx.step("one", () => i);
      await ctx.sleep("nap", "1m");
      return sum;
    });
    for (let n = 0; n < RUNS; n++) await rig.start(undefined, `run${n}`);
    const process = rig.process();
    await process.work();
    rig.clock.set(rig.clock.now() + 60_000);
    let turns = 0;
    let going = true;
    const turn = (): void => void (++turns, going && setImmediate(turn));
    setImmediate(turn);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const began = performance.now();
    await process.work();
    const took = performance.now() - began;
    going = false;
    delay.disable();
    for (let n = 0; n < RUNS; n++)
      expect(await rig.record(`run${n}`)).toMatchObject({ state: "succeeded", result: String((STEPS * (STEPS - 1)) / 2) });
    // Else all is told in one turn, however long it takes.
    expect(turns).toBeGreaterThan(10);
    expect(delay.max / 1e6).toBeLessThan(Math.max(took / 2, 100));
  }, 60_000);
});
