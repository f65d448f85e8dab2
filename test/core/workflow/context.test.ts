import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { Rig } from "./rig.js";

describe("The work of a step", () => {
  it("sees the async context of its call, also when it has to wait for others to be asked", async () => {
    const tenant = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const go = defineEvent("go");
    const rig = new Rig(async (_: never, ctx) => {
      const first = ctx.step("first", () => 1);
      await ctx.waitFor(go);
      const side = tenant.run("acme", () => ctx.step("side", () => void seen.push(tenant.getStore())));
      await Promise.all([first, side]);
    });
    await rig.start();
    const crash = rig.process();
    await crash.work();
    await rig.stem.emit(go, "");
    rig.deploy(async (_: never, ctx) => {
      const side = tenant.run("acme", () => ctx.step("side", () => void seen.push(tenant.getStore()), { retry: 2 }));
      const first = ctx.step("first", () => 1);
      await ctx.waitFor(go);
      await Promise.all([first, side]);
    });
    expect((await rig.finish()).state).toBe("succeeded");
    expect(seen).toEqual(["acme"]);
  });

  it("sees the async context of its call at every try", async () => {
    const tenant = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const rig = new Rig(async (_: never, ctx) => {
      await tenant.run("acme", () =>
        ctx.step(
          "one",
          ({ attempt }) => {
            seen.push(tenant.getStore());
            if (attempt < 3) throw new Error("again");
          },
          { retry: { attempts: 3, base: "1h", cap: "1h" } },
        ),
      );
    });
    await rig.start();
    expect((await rig.finish()).state).toBe("succeeded");
    expect(seen).toEqual(["acme", "acme", "acme"]);
  });
});
