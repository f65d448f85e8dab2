import { describe, expect, it } from "@jest/globals";
import type { SignalName } from "../../../lib/core/telemetry/signals.js";
import { omit } from "../../contract/faults/fault.js";
import { gate, Rig, turns, until } from "../worker/rig.js";

/** Every end that is told, by any process of the rig, with its payload. */
function ears(rig: Rig): { name: SignalName; jobId: string; payload: unknown; cause?: string; message?: string }[] {
  const heard: { name: SignalName; jobId: string; payload: unknown; cause?: string; message?: string }[] = [];
  for (const name of ["job:dead", "job:cancelled", "job:expired"] as const)
    rig.stem.signals.on(name, (signal) => {
      const cause = "cause" in signal ? signal.cause : undefined;
      heard.push({ name, jobId: signal.jobId, payload: signal.payload, ...(cause && { cause }), message: signal.error.message });
    });
  return heard;
}

describe("The end of a job is told once, with its payload, when it", () => {
  it("was lost with its workers too often, and the log has it as an error", async () => {
    const rig = new Rig({ work: () => new Promise(() => {}) });
    const heard = ears(rig);
    const draft = await rig.stem.draft("work", { to: "ada" }, { id: "poison" });
    await rig.store.broker.enqueue([{ ...draft, maxLapses: 1 }]);
    await rig.store.workers.renew({ id: "gone", leaseMs: 1_000, info: {} }, []);
    await rig.store.broker.claim({ worker: "gone", from: [{ queue: "default" }], limit: 1 });
    rig.clock.advance(2_000);
    await rig.started();
    await until(() => heard.length > 0);
    await turns();
    expect(heard).toEqual([expect.objectContaining({ name: "job:dead", jobId: "poison", payload: { to: "ada" }, cause: "lapsed" })]);
    const errors = rig.lines.filter((line) => line.startsWith("error"));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^error Job poison of task "work" \(work\.run\) is dead .*lost with its workers/);
  });

  it("expired, was cancelled while it waited, or while it ran", async () => {
    const rig = new Rig({ work: () => new Promise(() => {}) });
    const heard = ears(rig);
    await rig.stem.enqueue("work", { n: 1 }, { id: "late", expiresIn: 10 });
    await rig.stem.enqueue("work", { n: 2 }, { id: "delayed", delay: "1h" });
    rig.clock.advance(100);
    await rig.stem.enqueue("work", { n: 3 }, { id: "running" });
    await rig.started();
    await until(() => rig.told.includes("job:started running"));
    await rig.stem.cancel(["delayed", "unknown"], "not wanted");
    await rig.stem.handle("running").cancel("stop");
    await rig.stem.handle("running").cancel("again");
    await turns();
    expect(heard.map(({ name, jobId, payload, message }) => [name, jobId, payload, message])).toEqual([
      ["job:expired", "late", { n: 1 }, expect.stringContaining("had not started by")],
      ["job:cancelled", "delayed", { n: 2 }, "not wanted"],
      ["job:cancelled", "running", { n: 3 }, "stop"],
    ]);
  });

  it("waits for a job that died: the callback of a chord, and the rest of a chain", async () => {
    const rig = new Rig({ bad: [() => Promise.reject(new Error("boom")), { retry: 1 }], good: () => 1 });
    const heard = ears(rig);
    await rig.started();
    const chord = await rig.stem.chord(
      [rig.stem.signature("good", 1), rig.stem.signature("bad", 2)],
      rig.stem.signature("good", { all: 1 }),
    );
    await expect(chord.result()).rejects.toMatchObject({ code: "STEM_JOB_FAILED" });
    const chain = await rig.stem.chain(rig.stem.signature("bad", 3), rig.stem.signature("good", 4), rig.stem.signature("good", 5));
    await expect(chain.result()).rejects.toMatchObject({ code: "STEM_JOB_FAILED" });
    await turns();
    expect(heard.map(({ name, payload, cause }) => `${name} ${JSON.stringify(payload)} ${cause}`).sort()).toEqual(
      ["job:dead 2 error", 'job:dead {"all":1} input', "job:dead 3 error", "job:dead 4 input", "job:dead 5 input"].sort(),
    );
  });

  it("was refused by the store when it ended, and however long its payload is", async () => {
    const open = gate();
    const rig = new Rig({ work: () => open.promise });
    const heard = ears(rig);
    const long = "x".repeat(100_000);
    await rig.stem.enqueue("work", long, { id: "long", delay: "1h" });
    const { change } = rig.stem.adapter.jobs;
    // As an adapter answers that does not carry long payloads along.
    Object.assign(rig.stem.adapter.jobs, {
      change: async (...asked: Parameters<typeof change>) => {
        const changed = await change(...asked);
        return { ...changed, ended: changed.ended?.map((end) => omit(end, "payload")) };
      },
    });
    await rig.stem.cancel("long");
    await until(() => heard.length > 0);
    expect(heard[0]).toMatchObject({ jobId: "long", payload: long });
  });

  it("is told by nobody twice, and an adapter that does not say whom it ended is borne", async () => {
    const rig = new Rig({ work: () => 1 });
    const heard = ears(rig);
    const { claim } = rig.stem.adapter.broker;
    const { change } = rig.stem.adapter.jobs;
    Object.assign(rig.stem.adapter.jobs, { change: async (...asked: Parameters<typeof change>) => omit(await change(...asked), "ended") });
    Object.assign(rig.stem.adapter.broker, {
      claim: async (request: never) => omit(await claim(request), "ended"),
    });
    await rig.stem.enqueue("work", 1, { id: "old", delay: "1h" });
    expect(await rig.stem.cancel("old")).toEqual([{ id: "old", as: "cancelled", was: "ready" }]);
    expect(heard).toEqual([]);
  });
});

describe("Signals and middleware", () => {
  it("see payload, headers and result decoded, and decode nothing for those who do not look", async () => {
    const rig = new Rig({ work: [() => ({ ok: true }), { keepResult: 0 }] });
    const seen: unknown[] = [];
    let decoded = 0;
    const decode = rig.stem.codec.decode.bind(rig.stem.codec);
    rig.stem.signals.on("job:started", () => undefined);
    const stop = rig.stem.signals.on("job:succeeded", ({ payload, result, headers }) => void seen.push({ payload, result, headers }));
    await rig.started({}, { middleware: [(context, next) => (seen.push([context.jobId, context.task, context.payload]), next())] });
    await rig.stem.enqueue("work", { to: "ada" }, { id: "one", headers: { tenant: "acme" } });
    await until(() => seen.length === 2);
    expect(seen).toEqual([["one", "work", { to: "ada" }], { payload: { to: "ada" }, result: { ok: true }, headers: { tenant: "acme" } }]);
    stop();
    Object.assign(rig.stem.codec, { decode: (...args: Parameters<typeof decode>) => (decoded++, decode(...args)) });
    try {
      rig.stem.signals.on("job:enqueued", ({ jobId }) => void seen.push(jobId));
      await rig.stem.enqueue("work", 2, { id: "two" });
      await until(() => rig.told.includes("job:succeeded two"));
      expect(decoded).toBe(1);
    } finally {
      Object.assign(rig.stem.codec, { decode });
    }
  });

  it("have one id for tasks and runs in middleware", async () => {
    const rig = new Rig({ work: () => 1 });
    rig.workflow("flow", () => 2);
    const seen: string[] = [];
    await rig.started(
      {},
      {
        middleware: [
          (context, next) => {
            seen.push(`${context.jobId} ${context.task} ${context.queue} ${JSON.stringify(context.payload)}`);
            return next();
          },
        ],
      },
    );
    await rig.stem.enqueue("work", { a: 1 }, { id: "j" });
    await rig.stem.start("flow", { b: 2 }, { id: "r" });
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual(['j work default {"a":1}', 'r flow default {"b":2}']);
  });
});
