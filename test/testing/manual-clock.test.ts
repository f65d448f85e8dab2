import { describe, expect, it } from "@jest/globals";
import { ManualClock } from "../../lib/testing/manual-clock.js";

describe("The manual clock", () => {
  it("stands still at 1 January 2026 until it is told to go on", () => {
    const clock = new ManualClock();
    expect(clock.date().toISOString()).toBe("2026-01-01T00:00:00.000Z");
    clock.advance("1.5h");
    expect(clock.date().toISOString()).toBe("2026-01-01T01:30:00.000Z");
    clock.set(new Date("2026-02-01T00:00:00Z"));
    expect(clock.now()).toBe(Date.UTC(2026, 1, 1));
  });

  it("calls timers back in the order of their times, each at its time, those they set among them", () => {
    const clock = new ManualClock(0);
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, clock.now()]);
    clock.after(300, note("third"));
    clock.after(100, () => {
      note("first")();
      clock.after(50, note("second"));
      clock.after(1_000, note("too late"));
    });
    const cancel = clock.after(200, note("cancelled"));
    cancel();
    clock.after(300, note("fourth"));
    clock.advance(400);
    expect(seen).toEqual([
      ["first", 100],
      ["second", 150],
      ["third", 300],
      ["fourth", 300],
    ]);
    expect(clock.now()).toBe(400);
  });

  it("does not go back, and takes no nonsense", () => {
    const clock = new ManualClock();
    expect(() => clock.set(0)).toThrow(/STEM_CLOCK_INVALID/);
    expect(() => clock.set(new Date("never"))).toThrow(/STEM_CLOCK_INVALID/);
    expect(() => clock.advance("soon" as never)).toThrow(/STEM_DURATION_INVALID/);
  });
});
