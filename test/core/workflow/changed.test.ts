import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { WorkflowChangedError } from "../../../lib/core/workflow/errors.js";
import { type Body, counter, Rig, until } from "./rig.js";

/** Runs `before` until it sleeps, deploys `after`, and goes on. */
async function changed(before: Body, after: Body): Promise<Rig> {
  const rig = new Rig(before, { retry: 5 });
  await rig.start();
  await rig.process().work();
  expect((await rig.record()).state).toBe("ready");
  rig.deploy(after);
  await rig.finish();
  return rig;
}

function stories() {
  const { ran, step } = counter();
  const before: Body = async (_: undefined, ctx) => {
    await ctx.step("reserve", step("reserve"));
    await ctx.step("charge", step("charge"));
    await ctx.sleep("nap", "1h");
    await ctx.step("ship", step("ship"));
  };
  return { ran, step, before };
}

async function expectStopped(rig: Rig, journaled: readonly string[], asked: readonly string[]): Promise<void> {
  const record = await rig.record();
  expect(record).toMatchObject({ state: "failed", cause: "rejected", error: { code: "STEM_WORKFLOW_CHANGED" } });
  const last = rig.outcomes.at(-1)!;
  const { error } = last as { error: WorkflowChangedError };
  expect(error).toBeInstanceOf(WorkflowChangedError);
  expect([error.journaled, error.asked]).toEqual([journaled, asked]);
  expect(record.error!.message).toContain(journaled.join(", "));
}

const JOURNAL = ["step reserve", "step charge", "sleep nap"];

describe("Changed code", () => {
  it("that dropped a step is stopped before it does anything new", async () => {
    const { ran, step, before } = stories();
    const rig = await changed(before, async (_: undefined, ctx) => {
      await ctx.step("reserve", step("reserve"));
      await ctx.sleep("nap", "1h");
      await ctx.step("ship", step("ship"));
    });
    await expectStopped(rig, JOURNAL, ["step reserve", "sleep nap", "step ship"]);
    expect(ran).toEqual(["reserve", "charge"]);
  });

  it("that renamed a step is stopped before that step runs a second time", async () => {
    const { ran, step, before } = stories();
    const rig = await changed(before, async (_: undefined, ctx) => {
      await ctx.step("reserve", step("reserve"));
      await ctx.step("pay", step("pay"));
      await ctx.sleep("nap", "1h");
    });
    await expectStopped(rig, JOURNAL, ["step reserve", "step pay"]);
    expect(ran).toEqual(["reserve", "charge"]);
  });

  it("that put a step before what was done is stopped before it runs", async () => {
    const { ran, step, before } = stories();
    const rig = await changed(before, async (_: undefined, ctx) => {
      await ctx.step("check", step("check"));
      await ctx.step("reserve", step("reserve"));
      await ctx.step("charge", step("charge"));
      await ctx.sleep("nap", "1h");
    });
    await expectStopped(rig, JOURNAL, ["step check"]);
    expect(ran).toEqual(["reserve", "charge"]);
  });

  it("that made something else of a step is stopped at once", async () => {
    const { step, before } = stories();
    const rig = await changed(before, async (_: undefined, ctx) => {
      await ctx.step("reserve", step("reserve"));
      await ctx.sleep("charge", "1h");
    });
    await expectStopped(rig, JOURNAL, ["step reserve", "sleep charge"]);
  });

  it("that returns too soon, or waits elsewhere, is stopped", async () => {
    const { step, before } = stories();
    const short = await changed(before, async (_: undefined, ctx) => void (await ctx.step("reserve", step("reserve"))));
    await expectStopped(short, JOURNAL, ["step reserve"]);
    const waiting = await changed(before, async (_: undefined, ctx) => {
      await ctx.step("reserve", step("reserve"));
      await ctx.waitFor({ name: "signal" });
    });
    await expectStopped(waiting, JOURNAL, ["step reserve", "wait signal"]);
  });

  it("may add steps after the last one that was done, and put what was done in another order", async () => {
    const { ran, step, before } = stories();
    const rig = await changed(before, async (_: undefined, ctx) => {
      await ctx.step("charge", step("charge"));
      await ctx.step("reserve", step("reserve"));
      await ctx.sleep("nap", "1h");
      await ctx.step("inform", step("inform"));
      await ctx.step("ship", step("ship"));
    });
    expect((await rig.record()).state).toBe("succeeded");
    expect(ran).toEqual(["reserve", "charge", "inform", "ship"]);
  });

  it("stops a run whose old code goes on with it after a person's retry, as if nothing had been", async () => {
    const { ran, before } = stories();
    const rig = await changed(before, async () => {});
    expect((await rig.record()).state).toBe("failed");
    rig.deploy(before);
    await rig.stem.deadLetters.retry(["run"]);
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(ran).toEqual(["reserve", "charge", "ship"]);
  });

  it("is not suspected of a body that is slow to ask for one of two branches", async () => {
    const { ran, step } = counter();
    let dead = true;
    const rig = new Rig(async (_: undefined, ctx) => {
      await Promise.all([
        ctx.step("a", () => (dead ? new Promise(() => {}) : step("a")())),
        new Promise((resolve) => setTimeout(resolve, 30)).then(() => ctx.step("b", step("b"))),
      ]);
    });
    await rig.start();
    void rig.process().work();
    await until(async () => (await rig.lines()).includes("step b done"));
    dead = false;
    rig.clock.advance("1m");
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(ran).toEqual(["b", "a"]);
  });

  it("is told from a body that was only held up: what it asks for at the last moment counts", async () => {
    const go = defineEvent("go");
    let pause = async (): Promise<void> => {};
    const rig = new Rig(async (_: undefined, ctx) => {
      const nap = ctx.sleep("nap", "1h");
      const gone = ctx.waitFor(go);
      await pause();
      await ctx.step("ship", () => 1);
      await gone;
      await nap;
    });
    await rig.start();
    await rig.process().work();
    await rig.stem.emit(go, "");
    // Slow on replay, in a process whose event loop is blocked meanwhile: both timers are due when it goes
    // on.
    pause = () =>
      new Promise((resolve) => {
        setTimeout(() => {
          const end = performance.now() + 100;
          while (performance.now() < end);
        }, 40);
        setTimeout(() => setImmediate(() => setImmediate(resolve)), 80);
      });
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
  });
});
