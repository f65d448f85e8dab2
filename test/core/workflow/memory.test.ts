import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { Rig, until } from "./rig.js";

setFlagsFromString("--expose_gc");
const collect = runInNewContext("gc") as () => void;

describe("A suspended run", () => {
  it("leaves nothing in memory, although what its body awaits is never settled", async () => {
    const large: WeakRef<object>[] = [];
    const come = defineEvent("come");
    const rig = new Rig(async (n: number, ctx) => {
      const held = { n, data: Array.from({ length: 10_000 }, () => n) };
      large.push(new WeakRef(held));
      ctx.signal.addEventListener("abort", () => void held.data.length);
      await ctx.step("one", ({ signal }) => void signal.aborted, { timeout: "1m", retry: 3 });
      if (n % 2 === 0) await ctx.sleep("nap", "1h");
      else await ctx.waitFor(come, { timeout: "1h" });
      return held.n;
    });
    for (let n = 0; n < 20; n++) await rig.start(n, `run-${n}`);
    const process = rig.process();
    await process.work();
    rig.outcomes.length = 0;
    expect(large).toHaveLength(20);
    await until(() => {
      collect();
      return large.every((ref) => ref.deref() === undefined);
    });
    expect(large.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  });
});
