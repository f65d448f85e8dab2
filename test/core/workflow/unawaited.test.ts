import { types } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { type WorkflowContext } from "../../../lib/core/context/workflow.js";
import { defineSignal } from "../../../lib/core/event/signal.js";
import { Unawaited, Watched } from "../../../lib/core/workflow/watched.js";
import { type Body, Rig } from "./rig.js";

const paid = defineEvent<number>("paid");
const stop = defineSignal<number>("stop");

/** What is said while so many runs of a body come to their ends. */
async function warnings(body: Body, runs = 1): Promise<readonly string[]> {
  const rig = new Rig(body);
  const said: string[] = [];
  const { log } = rig.stem;
  const { warn } = log;
  log.warn = (line: string) => void said.push(line);
  try {
    for (let n = 0; n < runs; n++) {
      await rig.start(undefined, `run${n}`);
      await rig.finish(`run${n}`);
    }
  } finally {
    log.warn = warn;
  }
  return said;
}

describe("A sleep or wait that nobody awaits", () => {
  it.each<[string, string, (ctx: WorkflowContext) => unknown]>([
    ["sleep", "nap", (ctx) => ctx.sleep("nap", "1h")],
    ["sleep", "until", (ctx) => ctx.sleepUntil("until", new Date(0))],
    ["wait", "paid", (ctx) => ctx.waitFor(paid, { key: "7" })],
    ["wait", "stop", (ctx) => ctx.waitForSignal(stop, { timeout: "1h" })],
  ])("is told when the run has returned: %s %s, once for all runs of the workflow", async (kind, name, ask) => {
    const body: Body = async (_, ctx) => {
      void ask(ctx);
      await ctx.step("after", () => 1);
      for (let n = 0; n < 3; n++) void ask(ctx);
    };
    expect(await warnings(body, 3)).toEqual([
      `Run run0 of workflow "flow" has returned without ever awaiting its ${kind} "${name}" → Await what ctx gave for it: await ctx.… (this is logged once).`,
    ]);
  });

  it.each<[string, (promise: Promise<void>, other: () => Promise<void>, ctx: WorkflowContext) => unknown]>([
    ["awaited", (promise) => promise],
    ["awaited in another function", async (promise) => (async () => await promise)()],
    ["awaited later", async (promise, _, ctx) => (await ctx.step("before", () => 1)) && promise],
    ["given a callback", (promise) => void promise.then(() => 1)],
    ["caught", (promise) => void promise.catch(() => 1)],
    ["finished", (promise) => void promise.finally(() => 1)],
    ["the loser of Promise.race", (promise, other) => Promise.race([promise, other()])],
    ["one of Promise.any", (promise, other) => Promise.any([other(), promise])],
    ["one of Promise.all", (promise, other) => Promise.all([other(), promise])],
    ["one of Promise.allSettled", (promise, other) => Promise.allSettled([other(), promise])],
    ["the loser of ctx.race", (promise, other, ctx) => ctx.race({ promise, other: other() })],
    ["what another promise is resolved with", (promise) => new Promise((resolve) => void resolve(promise))],
  ])("is no such if it is %s", async (_how, use) => {
    const body: Body = async (_, ctx) => void (await use(ctx.sleep("nap", "1h"), () => ctx.sleep("other", "1m"), ctx));
    expect(await warnings(body)).toEqual([]);
  });

  it("is a promise like any other", async () => {
    const seen: unknown[] = [];
    await warnings(async (_payload, ctx) => {
      const promise = ctx.sleep("nap", "1h");
      const after = promise.then(() => 1);
      const { constructor } = promise;
      seen.push(
        promise instanceof Promise,
        types.isPromise(promise),
        constructor === Promise,
        Object.getPrototypeOf(after) === Promise.prototype,
      );
      seen.push(Promise.resolve(promise) === promise, String(promise), await after);
    });
    expect(seen.slice(-7)).toEqual([true, true, true, true, true, "[object Promise]", 1]);
  });
});

it("Many sleeps asked for together are not gone through for each", () => {
  const { hasBeenSeen } = Watched;
  let looks = 0;
  Watched.hasBeenSeen = (promise) => (looks++, hasBeenSeen(promise));
  try {
    const unawaited = new Unawaited();
    for (let n = 0; n < 20_000; n++) unawaited.add({ key: `nap#${n}`, kind: "sleep", promise: new Watched(() => {}) });
    expect(looks).toBeLessThan(40_000);
  } finally {
    Watched.hasBeenSeen = hasBeenSeen;
  }
  expect(JSON.stringify(new Watched(() => {}))).toBe("{}");
});

describe("A step that fails while its body goes on, and that nobody awaits", () => {
  const boom = (ctx: WorkflowContext): Promise<never> =>
    ctx.step(
      "bg",
      () => {
        throw new Error("boom");
      },
      { retry: 1 },
    );

  it("is told when the run has returned, once", async () => {
    const body: Body = async (_, ctx) => {
      void boom(ctx);
      await ctx.step("fg", () => new Promise((done) => void setTimeout(done, 20)));
      return "returned";
    };
    expect(await warnings(body, 2)).toEqual([
      `Run run0 of workflow "flow" has returned without ever awaiting its step "bg", which failed: Error: boom → Await what ctx gave for it: await ctx.… (this is logged once).`,
    ]);
  });

  it.each<[string, (step: Promise<never>) => unknown]>([
    ["caught", (step) => step.catch(() => 1)],
    ["settled with others", (step) => Promise.allSettled([step])],
    ["tried", async (step) => await step.then(undefined, () => 1)],
  ])("is no such if it is %s", async (_how, use) => {
    expect(await warnings(async (_, ctx) => void (await use(boom(ctx))))).toEqual([]);
  });

  it("is no such if it succeeds", async () => {
    const body: Body = async (_, ctx) => {
      void ctx.step("bg", () => 1);
      await ctx.step("fg", () => 2);
    };
    expect(await warnings(body)).toEqual([]);
  });
});
