import { describe, expect, it } from "@jest/globals";
import { bytesOf, bytesOfJob, bytesOfSettlement, CALL_BYTES, fitting } from "../../lib/contract/size.js";
import { Portion } from "../../lib/contract/portion.js";

const MIB = 1_048_576;

describe("How much to ask of a store in one call", () => {
  it("is little while nothing is known, and soon all that is wished for while things are small", () => {
    const portion = new Portion();
    for (const most of [8, 64, 512, 1_000]) {
      expect(portion.of(1_000)).toBe(most);
      portion.came(most, most * 300);
    }
  });

  it("is about 8 MiB once things have been seen to be large, and one at least", () => {
    const portion = new Portion();
    portion.came(100, 100 * MIB);
    expect(portion.of(1_000)).toBe(8);
    portion.came(8, 8 * 20 * MIB);
    expect(portion.of(1_000)).toBe(1);
  });

  it("grows step by step when small things follow large ones, and shrinks when a call fails", () => {
    const portion = new Portion();
    portion.came(100, 100 * MIB);
    portion.came(8, 800);
    expect(portion.of(1_000)).toBe(64);
    portion.came(64, 0);
    expect(portion.of(1_000)).toBe(512);
    portion.failed();
    expect(portion.of(1_000)).toBe(8);
    portion.came(0, 0);
    expect(portion.of(5)).toBe(5);
  });
});

describe("What goes into one call", () => {
  it("weighs long texts exactly, and short ones so that a thousand of them fit", () => {
    expect(bytesOf("é".repeat(10_000))).toBe(20_000);
    expect(bytesOf("x".repeat(2_796)) * 1_000).toBeLessThanOrEqual(CALL_BYTES);
  });

  it("counts headers, results, journals and what is enqueued on the way out", () => {
    const large = "x".repeat(3_000);
    const job = { id: "a", task: "t", queue: "q", payload: large, headers: { a: large } };
    expect(bytesOfJob(job)).toBe(6_003);
    const lease = { jobId: "a", fence: 1, job: 1 };
    const entry = { seq: 1, key: "k", kind: "step", state: "done" as const, value: large };
    expect(bytesOfSettlement({ lease, as: "succeeded", result: large, enqueue: [job], journal: [entry] })).toBe(12_003);
    expect(bytesOfSettlement({ lease, as: "ready", attempt: "spent" })).toBe(0);
  });

  it("is as much as fits, and one at least", () => {
    expect(fitting([9 * MIB, 1], (n) => n, 10)).toBe(1);
    expect(fitting([4 * MIB, 4 * MIB, 1], (n) => n, 10)).toBe(2);
    expect(fitting([1, 2, 3], (n) => n, 2)).toBe(2);
    expect(fitting([1, 2, 3], (n) => n, 10, 2)).toBe(1);
  });
});
