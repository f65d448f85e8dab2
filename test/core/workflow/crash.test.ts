import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { type Body, LEASE_MS, Rig, until } from "./rig.js";

const shipped = defineEvent<{ parcel: string }>("order.shipped");

/** A run with everything in it. `ran` gets an idempotency key per execution of a step. */
function story(ran: string[]): Body {
  return async (_: undefined, ctx) => {
    const did = (name: string) =>
      ctx.step(name, async ({ idempotencyKey }) => {
        ran.push(idempotencyKey);
        return name;
      });
    await did("reserve");
    await Promise.all([did("charge"), did("pack"), ctx.sleep("cool-off", "1h")]);
    await ctx.now();
    for (let i = 0; i < 3; i++) await did("tick");
    const event = await ctx.waitFor(shipped, { key: "o-1", timeout: "3d" });
    await did("mail");
    const late = await Promise.race([ctx.waitFor(shipped, { key: "other", name: "never" }), ctx.sleep("patience", "2h")]);
    await did("close");
    return { parcel: event?.parcel, late: late ?? null };
  };
}

const KEYS = ["run/reserve#1", "run/charge#1", "run/pack#1", "run/tick#1", "run/tick#2", "run/tick#3", "run/mail#1", "run/close#1"];

describe("A run whose process dies", () => {
  it("ends all the same after a death at any write, every step journaled once and run at least once, again only under its own key", async () => {
    let deaths = 0;
    for (let atWrite = 1; ; atWrite++) {
      let died = false;
      for (const written of [false, true]) {
        const ran: string[] = [];
        const rig = new Rig(story(ran));
        await rig.start();
        await rig.stem.emit(shipped, "o-1", { parcel: "p-7" });
        const doomed = rig.process({ atWrite, written });
        await rig.finish("run", doomed);
        died = (await rig.record()).state !== "succeeded";
        rig.clock.advance(LEASE_MS + 1);
        expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '{"parcel":"p-7","late":null}' });
        const lines = await rig.lines();
        expect(new Set(ran)).toEqual(new Set(KEYS));
        expect(lines.filter((line) => line.startsWith("step ") && line.endsWith(" done")).sort()).toEqual(
          KEYS.map((key) => `step ${key.slice(4).replace(/#1$/, "")} done`).sort(),
        );
        // At most what one unwritten flush held ran twice: two steps side by side.
        expect(ran.length - KEYS.length).toBeLessThanOrEqual(died ? 2 : 0);
        if (died) deaths++;
      }
      if (!died) break;
    }
    expect(deaths).toBeGreaterThan(15);
  });

  it("has its late writes refused when it was only slow, and its steps told to stop", async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const stopped: unknown[] = [];
    let passes = 0;
    const rig = new Rig(async (_: undefined, ctx) => {
      const mine = ++passes;
      await Promise.all([
        ctx.step("quick", () => mine),
        ctx.step("slow", async () => {
          if (mine === 1) await gate;
          return mine;
        }),
        ctx.step("watching", ({ signal }) =>
          mine === 1
            ? new Promise((resolve) =>
                signal.addEventListener("abort", () => resolve(stopped.push((signal.reason as { code: string }).code))),
              )
            : mine,
        ),
      ]);
      return mine;
    });
    await rig.start();
    const slow = rig.process();
    const first = slow.work();
    await until(async () => (await rig.lines()).includes("step quick done"));
    rig.clock.advance(LEASE_MS + 1);
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "2" });
    go();
    await first;
    expect(stopped).toEqual(["STEM_JOB_LOST"]);
    expect(rig.outcomes.map(({ kind }) => kind)).toEqual(["returned", "aborted"]);
    // The quick one was journaled before the lapse, by the first.
    expect((await rig.journal()).map(({ key, value }) => `${key}=${value}`).sort()).toEqual(["quick=1", "slow=2", "watching=2"]);
  });
});
