import { describe, expect, it } from "@jest/globals";
import { settleWorkerOptions, type WorkerOptions } from "../../../lib/core/worker/options.js";
import { type ProbeEvent, workerProbe } from "../../../lib/core/worker/probe.js";
import { Rig, turns, until } from "./rig.js";

describe("A worker's options", () => {
  it("have the documented defaults", () => {
    expect(settleWorkerOptions()).toEqual({
      queues: undefined,
      concurrency: 100,
      leaseMs: 10_000,
      graceMs: 20_000,
      abortGraceMs: 5_000,
      pollMs: 5_000,
      deployMs: 900_000,
    });
  });

  it("take queues as names or as names with ceilings", () => {
    expect(settleWorkerOptions({ queues: ["a", "b"] }).queues).toEqual(
      new Map([
        ["a", undefined],
        ["b", undefined],
      ]),
    );
    expect(settleWorkerOptions({ queues: { a: 3 } }).queues).toEqual(new Map([["a", 3]]));
  });

  it.each<[string, unknown, string]>([
    ["an unknown option", { concurency: 5 }, "STEM_OPTION_UNKNOWN"],
    ["no slots", { concurrency: 0 }, "STEM_OPTION_INVALID"],
    ["too many slots", { concurrency: 10_001 }, "STEM_OPTION_INVALID"],
    ["half a slot", { concurrency: 1.5 }, "STEM_OPTION_INVALID"],
    ["slots as text", { concurrency: "5" }, "STEM_OPTION_INVALID"],
    ["no queue", { queues: [] }, "STEM_OPTION_INVALID"],
    ["a queue as text", { queues: "mail" }, "STEM_OPTION_INVALID"],
    ["null for queues", { queues: null }, "STEM_OPTION_INVALID"],
    ["a queue with a space", { queues: ["my mail"] }, "STEM_NAME_INVALID"],
    ["a ceiling of 0", { queues: { mail: 0 } }, "STEM_OPTION_INVALID"],
    ["a lease too short to renew", { lease: 99 }, "STEM_DURATION_INVALID"],
    ["a poll that would be a loop", { poll: 0 }, "STEM_DURATION_INVALID"],
    ["a grace that is no duration", { grace: "soon" }, "STEM_DURATION_INVALID"],
  ])("refuse %s", (_, options, code) => {
    expect(() => settleWorkerOptions(options as WorkerOptions)).toThrow(expect.objectContaining({ code }));
  });
});

describe("The worker's probe", () => {
  it("tells a test when jobs are claimed, about to be settled, settled, and when there is nothing left", async () => {
    const seen: ProbeEvent["at"][] = [];
    workerProbe.listener = ({ at }) => void seen.push(at);
    try {
      const rig = new Rig({ work: async () => {} });
      const { id } = await rig.stem.enqueue("work");
      await rig.started();
      await rig.ended(id);
      await until(() => seen.includes("idle"));
      await turns();
      expect(seen).toEqual(["claimed", "settling", "settled", "idle"]);
    } finally {
      workerProbe.listener = undefined;
    }
  });
});
