import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { Rig, schedule, turns } from "./rig.js";

let rig = new Rig();

afterEach(async () => {
  await rig.stop();
  rig = new Rig();
});

describe("A beat", () => {
  it("makes one job per slot, with the options of schedule and task, and tells how late it was", async () => {
    const told: unknown[] = [];
    rig.signals.on("schedule:fired", (signal) => told.push(signal));
    await rig.beat([schedule({ payload: { n: 1 }, options: { priority: 7, headers: { tenant: "a" } } })]).start();
    expect(await rig.jobs()).toEqual([]);
    await rig.advance(10_000);
    await rig.advance(10_250);
    expect(await rig.jobs()).toEqual(["tick@2026-01-01T00:00:10.000Z", "tick@2026-01-01T00:00:20.000Z"]);
    const [record] = await rig.adapter.jobs.get(["tick@2026-01-01T00:00:20.000Z"]);
    expect(record).toMatchObject({ task: "work", queue: "q", priority: 7, payload: '{"n":1}', headers: { tenant: "a" } });
    expect(told).toEqual([
      { schedule: "tick", slot: new Date("2026-01-01T00:00:10Z"), jobId: "tick@2026-01-01T00:00:10.000Z", lateMs: 0 },
      { schedule: "tick", slot: new Date("2026-01-01T00:00:20Z"), jobId: "tick@2026-01-01T00:00:20.000Z", lateMs: 250 },
    ]);
  });

  it("says that a slot passed without a job whose id another task's job has, and fires the next", async () => {
    const told: string[] = [];
    rig.signals.on("schedule:fired", ({ jobId }) => told.push(jobId));
    const failed: unknown[] = [];
    rig.signals.on("beat:error", ({ error }) => failed.push(error));
    await rig.adapter.broker.enqueue([
      { id: "tick@2026-01-01T00:00:10.000Z", task: "other", queue: "q", payload: "1" },
      { id: "tick@2026-01-01T00:00:20.000Z", task: "work", queue: "q", payload: "1" },
    ]);
    await rig.beat([schedule()]).start();
    for (let i = 0; i < 3; i++) await rig.advance(10_000);
    expect(rig.errors).toEqual([expect.stringMatching(/slot 2026-01-01T00:00:10\.000Z of schedule "tick" .*"work".*"other"/s)]);
    expect(failed).toMatchObject([{ code: "STEM_ID_TAKEN", task: "work", holder: "other" }]);
    expect(told).toEqual(["tick@2026-01-01T00:00:20.000Z", "tick@2026-01-01T00:00:30.000Z"]);
  });

  it("tells a slot whose job nothing is known of any more as fired: it may have ended, and its record be gone", async () => {
    const told: string[] = [];
    rig.signals.on("schedule:fired", ({ jobId }) => told.push(jobId));
    const get = jest.spyOn(rig.adapter.jobs, "get").mockResolvedValueOnce([undefined]).mockRejectedValueOnce(new Error("away"));
    await rig.beat([schedule()]).start();
    for (let i = 0; i < 2; i++) await rig.advance(10_000);
    get.mockRestore();
    expect(told).toEqual(["tick@2026-01-01T00:00:10.000Z", "tick@2026-01-01T00:00:20.000Z"]);
    expect(rig.errors).toEqual([]);
  });

  it("catches up with slots that were missed by one job, not by one each, and goes on in step", async () => {
    const first = rig.beat([schedule()]);
    await first.start();
    await rig.advance(10_000);
    await first.stop();
    await rig.advance(3_600_000 + 4_000);
    await rig.beat([schedule()]).start();
    await turns();
    await rig.advance(6_000);
    expect(await rig.jobs()).toEqual(["tick@2026-01-01T00:00:10.000Z", "tick@2026-01-01T00:00:20.000Z", "tick@2026-01-01T01:00:20.000Z"]);
  });

  it("asks the store when a slot is due, and once a minute, not in between", async () => {
    let asked = 0;
    const beat = rig.beat([schedule({ cron: "0 * * * *" })], (store) => ({ due: (...args) => (asked++, store.due(...args)) }));
    await beat.start();
    await turns();
    const before = asked;
    for (let i = 0; i < 600; i++) await rig.advance(1_000);
    expect(asked - before).toBe(10);
  });

  it("keeps the place of a schedule that is stored unchanged, and takes a changed one anew", async () => {
    const first = rig.beat([schedule({ cron: "0 0 1 1 *" })]);
    await first.start();
    await first.stop();
    const [stored] = (await rig.adapter.schedules.list()).items;
    rig.clock.advance("400d");
    const second = rig.beat([schedule({ cron: "0 0 1 1 *" })], () => ({ fire: async () => [] }));
    await second.start();
    expect((await rig.adapter.schedules.list()).items[0]!.nextAt).toBe(stored!.nextAt);
    await second.stop();
    const third = rig.beat([schedule({ cron: "*/5 * * * * *" })]);
    await third.start();
    await rig.advance(5_000);
    expect(await rig.jobs()).toEqual(["tick@2027-02-05T00:00:05.000Z"]);
  });

  it("passes over a paused schedule and goes on when it is resumed", async () => {
    await rig.beat([schedule()]).start();
    await rig.adapter.schedules.change([{ id: "tick", to: "paused" }]);
    await rig.advance(60_000);
    expect(await rig.jobs()).toEqual([]);
    await rig.adapter.schedules.change([{ id: "tick", to: "resumed", nextAt: rig.clock.now() + 5_000 }]);
    await rig.advance(60_000);
    expect(await rig.jobs()).toContain("tick@2026-01-01T00:01:05.000Z");
  });

  it("refuses at start what cannot be right, before anything is stored", async () => {
    await expect(rig.beat([schedule(), schedule({ id: "bad", cron: "* *" })]).start()).rejects.toMatchObject({ code: "STEM_CRON_INVALID" });
    await expect(rig.beat([schedule({ timeZone: "Nowhere" })]).start()).rejects.toMatchObject({ code: "STEM_TIME_ZONE_INVALID" });
    await expect(rig.beat([schedule({ task: "unknown" })]).start()).rejects.toMatchObject({ code: "STEM_UNKNOWN_TASK" });
    await expect(rig.beat([schedule({ payload: new Map() })]).start()).rejects.toMatchObject({ code: "STEM_PAYLOAD_UNSERIALISABLE" });
    expect((await rig.adapter.schedules.list()).items).toEqual([]);
  });

  it("goes on by itself after an outage of the store, also one at the start", async () => {
    let down = true;
    const errors: number[] = [];
    rig.signals.on("beat:error", ({ retryInMs }) => errors.push(retryInMs));
    const fail = async (): Promise<never> => {
      throw new Error("no connection");
    };
    await rig
      .beat([schedule()], (store) => ({
        due: (...args) => (down ? fail() : store.due(...args)),
        fire: (...args) => (down ? fail() : store.fire(...args)),
      }))
      .start();
    await turns();
    for (let i = 0; i < 40; i++) await rig.advance(500);
    expect(errors.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    down = false;
    await rig.advance(5_000);
    await rig.advance(10_000);
    expect(await rig.jobs()).toHaveLength(1);
    down = true;
    await rig.advance(25_000);
    down = false;
    await rig.advance(5_000);
    await rig.advance(1_000);
    expect((await rig.jobs()).length).toBeGreaterThan(1);
  });

  it("refuses a start after its stop, whether or not it ran", async () => {
    const [ran, idle] = [rig.beat([schedule()]), rig.beat([schedule()])];
    await ran.start();
    for (const beat of [ran, idle]) {
      await beat.stop();
      await expect(beat.start()).rejects.toMatchObject({
        code: "STEM_CLOSED",
        message: expect.stringContaining("This beat has been stopped."),
      });
    }
    await rig.advance(20_000);
    expect(await rig.jobs()).toHaveLength(0);
  });

  it("waits at its stop for the call under way", async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let stopped = false;
    const beat = rig.beat([schedule()], (store) => ({ fire: async (shots) => (await gate, store.fire(shots)) }));
    await beat.start();
    await rig.advance(10_000);
    const stopping = beat.stop().then(() => (stopped = true));
    await turns();
    expect(stopped).toBe(false);
    go();
    await stopping;
    expect(await rig.jobs()).toHaveLength(1);
  });
});

describe("Three beats on one store", () => {
  it("that are killed at random fire each of 1,000 slots once", async () => {
    const fired: string[] = [];
    rig.signals.on("schedule:fired", ({ jobId }) => fired.push(jobId));
    let seed = 7;
    const dice = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    let kills = 0;
    let abandoned = 0;
    const bury: (() => void)[] = [];
    const ids = ["a", "b", "c", "d", "e"];
    const start = async (): Promise<void> => {
      // A process that dies in the middle of a fire: the call is carried out or not, and never answers.
      const doom = { at: Math.ceil(dice() * 60), written: dice() < 0.5 };
      let calls = 0;
      const beat = rig.beat(
        ids.map((id) => schedule({ id, cron: "* * * * * *" })),
        (store) => ({
          fire: async (shots) => {
            if (++calls < doom.at) return store.fire(shots);
            kills++;
            if (doom.written) await store.fire(shots);
            else abandoned++;
            void start();
            return new Promise<never>((_, refuse) => bury.push(() => refuse(new Error("killed"))));
          },
        }),
      );
      await beat.start();
    };
    await Promise.all([start(), start(), start()]);
    for (let i = 0; i < 200; i++) await rig.advance(1_000);
    await turns(20);
    const jobs = await rig.jobs();
    expect(jobs).toHaveLength(1_000);
    expect(new Set(jobs)).toEqual(
      new Set(
        ids.flatMap((id) =>
          Array.from({ length: 200 }, (_, i) => `${id}@${new Date(Date.UTC(2026, 0, 1) + (i + 1) * 1_000).toISOString()}`),
        ),
      ),
    );
    // No slot was told of twice, although each was seen by up to three.
    expect(new Set(fired).size).toBe(fired.length);
    expect(kills).toBeGreaterThan(5);
    expect(abandoned).toBeGreaterThan(1);
    const stopping = rig.stop();
    for (const end of bury) end();
    await stopping;
  });
});

describe("A beat whose adapter was closed", () => {
  it("ends its loop and lets the process end", async () => {
    const alive = (): number => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = alive();
    const beat = rig.beat([schedule()]);
    await beat.start();
    expect(alive()).toBe(before + 1);
    await rig.adapter.close();
    for (let i = 0; i < 10; i++) await rig.advance(10_000);
    expect(alive()).toBe(before);
    await beat.stop();
  });
});
