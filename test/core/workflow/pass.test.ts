import { describe, expect, it } from "@jest/globals";
import { counter, Rig } from "./rig.js";

describe("A run", () => {
  it("returns what its body returns, in one pass and with one write per later step", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (order: { id: string }, ctx) => {
      const a = await ctx.step("reserve", step("reserve", 1));
      const b = await ctx.step("charge", step("charge", a + 1));
      return { order: order.id, total: await ctx.step("ship", step("ship", b + 1)) };
    });
    await rig.start({ id: "o-1" });
    const process = rig.process();
    await process.work();
    expect(await rig.record()).toMatchObject({ state: "succeeded", result: '{"order":"o-1","total":3}', attempts: 1 });
    expect(await rig.lines()).toEqual(["step reserve done", "step charge done", "step ship done"]);
    expect(ran).toEqual(["reserve", "charge", "ship"]);
    // Two before later steps; the last result travels with the ending.
    expect([process.appends, process.writes]).toEqual([2, 3]);
  });

  it("sleeps without a worker and goes on where it was", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.step("before", step("before"));
      await ctx.sleep("nap", "1h");
      await ctx.step("after", step("after"));
    });
    await rig.start();
    const process = rig.process();
    await process.work();
    expect(process.appends).toBe(0);
    expect(await rig.record()).toMatchObject({ state: "ready", dueAt: rig.clock.now() + 3_600_000 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(ran).toEqual(["before", "after"]);
    expect(await rig.lines()).toEqual(["step before done", "sleep nap open", "sleep nap done", "step after done"]);
  });
});
