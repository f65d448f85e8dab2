import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Clock } from "../../lib/core/clock.js";

const DAY_MS = 86_400_000;

describe("The system clock", () => {
  let clock: Clock;

  beforeAll(async () => {
    // The clock takes its timers when it loads.
    jest.useFakeTimers();
    ({ systemClock: clock } = await import("../../lib/core/clock.js"));
  });

  afterAll(() => void jest.useRealTimers());

  it("calls back after the whole time, also when that does not fit the 31 bits of a timer of Node", () => {
    let calls = 0;
    clock.after(60 * DAY_MS, () => calls++);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(1);
    expect(calls).toBe(1);
    jest.advanceTimersByTime(100 * DAY_MS);
    expect(calls).toBe(1);
  });

  it("forgets a long wait that is cancelled, in any part of it", () => {
    let calls = 0;
    const cancel = clock.after(60 * DAY_MS, () => calls++);
    jest.advanceTimersByTime(30 * DAY_MS);
    cancel();
    jest.advanceTimersByTime(60 * DAY_MS);
    expect(calls).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
