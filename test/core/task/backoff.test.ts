import { describe, expect, it } from "@jest/globals";
import { backoffMs } from "../../../lib/core/task/backoff.js";
import { retryPolicy } from "../../../lib/core/task/define.js";

describe("The wait before the next attempt", () => {
  it("is the same each time where the back-off is fixed, whatever the dice show", () => {
    const policy = retryPolicy({ attempts: 12, backoff: "fixed", base: "200ms" }, "of a test");
    for (const attempt of [1, 2, 11]) for (const dice of [0, 0.5, 0.999]) expect(backoffMs(attempt, policy, dice)).toBe(200);
  });

  it("is never below the minimum, nor above the bound unless the minimum is", () => {
    const policy = retryPolicy({ base: "1s", min: "500ms", cap: "2s" }, "of a test");
    expect([1, 2, 9].map((attempt) => backoffMs(attempt, policy, 0))).toEqual([500, 500, 500]);
    expect([1, 2, 9].map((attempt) => backoffMs(attempt, policy, 1 - Number.EPSILON))).toEqual([999, 1_999, 1_999]);
    const high = retryPolicy({ base: "1s", min: "1m" }, "of a test");
    expect(backoffMs(1, high, 0.7)).toBe(60_000);
  });

  it("is checked where it is declared", () => {
    expect(() => retryPolicy({ backoff: "linear" as never }, "of a test")).toThrow(
      expect.objectContaining({ code: "STEM_OPTION_INVALID" }),
    );
    expect(() => retryPolicy({ min: "soon" as never }, "of a test")).toThrow(expect.objectContaining({ code: "STEM_DURATION_INVALID" }));
  });
});
