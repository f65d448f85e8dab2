import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { DueOptions, NewSchedule, PutFrom } from "../../../lib/contract/index.js";
import { Rig, schedule, turns } from "./rig.js";

let rig = new Rig();

afterEach(async () => {
  await rig.stop();
  rig = new Rig();
});

/** Starts a beat, and notes what it asks the store for. */
async function asking(schedules: Parameters<Rig["beat"]>[0]): Promise<readonly (readonly [readonly string[], DueOptions | undefined])[]> {
  const asked: (readonly [readonly string[], DueOptions | undefined])[] = [];
  const beat = rig.beat(schedules, (store) => ({
    due: (owners, limit, options) => (asked.push([owners, options]), store.due(owners, limit, options)),
  }));
  await beat.start();
  await turns();
  return asked;
}

const foreign = (over: Partial<NewSchedule> = {}, from: Partial<PutFrom> = {}): Promise<boolean> =>
  rig.adapter.schedules.put([{ id: "foreign", spec: "v2:…", nextAt: rig.clock.now() + 15_000, ...over }], { owner: "app", ...from });

describe("A beat", () => {
  it("asks for what is due by owner alone, though others are stored that are not due, made at run time or another owner's", async () => {
    await foreign({ nextAt: undefined });
    await foreign({ id: "made" }, { owner: "" });
    await foreign({ id: "theirs" }, { owner: "them" });
    const asked = await asking([schedule()]);
    for (let i = 0; i < 6; i++) await rig.advance(10_000);
    expect(await rig.jobs()).toHaveLength(6);
    expect(new Set(asked.map((one) => JSON.stringify(one)))).toEqual(new Set(['[["app"],null]']));
  });

  it("asks by ids as well once it has met one that it does not declare, and fires its own at the same turn", async () => {
    await foreign();
    const asked = await asking([schedule(), schedule({ id: "tock" })]);
    await rig.advance(10_000);
    expect(asked.at(-1)).toEqual([["app"], undefined]);
    await rig.advance(10_000);
    expect(asked.slice(-2)).toEqual([
      [["app"], { only: ["tick", "tock"] }],
      [["app"], { only: ["tick", "tock"] }],
    ]);
    const met = asked.findIndex(([, options]) => options !== undefined);
    expect(asked.slice(met).every(([, options]) => options !== undefined)).toBe(true);
    expect(await rig.jobs()).toHaveLength(4);
    expect(rig.errors).toEqual([]);
  });

  it("that declares nothing fires what was made at run time, and nothing else", async () => {
    await foreign();
    const asked = await asking([]);
    await rig.advance(60_000);
    expect(new Set(asked.map((one) => JSON.stringify(one)))).toEqual(new Set(["[[],null]"]));
    expect(rig.errors).toEqual([]);
  });

  it("looks a job up only if its id was stored before", async () => {
    const get = jest.spyOn(rig.adapter.jobs, "get");
    await rig.adapter.broker.enqueue([{ id: "tick@2026-01-01T00:00:20.000Z", task: "work", queue: "q", payload: "1" }]);
    await rig.beat([schedule(), schedule({ id: "tock" })]).start();
    for (let i = 0; i < 3; i++) await rig.advance(10_000);
    expect(get.mock.calls).toEqual([[["tick@2026-01-01T00:00:20.000Z"]]]);
    get.mockRestore();
  });

  it("whose schedules a newer deployment has retired does not declare them again, nor say that they were lost", async () => {
    let puts = 0;
    await rig.beat([schedule()], (store) => ({ put: (...args) => (puts++, store.put(...args)) })).start();
    await rig.advance(10_000);
    await rig.adapter.schedules.put([], { owner: "app", deployment: 1, retire: true });
    for (let i = 0; i < 30; i++) await rig.advance(10_000);
    expect(await rig.jobs()).toHaveLength(1);
    expect((await rig.adapter.schedules.list()).items).toEqual([]);
    expect(rig.warnings).toEqual([]);
    expect(puts).toBeLessThan(50);
  });
});
