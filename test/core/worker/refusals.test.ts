import { describe, expect, it } from "@jest/globals";
import type { Lease } from "../../../lib/contract/index.js";
import { Rig, turns, until } from "./rig.js";

const MINUTE = 60_000;

async function typo(rig: Rig, id = "typo"): Promise<void> {
  await rig.store.broker.enqueue([{ id, task: "mail.sned", queue: "default", payload: "" }]);
}

/** Lets time pass in steps short enough for a worker to do all it would do. */
async function pass(rig: Rig, ms: number, step = 1_000, also = async (): Promise<unknown> => undefined): Promise<void> {
  for (let gone = 0; gone < ms; gone += step) {
    await also();
    rig.clock.advance(step);
    await turns(6);
    await until(async () => (await rig.store.queues.list()).items.every(({ active }) => active === 0));
  }
}

/** A worker of another version that is alive and serves the queue. */
const other =
  (rig: Rig, info: Record<string, string> = { queues: "default", code: "other", tasks: "a mail.sned" }) =>
  () =>
    rig.store.workers.renew({ id: "other", leaseMs: 10_000, info }, []);

describe("A job that this worker cannot run", () => {
  it("is handed back, attempt and all, says why, and is warned of once with what to do", async () => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started();
    await typo(rig);
    await typo(rig, "typo2");
    await pass(rig, 10_000);
    for (const id of ["typo", "typo2"])
      expect(await rig.record(id)).toMatchObject({ state: "ready", attempts: 0, lapses: 0, error: { code: "STEM_UNKNOWN_TASK" } });
    const warnings = rig.lines.filter((line) => line.startsWith("warn"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('"mail.sned"');
    expect(warnings[0]).toContain("providers");
    expect(warnings[0]).toContain('Did you mean "mail.send"?');
  });

  it("is dead when nobody who knows it has come for 15 minutes, and not before", async () => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started();
    await typo(rig);
    await pass(rig, 14 * MINUTE + 55_000);
    expect(await rig.record("typo")).toMatchObject({ state: "ready", attempts: 0 });
    await pass(rig, 10_000);
    expect(await rig.record("typo")).toMatchObject({ state: "failed", cause: "rejected", error: { code: "STEM_UNKNOWN_TASK" } });
    expect(rig.told).toContain("job:dead typo");
  });

  it("is dead after as long as the option says, counted over all workers that had it", async () => {
    const rig = new Rig({ "mail.send": () => {} });
    await typo(rig);
    for (let n = 0; n < 3; n++) {
      const worker = await rig.started({ deploy: "1m", grace: 0, abortGrace: 0 });
      await pass(rig, 25_000);
      const stopping = worker.stop();
      await pass(rig, 2_000, 500);
      await stopping;
    }
    expect(await rig.record("typo")).toMatchObject({ state: "failed", cause: "rejected" });
  });

  it("is dead at once with no time for deploys", async () => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started({ deploy: 0 });
    await typo(rig);
    expect((await rig.ended("typo"))[0]).toMatchObject({ state: "failed", attempts: 1 });
  });

  it.each([
    ["that knows it", undefined],
    ["of a version of this package that does not say what it knows", { queues: "a,default" }],
    ["that knows too much to say", { queues: "default", code: "other", tasks: "*" }],
  ])("waits as long as a worker lives %s", async (_, info) => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started({ deploy: "1m" });
    await typo(rig);
    const beat = other(rig, info);
    await beat();
    await pass(rig, 10 * MINUTE, 1_000, beat);
    expect(await rig.record("typo")).toMatchObject({ state: "ready", attempts: 0 });
    await pass(rig, 55_000);
    expect((await rig.record("typo")).state).toBe("ready");
    await pass(rig, 30_000);
    expect((await rig.record("typo")).state).toBe("failed");
  });

  it.each([
    ["has not heard of it", { queues: "default", code: "other", tasks: "mail.snedd mail" }],
    ["serves another queue", { queues: "defaults", code: "other", tasks: "mail.sned" }],
  ])("does not wait for a worker that %s", async (_, info) => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started({ deploy: "1m" });
    await typo(rig);
    const beat = other(rig, info);
    await beat();
    await pass(rig, 70_000, 1_000, beat);
    expect((await rig.record("typo")).state).toBe("failed");
  });

  it("has all its time again after it was run in between, or retried by a person", async () => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started({ deploy: "1m", poll: "1s" });
    await typo(rig);
    await pass(rig, 50_000);
    // Another worker has it and lets it sleep.
    await rig.store.jobs.change({ ids: [] }, { to: "cancelled", reason: "" });
    await other(rig)();
    let lease: Lease | undefined;
    for (let n = 0; n < 100 && lease === undefined; n++) {
      rig.clock.advance(400);
      lease = (await rig.store.broker.claim({ worker: "other", from: [{ queue: "default" }], limit: 1 })).deliveries[0]?.lease;
      await other(rig)();
    }
    expect(lease).toBeDefined();
    await rig.store.broker.settle([{ lease: lease!, as: "ready", attempt: "returned", ran: true, delayMs: 100 }]);
    await rig.store.workers.leave("other");
    await pass(rig, 50_000);
    expect((await rig.record("typo")).state).toBe("ready");
    await pass(rig, 20_000);
    expect((await rig.record("typo")).state).toBe("failed");
    await rig.stem.deadLetters.retry(["typo"]);
    await pass(rig, 50_000);
    expect((await rig.record("typo")).state).toBe("ready");
    await pass(rig, 20_000);
    expect((await rig.record("typo")).state).toBe("failed");
  });

  it("is left to others while they are alive: this worker asks its queue only in every other turn", async () => {
    const rig = new Rig({ "mail.send": () => {} });
    await rig.started();
    const beat = other(rig);
    await beat();
    await typo(rig);
    await until(async () => (await rig.record("typo")).error !== undefined);
    const { length } = rig.calls;
    const lent: number[] = [];
    for (let n = 0; n < 20; n++) {
      await beat();
      rig.clock.advance(100);
      await turns(10);
      await until(async () => (await rig.store.queues.list()).items.every(({ active }) => active === 0));
      lent.push((await rig.record("typo")).startedAt ?? 0);
    }
    expect(new Set(lent).size).toBeLessThanOrEqual(10);
    expect(new Set(lent).size).toBeGreaterThanOrEqual(2);
    expect(rig.calls.length - length).toBeLessThan(80);
  });

  it("does not keep the tasks this worker knows from running", async () => {
    const rig = new Rig({ "mail.send": () => 1 });
    await rig.started();
    await other(rig)();
    await typo(rig);
    await until(async () => (await rig.record("typo")).error !== undefined);
    const { id } = await rig.stem.enqueue("mail.send");
    await pass(rig, 1_000, 100, other(rig));
    expect((await rig.record(id)).state).toBe("succeeded");
  });
});

describe("A run whose journal holds more than this worker's code asks for", () => {
  it("is handed back, its journal and its wake untouched, and dead after the time of a deploy", async () => {
    const rig = new Rig();
    let fresh = true;
    rig.workflow(
      "flow",
      async (_: unknown, ctx) => {
        await ctx.step("a", () => 1);
        if (!fresh) return;
        await ctx.step("b", () => 2);
        await ctx.waitFor({ name: "go" });
        await ctx.step("c", () => 3);
      },
      { retry: 1 },
    );
    await rig.started({ deploy: "1m" });
    const { id } = await rig.stem.start("flow");
    await until(async () => (await rig.record(id)).state === "parked");
    fresh = false;
    await rig.stem.emit({ name: "go" }, "", undefined, { keep: 0 });
    await pass(rig, 50_000);
    expect(await rig.record(id)).toMatchObject({ state: "ready", attempts: 0, error: { code: "STEM_WORKFLOW_CHANGED" } });
    expect(rig.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    fresh = true;
    await pass(rig, 5_000);
    expect((await rig.record(id)).state).toBe("succeeded");
  });

  it("is dead when nobody has gone on with it for the time of a deploy", async () => {
    const rig = new Rig();
    let fresh = true;
    rig.workflow("flow", async (_: unknown, ctx) => {
      await ctx.step("a", () => 1);
      if (fresh) await ctx.sleep("b", 10);
    });
    await rig.started({ deploy: "1m" });
    const { id } = await rig.stem.start("flow");
    await until(async () => (await rig.store.journal.read([{ id }]))[0]!.length > 0);
    fresh = false;
    await pass(rig, 50_000);
    expect((await rig.record(id)).state).toBe("ready");
    await pass(rig, 20_000);
    expect(await rig.record(id)).toMatchObject({ state: "failed", cause: "rejected", error: { code: "STEM_WORKFLOW_CHANGED" } });
  });
});
