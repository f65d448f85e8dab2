import { describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import { StoreError } from "../../../lib/contract/errors.js";
import { Stem } from "../../../lib/core/client/stem.js";
import type { Schema } from "../../../lib/core/task/schema.js";
import { abortReason } from "../../../lib/core/attempt/aborted.js";
import { Worker } from "../../../lib/core/worker/worker.js";
import { defineEvent } from "../../../lib/core/event/event.js";
import { currentRun } from "../../../lib/core/workflow/current.js";
import { counter, Rig, until } from "./rig.js";

const go = defineEvent<{ n: number }>("go");

const numeric: Schema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "number" ? { value: value + 0.5 } : { issues: [{ message: "not a number" }] }),
  },
};

describe("A run", () => {
  it("knows itself, the same in every pass", async () => {
    const seen: unknown[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      const { runId, workflow, attempt, headers, startedAt } = ctx;
      const before = ctx.replaying;
      await ctx.step("a", () => 1);
      seen.push({ runId, workflow, attempt, headers, startedAt, before, after: ctx.replaying });
      await ctx.sleep("nap", "1h");
    });
    await rig.stem.start("flow", undefined, { id: "run", headers: { tenant: "acme" } });
    await rig.finish();
    const same = {
      runId: "run",
      workflow: "flow",
      attempt: 1,
      headers: { tenant: "acme" },
      startedAt: new Date("2026-01-01"),
      after: false,
    };
    expect(seen).toEqual([
      { ...same, before: false },
      { ...same, before: true },
    ]);
  });

  it("checks its payload before each pass and its result at the end", async () => {
    const rig = new Rig(async (n: number) => (n === 1.5 ? n : "no number"), { input: numeric, output: numeric });
    await rig.start(1);
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "2" });
    await rig.start(2, "bad");
    expect(await rig.finish("bad")).toMatchObject({ state: "failed", cause: "rejected", error: { code: "STEM_PAYLOAD_INVALID" } });
  });

  it("goes on when a schema threw instead of judging, without running a journaled step again", async () => {
    const { ran, step } = counter();
    let [inputs, outputs] = [0, 0];
    const failing = (fails: () => boolean): Schema<number> => ({
      "~standard": {
        ...numeric["~standard"],
        validate: (value) => {
          if (fails()) throw new Error("the database is away");
          return { value: value as number };
        },
      },
    });
    const rig = new Rig(async (n: number, ctx) => (await ctx.step("a", step("a")), n), {
      retry: 3,
      input: failing(() => ++inputs === 2),
      output: failing(() => ++outputs === 1),
    });
    await rig.start(1);
    expect(await rig.finish()).toMatchObject({ state: "succeeded", attempts: 3, result: "1" });
    expect(ran).toEqual(["a"]);
  });

  it("cancelled while it sleeps does not wake", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.sleep("nap", "1h");
      await ctx.step("after", step("after"));
    });
    await rig.start();
    await rig.process().work();
    await rig.stem.cancel("run", "enough");
    rig.clock.advance("2h");
    expect(await rig.finish()).toMatchObject({ state: "cancelled" });
    expect(ran).toEqual([]);
  });

  it("cancelled during a step tells the step, and writes nothing more", async () => {
    const reasons: unknown[] = [];
    let running = false;
    const stop = new AbortController();
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.step("long", ({ signal }) => {
        running = true;
        return new Promise((done) => signal.addEventListener("abort", () => done(reasons.push(signal.reason))));
      });
      await ctx.step("after", () => reasons.push("ran on"));
    });
    await rig.start();
    const work = rig.process().work(stop.signal);
    await until(() => running);
    await rig.stem.cancel("run");
    // What the worker does when the store says so.
    stop.abort(abortReason("cancelled", "run"));
    await work;
    expect(reasons).toEqual([expect.objectContaining({ code: "STEM_JOB_CANCELLED" })]);
    expect(rig.outcomes).toMatchObject([{ kind: "aborted", reason: "cancelled" }]);
    expect(await rig.lines()).toEqual([]);
    expect((await rig.record()).state).toBe("cancelled");
  });

  it("stopped by a shutdown keeps what its steps still finish, and gives the attempt back", async () => {
    const { ran } = counter();
    const stop = new AbortController();
    const rig = new Rig(async (_: undefined, ctx) => {
      await Promise.all([
        ctx.step(
          "heeds",
          ({ signal, attempt }) => {
            ran.push(`heeds ${attempt}`);
            if (ran.length > 2) return 1;
            return new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(signal.reason)));
          },
          { retry: { attempts: 2, base: "1m" } },
        ),
        ctx.step("finishes", ({ signal }) => {
          ran.push("finishes");
          return new Promise((done) => signal.addEventListener("abort", () => done(2)));
        }),
      ]);
    });
    await rig.start();
    const work = rig.process().work(stop.signal);
    await until(() => ran.length === 2);
    stop.abort(abortReason("shutdown", "run"));
    await work;
    expect(await rig.record()).toMatchObject({ state: "ready", attempts: 0 });
    expect(await rig.lines()).toEqual(["step finishes done"]);
    expect(await rig.finish()).toMatchObject({ state: "succeeded", attempts: 1 });
    expect(ran).toEqual(["heeds 1", "finishes", "heeds 1"]);
  });

  it("that failed for good keeps its done steps for a person's retry", async () => {
    const { ran, step } = counter();
    let broken = true;
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.step("a", step("a"));
      if (broken) throw new Error("no luck");
      return ctx.step("b", step("b", "fine"));
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "failed", error: { message: "no luck" } });
    broken = false;
    await rig.stem.deadLetters.retry(["run"]);
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '"fine"' });
    expect(ran).toEqual(["a", "b"]);
  });

  it("whose journal cannot be written is put back with its attempt, and loses no step that was done", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.step("a", step("a"));
      await ctx.step("b", step("b"));
      return ctx.step("c", step("c", "fine"));
    });
    const { journal } = rig.adapter;
    let down = 2;
    const append = journal.append.bind(journal);
    Object.assign(journal, {
      append: async (...args: Parameters<typeof append>) => {
        // The first answer is lost on its way, the second write on its way there.
        if (down === 2) await append(...args);
        if (down-- > 0) throw new StoreError("STEM_STORE_FAILED", "gone", "wait");
        return append(...args);
      },
    });
    await rig.start();
    await rig.process().work();
    expect(await rig.record()).toMatchObject({ state: "ready", attempts: 0, dueAt: rig.clock.now() + 1_000 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '"fine"', attempts: 1 });
    expect(ran).toEqual(["a", "b", "c"]);
  });

  it("waits out a journal that cannot be read", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.step("a", () => 1);
      return (await ctx.waitFor(go)).n;
    });
    await rig.start();
    await rig.finish();
    // Stored nowhere else: the wake is all there is of it.
    await rig.stem.emit(go, "", { n: 4 }, { keep: 0 });
    const { journal } = rig.adapter;
    const read = journal.read.bind(journal);
    let down = 3;
    Object.assign(journal, {
      read: async (...args: Parameters<typeof read>) => (down-- > 0 ? Promise.reject(new Error("gone")) : read(...args)),
    });
    const work = rig.process().work();
    await until(async () => {
      rig.clock.advance(1);
      return (await rig.record()).state === "succeeded";
    });
    await work;
    expect(await rig.record()).toMatchObject({ state: "succeeded", result: "4" });
  });

  it("does its I/O in steps: what a body awaits besides is done again by the pass after a sleep", async () => {
    let calls = 0;
    const rig = new Rig(async (_: undefined, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 5)).then(() => calls++);
      await ctx.sleep("nap", "1h");
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(calls).toBe(2);
  });
});

describe("Runs in a real worker", () => {
  it("go from step to sleep to event to end, many at once, with middleware around each pass", async () => {
    const rig = new Rig(async (n: number, ctx) => {
      const a = await ctx.step("a", () => n);
      await ctx.sleep("nap", 5);
      const event = await ctx.waitFor(go, { key: String(n) });
      return a + event.n + (currentRun() === ctx ? 0.5 : 0);
    });
    let passes = 0;
    const adapter = memory();
    await adapter.open();
    const stem = new Stem({ adapter, registry: rig.registry });
    const worker = new Worker({ stem, options: { poll: 200 }, middleware: [(_, next) => (passes++, next())] });
    await worker.start();
    const handles = await Promise.all(Array.from({ length: 40 }, (_, n) => stem.start("flow", n)));
    await Promise.all(handles.map((_, n) => stem.emit(go, String(n), { n: 1_000 })));
    const results = await Promise.all(handles.map((handle) => handle.result({ timeout: "10s" })));
    expect(results).toEqual(handles.map((_, n) => n + 1_000.5));
    // First, after the sleep, after the event; a sleep that is over before its pass ends costs none.
    expect(passes).toBeGreaterThanOrEqual(80);
    expect(passes).toBeLessThanOrEqual(120);
    await worker.stop();
    await stem.close();
    await adapter.close();
  });
});
