import { afterEach, expect, it } from "@jest/globals";
import type { NewJob } from "../../../lib/contract/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { Rig, schedule } from "../beat/rig.js";

let rig = new Rig();

afterEach(async () => {
  await rig.stop();
  rig = new Rig();
});

it("All schedules of the store are listed by name: those declared, those made at run time, paused ones and what cannot be read", async () => {
  const stem = new Stem({ adapter: rig.adapter, registry: new TaskRegistry(), clock: rig.clock });
  await rig.beat([schedule(), schedule({ id: "gone" })]).start();
  await stem.task("digest", { queue: "q" }).schedule("digest.ada", "0 9 * * *", undefined as never, { timeZone: "Europe/Berlin" });
  await rig.adapter.schedules.put([{ id: "new", spec: "v2:…", nextAt: 5_000 }], { owner: "" });
  await rig.advance(10_000);
  await stem.schedule("digest.ada").pause();
  await stem.schedule("gone").remove();
  const never = { paused: false, last: undefined, fires: 0 };
  expect(await stem.schedules.list()).toEqual([
    { ...never, name: "digest.ada", task: "digest", cron: "0 9 * * *", timeZone: "Europe/Berlin", declared: false, paused: true, next: undefined }, // prettier-ignore
    { ...never, name: "new", task: undefined, cron: undefined, timeZone: undefined, declared: false, next: new Date(5_000) },
    { name: "tick", task: "work", cron: "*/10 * * * * *", timeZone: "UTC", declared: true, paused: false, next: new Date("2026-01-01T00:00:20Z"), last: new Date("2026-01-01T00:00:10Z"), fires: 1 }, // prettier-ignore
  ]);
});

it("A schedule made in the place of a removed one says so if a beat declares that again at the same moment", async () => {
  const stem = new Stem({ adapter: rig.adapter, registry: new TaskRegistry(), clock: rig.clock });
  const { schedules } = rig.adapter;
  await rig.beat([schedule({ id: "again" })]).start();
  const [declared] = (await schedules.list()).items;
  await stem.schedule("again").remove();
  const task = stem.task("digest", { queue: "q" });
  const { put } = schedules;
  schedules.put = async (given, from) => {
    schedules.put = put;
    await schedules.put([declared!], { owner: "app" });
    return schedules.put(given, from);
  };
  await expect(task.schedule("again", "0 9 * * *", undefined as never)).rejects.toMatchObject({ code: "STEM_SCHEDULE_DECLARED" });
  expect((await schedules.list()).items[0]).toMatchObject({ spec: declared!.spec, owner: "app" });
});

it("A schedule made by a process without the handler keeps records as its client says, fired by a beat that has none either", async () => {
  const stem = new Stem({ adapter: rig.adapter, registry: new TaskRegistry(), clock: rig.clock });
  const task = stem.task("digest", { queue: "q", keepResult: "1m", keepFailed: 7 });
  const stored: NewJob[] = [];
  const { fire } = rig.adapter.schedules;
  const { enqueue } = rig.adapter.broker;
  rig.adapter.schedules.fire = (shots, options) => (stored.push(...shots.map(({ job }) => job!)), fire(shots, options));
  rig.adapter.broker.enqueue = (jobs, options) => (stored.push(...jobs), enqueue(jobs, options));
  await rig.beat([]).start();
  const made = await task.schedule("digest.ada", "*/10 * * * * *", undefined as never);
  await task.schedule("digest.bob", "0 0 1 1 *", undefined as never, { keepResult: 3 });
  await rig.advance(10_000);
  await made.trigger();
  await stem.schedule("digest.bob").trigger();
  expect(stored.map(({ keepResultMs, keepFailedMs }) => [keepResultMs, keepFailedMs])).toEqual([
    [60_000, 7],
    [60_000, 7],
    [3, 7],
  ]);
  // What is as usual is not in the spec, so that nothing seems to have changed.
  await stem.task("plain", { queue: "q" }).schedule("plain", "0 0 1 1 *", undefined as never);
  const specs = (await rig.adapter.schedules.list()).items.map(({ id, spec }) => [id, (JSON.parse(spec) as { to?: object }).to]);
  expect(specs).toContainEqual(["plain", { queue: "q", priority: 0 }]);
});
