import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { counter, LEASE_MS, Rig, until } from "./rig.js";

const shipped = defineEvent<{ n: number }>("order.shipped");

describe("A suspension", () => {
  it("runs neither catch nor finally of the body", async () => {
    const seen: string[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      try {
        await ctx.sleep("nap", "1h");
        await ctx.waitFor(shipped);
      } catch {
        seen.push("catch");
      } finally {
        seen.push("finally");
      }
    });
    await rig.start();
    await rig.finish();
    expect([(await rig.record()).state, seen]).toEqual(["parked", []]);
    await rig.stem.emit(shipped, "");
    await rig.finish();
    expect([(await rig.record()).state, seen]).toEqual(["succeeded", ["finally"]]);
  });

  it("waits for steps that run beside a sleep, or they would run in two workers", async () => {
    const { ran } = counter();
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = new Rig(async (_: undefined, ctx) => {
      await Promise.all([
        ctx.sleep("nap", "1h"),
        ctx.step("long", async () => {
          ran.push("long");
          await gate;
        }),
      ]);
    });
    await rig.start();
    const work = rig.process().work();
    await until(async () => (await rig.lines()).length > 0);
    expect((await rig.record()).state).toBe("active");
    expect(await rig.lines()).toEqual(["sleep nap open"]);
    go();
    await work;
    expect((await rig.record()).state).toBe("ready");
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(ran).toEqual(["long"]);
  });

  it("lets a sleep end while a step beside it still runs", async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = new Rig(async (_: undefined, ctx) =>
      Promise.race([ctx.sleep("limit", "5s").then(() => "too slow"), ctx.step("slow", () => gate)]).then(async (how) => {
        go();
        return how;
      }),
    );
    await rig.start();
    const work = rig.process().work();
    await until(async () => (await rig.lines()).length > 0);
    rig.clock.advance("6s");
    await work;
    expect(await rig.record()).toMatchObject({ state: "succeeded", result: '"too slow"' });
    expect(await rig.lines()).toEqual(["sleep limit open", "sleep limit done", "step slow done"]);
  });

  it("keeps repeated names apart and in order: #10 comes after #2", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      const got: number[] = [];
      for (let i = 1; i <= 12; i++) {
        got.push(await ctx.step("tick", step(`tick ${i}`, i)));
        if (i % 5 === 0) await ctx.sleep("nap", "1m");
      }
      return got;
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "[1,2,3,4,5,6,7,8,9,10,11,12]" });
    expect(ran).toHaveLength(12);
    expect((await rig.lines()).filter((line) => line.startsWith("step"))).toEqual(
      Array.from({ length: 12 }, (_, i) => `step tick${i === 0 ? "" : `#${i + 1}`} done`),
    );
  });

  it("keeps to the store's clock on a host whose own is hours off", async () => {
    for (const offset of [-7 * 3_600_000, 7 * 3_600_000]) {
      const times: string[] = [];
      const rig = new Rig(async (_: undefined, ctx) => {
        times.push((await ctx.now()).toISOString());
        await ctx.sleep("nap", "1h");
        await ctx.waitFor(shipped, { timeout: "30m" });
        await ctx.sleepUntil("date", new Date(Date.UTC(2026, 0, 1, 2)));
        return (await ctx.now()).toISOString();
      });
      await rig.start();
      expect(await rig.finish("run", rig.process(undefined, offset))).toMatchObject({
        state: "succeeded",
        result: '"2026-01-01T02:00:00.000Z"',
      });
      expect(new Set(times)).toEqual(new Set(["2026-01-01T00:00:00.000Z"]));
    }
  });

  it("sleeps not at all for 0, or until a moment that has passed", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.sleep("none", 0);
      await ctx.sleepUntil("past", new Date(0));
    });
    await rig.start();
    await rig.process().work();
    expect((await rig.record()).state).toBe("succeeded");
  });
});

describe("A wait for an event", () => {
  const rigged = () =>
    new Rig(async (_: undefined, ctx) => {
      const first = await ctx.waitFor(shipped, { key: "o-1" });
      const second = await ctx.waitFor(shipped, { key: "o-1" });
      return [first.n, second.n];
    });

  it("gets events in order, whether they came before it or after", async () => {
    for (const early of [0, 1, 2]) {
      const rig = rigged();
      await rig.start();
      for (let n = 1; n <= early; n++) await rig.stem.emit(shipped, "o-1", { n });
      await rig.stem.emit(shipped, "o-2", { n: 99 });
      await rig.finish();
      for (let n = early + 1; n <= 2; n++) {
        expect((await rig.record()).state).toBe("parked");
        await rig.stem.emit(shipped, "o-1", { n });
        await rig.finish();
      }
      expect(await rig.record()).toMatchObject({ state: "succeeded", result: "[1,2]" });
    }
  });

  it.each([
    ["that is a number", 5 as never, "is the number 5, not a string"],
    ["that is an object", {} as never, "is an object"],
    ["with half a character", "o-\ud83d", "holds half of a character"],
    ["with U+0000", "o\0", "holds the character U+0000"],
    ["of 1,001 characters", "x".repeat(1_001), "is 1,001 characters long"],
  ])("is refused a key %s, as emit refuses it, and the run goes on from there", async (_, key: string, phrase) => {
    const rig = new Rig(async (_: undefined, ctx) => ctx.waitFor(shipped, { key, timeout: "1s" }).catch((error: Error) => error.message));
    await rig.start();
    const { state, result } = await rig.finish();
    expect([state, result]).toEqual([
      "succeeded",
      expect.stringContaining(`The key of wait \\"order.shipped\\" of workflow \\"flow\\" ${phrase}`),
    ]);
    expect(result).toContain("STEM_OPTION_INVALID");
    expect(await rig.lines()).toEqual([]);
  });

  it.each(["order/shipped", "order.\ud83d", "", 5 as never])("is refused the name %j, of an event as of a signal", async (name: string) => {
    const codeOf = (error: { readonly code: string }): string => error.code;
    const rig = new Rig(async (_: undefined, ctx) => [
      await ctx.waitFor({ name }, { name: "event" }).catch(codeOf),
      await ctx.waitForSignal({ name, "~signal": true }, { name: "signal" }).catch(codeOf),
    ]);
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '["STEM_NAME_INVALID","STEM_NAME_INVALID"]' });
  });

  it("gives two waits at once one event each", async () => {
    const rig = new Rig(async (_: undefined, ctx) =>
      Promise.all([ctx.waitFor(shipped, { name: "a" }), ctx.waitFor(shipped, { name: "b" })]).then((both) => both.map(({ n }) => n)),
    );
    await rig.start();
    await rig.finish();
    await rig.stem.emit(shipped, "", { n: 1 });
    await rig.finish();
    expect((await rig.record()).state).toBe("parked");
    await rig.stem.emit(shipped, "", { n: 2 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "[1,2]" });
  });

  it("says undefined when its time runs out, and not before", async () => {
    const rig = new Rig(async (_: undefined, ctx) => ({ got: (await ctx.waitFor(shipped, { timeout: "1h" })) ?? null }));
    await rig.start();
    const process = rig.process();
    await process.work();
    rig.clock.advance("59m");
    expect(await process.work()).toBe(rig.clock.now() + 60_000);
    rig.clock.advance("1m");
    await process.work();
    expect(await rig.record()).toMatchObject({ state: "succeeded", result: '{"got":null}' });
  });

  it("takes an event that came in time although the run was looked at late", async () => {
    const rig = new Rig(async (_: undefined, ctx) =>
      Promise.all([
        ctx.sleep("nap", "1h"),
        ctx.waitFor(shipped, { timeout: "2h" }),
        ctx.waitFor(shipped, { name: "b", key: "b", timeout: "3h" }),
      ]).then(([, event, b]) => [event?.n, b?.n ?? null]),
    );
    await rig.start();
    await rig.process().work();
    rig.clock.advance("61m");
    // Wakes the run at its deadline; the worker that takes it dies, and its event comes meanwhile.
    const dead = rig.process({ atWrite: 1, written: false });
    expect(await dead.work()).toBeUndefined();
    rig.clock.advance("10m");
    await rig.stem.emit(shipped, "", { n: 5 });
    rig.clock.advance("5h");
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "[5,null]" });
  });

  it("does not take an event twice when the process dies after it was journaled", async () => {
    const ran: number[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      const [a, b] = await Promise.all([
        ctx.waitFor(shipped, { name: "a" }).then(async ({ n }) => ctx.step("a-step", () => ran.push(n))),
        ctx.waitFor(shipped, { name: "b" }).then(({ n }) => n),
      ]);
      return [a, b];
    });
    await rig.start();
    await rig.finish();
    await rig.stem.emit(shipped, "", { n: 1 });
    // The first write of this pass is the event, flushed before the step.
    await rig.process({ atWrite: 1, written: true }).work();
    expect((await rig.lines()).at(-1)).toBe("wait a done");
    rig.clock.advance(LEASE_MS + 1);
    await rig.finish();
    expect((await rig.record()).state).toBe("parked");
    await rig.stem.emit(shipped, "", { n: 2 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "[1,2]" });
  });

  it("keeps the branch a race has taken, however much time passes", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      const event = await Promise.race([ctx.sleep("patience", "1h"), ctx.waitFor(shipped)]);
      await ctx.step(event === undefined ? "remind" : "thank", step(event === undefined ? "remind" : "thank"));
      await ctx.sleep("rest", "3h");
      await ctx.step("end", step("end"));
      return event?.n;
    });
    await rig.start();
    await rig.process().work();
    rig.clock.advance("30m");
    await rig.stem.emit(shipped, "", { n: 1 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "1" });
    expect(ran).toEqual(["thank", "end"]);
  });

  it("keeps an event that is stored nowhere else when the pass that was woken by it fails", async () => {
    let failures = 1;
    const rig = new Rig(
      async (_: undefined, ctx) => {
        const { n } = await ctx.waitFor(shipped);
        if (failures-- > 0) throw new Error("once");
        return n;
      },
      { retry: { attempts: 2, base: 0 } },
    );
    await rig.start();
    await rig.finish();
    await rig.stem.emit(shipped, "", { n: 3 }, { keep: 0 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "3" });
  });

  it("keeps it also when that pass fails before it comes to the wait", async () => {
    let passes = 0;
    const rig = new Rig(
      async (_: undefined, ctx) => {
        if (++passes === 2) throw new Error("no connection yet");
        return (await ctx.waitFor(shipped)).n;
      },
      { retry: { attempts: 2, base: 0 } },
    );
    await rig.start();
    await rig.finish();
    await rig.stem.emit(shipped, "", { n: 3 }, { keep: 0 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "3", attempts: 2 });
  });

  it("loses none of 60 events sent while 60 runs suspend", async () => {
    const rig = new Rig(async (n: number, ctx) => (await ctx.waitFor(shipped, { key: `k${n}` })).n);
    const ids = Array.from({ length: 60 }, (_, n) => `r${n}`);
    await Promise.all(ids.map((id, n) => rig.start(n, id)));
    const [a, b] = [rig.process(), rig.process()];
    const emits = ids.map(async (_, n) => {
      for (let i = 0; i < n % 7; i++) await new Promise<void>((resolve) => setImmediate(resolve));
      await rig.stem.emit(shipped, `k${n}`, { n });
    });
    await Promise.all([a.work(), b.work(), ...emits]);
    for (let i = 0; i < 5; i++) await Promise.all([a.work(), b.work()]);
    expect((await rig.adapter.jobs.get(ids)).map((record) => record?.result)).toEqual(ids.map((_, n) => String(n)));
  });
});
