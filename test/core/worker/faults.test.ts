import { describe, expect, it } from "@jest/globals";
import type { Entry } from "../../../lib/contract/journal.js";
import { Stem } from "../../../lib/core/client/stem.js";
import type { Schema } from "../../../lib/core/task/schema.js";
import { Worker } from "../../../lib/core/worker/worker.js";
import { gate, Rig, turns, until } from "./rig.js";

describe("A fault beside the jobs", () => {
  it("a log that throws stops no worker and loses no job", async () => {
    let fails = 0;
    const rig = new Rig({
      bad: [
        () => {
          throw new Error("no");
        },
        { retry: 1 },
      ],
      good: () => 1,
    });
    const say = (): never => {
      fails++;
      throw new Error("the log is closed");
    };
    const stem = new Stem({
      adapter: rig.stem.adapter,
      registry: rig.registry,
      clock: rig.clock,
      log: { log: say, warn: say, error: say, debug: say },
    });
    const worker = new Worker({ stem, dice: () => 0.5 });
    await worker.start();
    await rig.stem.enqueue("bad", undefined, { id: "bad" });
    await rig.ended("bad");
    await turns();
    await rig.stem.enqueue("good", undefined, { id: "good" });
    await rig.ended("good");
    rig.fault = () => new Error("the store is away");
    await rig.stem.enqueue("good", undefined, { id: "later" });
    await turns();
    rig.heal();
    for (let i = 0; i < 20; i++) {
      rig.clock.advance("1s");
      await turns(5);
    }
    expect((await rig.record("later")).state).toBe("succeeded");
    expect(fails).toBeGreaterThan(1);
    await worker.stop();
  });

  it("jobs that were lent when something here threw are not held for ever", async () => {
    const rig = new Rig({ quick: () => 1 });
    let broken = true;
    const worker = await rig.started({ lease: "10s" });
    const { settle } = rig.stem.adapter.broker;
    // A fault of ours between the store's answer and the start of what it lent.
    Object.assign(rig.stem.adapter.broker, {
      settle: async (...args: Parameters<typeof settle>) => {
        const settled = await settle(...args);
        if (!broken || settled.claimed === undefined || settled.claimed.deliveries.length === 0) return settled;
        broken = false;
        const { claimed } = settled;
        return {
          ...settled,
          get lost(): never {
            throw new Error(`fault after ${claimed.deliveries.length}`);
          },
        };
      },
    });
    const held = gate();
    rig.task("slow", () => held.promise);
    await rig.stem.enqueue("quick", undefined, { id: "one" });
    await until(() => rig.verbs("settle").length > 0 || worker.running === 0);
    await rig.stem.enqueueMany("quick", [1, 2, 3], { id: "more" });
    for (let i = 0; i < 60; i++) {
      rig.clock.advance("500ms");
      await turns(5);
    }
    expect((await rig.ended("one", "more-0", "more-1", "more-2")).map(({ state }) => state)).toEqual(Array(4).fill("succeeded"));
    held.open();
  });

  it("a run whose journal cannot be understood ends as a dead letter and does not take the process down", async () => {
    const rig = new Rig();
    rig.workflow("flow", (_, ctx) => ctx.sleep("nap", "1s"), { retry: 1 });
    await rig.started();
    await rig.stem.start("flow", undefined, { id: "run" });
    await until(() => rig.verbs("settle").length > 0);
    await turns();
    const entry: Entry = { seq: 1, key: "x", kind: "wait", state: "done", value: "no json", at: 0 };
    Object.assign(rig.stem.adapter.journal, { read: async () => [[entry]] });
    rig.clock.advance("2s");
    const [record] = await rig.ended("run");
    expect(record!.state).toBe("failed");
    expect(record!.error!.message).toMatch(/JSON/);
  });

  it("a schema whose value throws when it is looked at fails its own job, not the others", async () => {
    const trap: Schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({
          value: {
            // oxlint-disable-next-line unicorn/no-thenable -- that is the trap
            get then(): never {
              throw new Error("trap");
            },
          },
        }),
      },
    };
    const rig = new Rig({ trapped: [() => 1, { retry: 1 }], good: () => 1 });
    Object.assign(rig.registry.need("trapped"), { input: trap });
    rig.registry.need("good");
    await rig.store.broker.enqueue([
      { id: "trapped", task: "trapped", queue: "default", payload: "1" },
      { id: "good", task: "good", queue: "default", payload: "1" },
    ]);
    await rig.started();
    expect((await rig.ended("trapped", "good")).map(({ state }) => state)).toEqual(["failed", "succeeded"]);
  });
});
