import { afterEach, describe, expect, it } from "@jest/globals";
import { Stem } from "../../../lib/core/client/stem.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { Rig, schedule, turns } from "./rig.js";

const TEN_YEARS = 3_653 * 86_400_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let rig = new Rig();

afterEach(async () => {
  await rig.stop();
  rig = new Rig();
});

const yearly = () => schedule({ cron: "0 0 1 1 *" });
const often = () => schedule({ cron: "*/10 * * * * *" });
const hourly = () => schedule({ cron: "0 * * * *" });

/** Slots that jobs were made for, as times of the first day. */
const slots = async (): Promise<readonly string[]> => (await rig.jobs()).map((id) => id.slice(id.indexOf("T") + 1, -5));

async function pass(ms: number, step = 10_000): Promise<void> {
  for (let past = 0; past < ms; past += step) {
    await rig.advance(step);
    await turns();
  }
}

function client(): Stem {
  return new Stem({ adapter: rig.adapter, registry: new TaskRegistry(), clock: rig.clock });
}

describe("Beats of two versions of an app, which declare other times for a schedule", () => {
  it("fire it by the times that were stored last, whichever of them comes first", async () => {
    // Only the old one fires, so every slot is moved on by it.
    await rig.beat([yearly()]).start();
    const blind = rig.beat([often()], (store) => ({ due: async (...args) => ({ ...(await store.due(...args)), schedules: [] }) }));
    await blind.start();
    // It sleeps a minute at most, and had nothing to do until next year when the young one came.
    await pass(5 * MINUTE);
    expect((await slots()).slice(-24)[0]).toBe("00:01:10");
    expect((await slots()).at(-1)).toBe("00:05:00");
    expect(rig.warnings).toEqual([]);
  });

  it("leave a schedule alone whose task only the other version knows, without an error, and the other one fires it", async () => {
    const renamed = schedule({ task: "work.renamed" });
    const old = rig.beat([often()]);
    await old.start();
    const young = rig.beat([renamed], undefined, ["work.renamed"]);
    await young.start();
    await pass(2 * MINUTE);
    expect(await rig.jobs()).toHaveLength(12);
    expect(new Set((await rig.adapter.jobs.list()).items.map(({ task }) => task))).toEqual(new Set(["work.renamed"]));
    expect([rig.errors, rig.warnings]).toEqual([[], []]);
  });

  it("keep to the times of the one that started last while it lives; then those of the one that is left are stored again", async () => {
    await rig.beat([often()]).start();
    // An old process that is started again in the middle of a deploy.
    const old = rig.beat([yearly()]);
    await old.start();
    await pass(10 * MINUTE);
    expect(await rig.jobs()).toEqual([]);
    await old.stop();
    await pass(2 * MINUTE);
    expect((await rig.jobs()).length).toBeGreaterThan(4);
    expect(rig.warnings).toEqual([expect.stringContaining('Schedule "tick" was stored by another version of the app')]);
    await pass(MINUTE);
    expect((await slots()).slice(-6)).toEqual(["00:12:10", "00:12:20", "00:12:30", "00:12:40", "00:12:50", "00:13:00"]);
  });

  it("go on by an older version's times after it is rolled back, though that one was started first", async () => {
    await rig.beat([often()]).start();
    const young = rig.beat([yearly()]);
    await young.start();
    await young.stop();
    await pass(2 * MINUTE);
    expect((await slots()).at(-1)).toBe("00:02:00");
  });

  it("that never answer, as those of 0.1, do not hold the times of the others", async () => {
    await rig.beat([often()]).start();
    const old = (await rig.adapter.schedules.list()).items[0]!.spec.replace("*/10 * * * * *", "0 0 1 1 *");
    await rig.adapter.schedules.put([{ id: "tick", spec: old, nextAt: Date.UTC(2027, 0, 1) }], { owner: "app" });
    await pass(2 * MINUTE + HOUR);
    expect((await slots()).at(-1)).toBe("01:02:00");
  });
});

describe("A schedule that stands where it should not", () => {
  it("because an old beat moved it by other times goes on at its next one within a minute, also after a restart", async () => {
    const first = rig.beat([hourly()]);
    await first.start();
    await rig.adapter.schedules.change([{ id: "tick", to: "resumed", nextAt: Date.UTC(2027, 0, 1) }]);
    await pass(HOUR + MINUTE);
    expect(await slots()).toEqual(["01:00:00"]);
    expect(rig.warnings).toEqual([expect.stringContaining('Schedule "tick" was set to a moment that is not one of its times')]);
    await first.stop();
    await rig.adapter.schedules.change([{ id: "tick", to: "resumed", nextAt: Date.UTC(2027, 0, 1) }]);
    await rig.beat([hourly()]).start();
    expect(await client().schedule("tick").next()).toEqual(new Date("2026-01-01T02:00:00Z"));
  });

  it.each([
    ["once", 1],
    ["for several slots", 5],
  ])("because the store's clock was ten years ahead %s goes on by the right time, declared or made at run time", async (_, turnsAhead) => {
    await rig.beat([hourly()]).start();
    await client().task("digest", { queue: "q" }).schedule("made", "30 * * * *");
    await pass(HOUR + MINUTE, MINUTE);
    rig.skew = TEN_YEARS;
    for (let i = 0; i < turnsAhead; i++) await pass(HOUR, MINUTE);
    rig.skew = 0;
    const before = (await rig.jobs()).length;
    await pass(48 * HOUR, MINUTE);
    // 48 of each; the first may have been fired ahead of time.
    const after = (await rig.jobs()).slice(before);
    expect(after.filter((id) => id.startsWith("tick@2026-01-0")).length).toBeGreaterThanOrEqual(48);
    expect(after.filter((id) => id.startsWith("made@2026-01-0")).length).toBeGreaterThanOrEqual(47);
    expect(new Set(await rig.jobs()).size).toBe((await rig.jobs()).length);
  });

  it("because it was made, or resumed, while the clock was ahead is found by the next beat", async () => {
    rig.skew = TEN_YEARS;
    await client().task("digest", { queue: "q" }).schedule("made", "30 * * * *");
    rig.skew = 0;
    await rig.beat([hourly()]).start();
    expect(await client().schedule("made").next()).toEqual(new Date("2026-01-01T00:30:00Z"));
    await client().schedule("tick").pause();
    rig.skew = TEN_YEARS;
    await client().schedule("tick").resume();
    rig.skew = 0;
    await pass(2 * MINUTE);
    expect(await client().schedule("tick").next()).toEqual(new Date("2026-01-01T01:00:00Z"));
  });

  it("fires no slot twice when the clock is put back a little, though their jobs are forgotten", async () => {
    const fired: string[] = [];
    rig.signals.on("schedule:fired", ({ jobId }) => fired.push(jobId));
    await rig.beat([schedule({ options: { keepResult: 0 } })]).start();
    await pass(5 * MINUTE);
    rig.skew = -3 * MINUTE;
    await pass(5 * MINUTE);
    expect(fired).toHaveLength(42);
    expect(new Set(fired).size).toBe(42);
  });

  it("is left where it is while it is paused, and when it cannot be read", async () => {
    await rig.beat([hourly()]).start();
    await rig.adapter.schedules.change([{ id: "tick", to: "paused" }]);
    await rig.adapter.schedules.put([{ id: "new", spec: "v2:…", nextAt: Date.UTC(2027, 0, 1) }], { owner: "" });
    await rig.beat([hourly()]).start();
    await pass(3 * MINUTE);
    expect((await rig.adapter.schedules.list()).items.map(({ nextAt }) => nextAt)).toEqual([Date.UTC(2027, 0, 1), Date.UTC(2026, 0, 1, 1)]);
  });
});

describe("Declared schedules that the store has lost", () => {
  it("are declared again at once when nothing is left, and within a minute when others are; said once", async () => {
    await rig.beat([often(), schedule({ id: "tock" })]).start();
    await pass(20_000);
    await rig.adapter.schedules.change(["tick", "tock"].map((id) => ({ id, to: "removed" })));
    await pass(30_000);
    expect((await slots()).at(-1)).toBe("00:00:50");
    expect(rig.warnings).toEqual(['Schedule "tick" (and 1 more) was lost from the store; the beat has declared it again.']);
    await rig.adapter.schedules.change([{ id: "tock", to: "removed" }]);
    await pass(2 * MINUTE);
    expect((await rig.jobs()).findLast((id) => id.startsWith("tock"))).toBe("tock@2026-01-01T00:02:50.000Z");
    expect(rig.warnings).toHaveLength(2);
  });

  it("stay away when a person has removed them, until a beat starts that declares them", async () => {
    const tick = client().schedule("tick");
    await rig.beat([often()]).start();
    await tick.pause();
    expect([await tick.remove(), await tick.remove(), await tick.pause(), await tick.resume()]).toEqual([true, false, false, false]);
    await expect(tick.trigger()).rejects.toMatchObject({ code: "STEM_UNKNOWN_SCHEDULE" });
    await pass(5 * MINUTE);
    expect([await rig.jobs(), await tick.next(), rig.warnings]).toEqual([[], undefined, []]);
    await rig.beat([often()]).start();
    await pass(20_000);
    expect(await slots()).toEqual(["00:05:10", "00:05:20"]);
  });

  it("give their name free when a person has removed them", async () => {
    const old = rig.beat([often()]);
    await old.start();
    await old.stop();
    await client().schedule("tick").remove();
    await client().task("digest", { queue: "q" }).schedule("tick", "*/20 * * * * *");
    await rig.beat([]).start();
    await pass(40_000);
    expect(await slots()).toEqual(["00:00:20", "00:00:40"]);
  });
});
