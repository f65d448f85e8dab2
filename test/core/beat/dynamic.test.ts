import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import { RUN_TIME } from "../../../lib/contract/index.js";
import { Beat } from "../../../lib/core/beat/beat.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import type { TaskOptions } from "../../../lib/core/task/task.js";
import { Rig, schedule, turns } from "./rig.js";

let rig = new Rig();

afterEach(async () => {
  await rig.stop();
  rig = new Rig();
});

/** A producer of a process of its own that has the handler, or does not. */
function producer(options?: TaskOptions): Stem {
  const registry = new TaskRegistry();
  if (options !== undefined) registry.add(defineTask({ name: "digest", kind: "task", where: "test", run: () => {} }, options));
  return new Stem({ adapter: rig.adapter, registry, clock: rig.clock });
}

const client = (stem = producer()) => stem.task<{ user: string }, number>("digest", { queue: "mails", priority: 4 });

describe("A schedule made at run time", () => {
  it("is fired by a beat that was started before and knows neither it nor its task, without a wait for the next look", async () => {
    await rig.beat([]).start();
    await turns();
    const made = await client().schedule("digest.ada", "*/20 * * * * *", { user: "ada" }, { headers: { tenant: "a" }, keepResult: "1h" });
    expect([made.name, await made.next()]).toEqual(["digest.ada", new Date("2026-01-01T00:00:20Z")]);
    await rig.advance(20_000);
    expect(await rig.jobs()).toEqual(["digest.ada@2026-01-01T00:00:20.000Z"]);
    const [record] = await rig.adapter.jobs.get(["digest.ada@2026-01-01T00:00:20.000Z"]);
    expect(record).toMatchObject({ task: "digest", queue: "mails", priority: 4, payload: '{"user":"ada"}', headers: { tenant: "a" } });
  });

  it("that is made while the beat asks the store is not overslept", async () => {
    let asked = 0;
    await rig
      .beat([schedule({ cron: "0 0 1 1 *" })], (store) => ({
        due: async (...args) => {
          const found = await store.due(...args);
          // The first time it asks what time it is, to store its own.
          if (++asked === 2) await client().schedule("digest.ada", "*/5 * * * * *", { user: "ada" });
          return found;
        },
      }))
      .start();
    await turns();
    await rig.advance(5_000);
    expect(await rig.jobs()).toEqual(["digest.ada@2026-01-01T00:00:05.000Z"]);
  });

  it("through another handle on the file is fired within seconds, though the beat would sleep a minute", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stem-beat-"));
    const [here, there] = [sqlite(join(folder, "stem.db")), sqlite(join(folder, "stem.db"))];
    await Promise.all([here.open(), there.open()]);
    const beat = new Beat({ stem: new Stem({ adapter: there, registry: new TaskRegistry() }), schedules: [] });
    try {
      await beat.start();
      const stem = new Stem({ adapter: here, registry: new TaskRegistry() });
      await stem.task<void>("digest", { queue: "mails" }).schedule("often", "* * * * * *");
      const until = Date.now() + 8_000;
      while ((await here.jobs.count()).ready === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await here.jobs.list({ limit: 1 })).items).toMatchObject([
        { id: expect.stringMatching(/^often@/), task: "digest", queue: "mails" },
      ]);
    } finally {
      await beat.stop();
      await Promise.all([here.close(), there.close()]);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("that a newer version stored, and this one cannot read, holds up no other, and fires once it is made anew", async () => {
    const [looks, retries]: [number[], number[]] = [[], []];
    const from = rig.clock.now();
    rig.signals.on("beat:error", ({ retryInMs }) => retries.push(retryInMs));
    await rig.adapter.schedules.put(
      // More than a beat takes at once, and all due before the others.
      Array.from({ length: 250 }, (_, at) => ({ id: `new.${at}`, spec: at % 2 ? "v2:…" : '{"cron":"every full moon"}', nextAt: from + 1 })), // prettier-ignore
      { owner: RUN_TIME },
    );
    await client().schedule("digest.ada", "*/20 * * * * *", { user: "ada" });
    await rig.beat([schedule()], (store) => ({ due: (...args) => (looks.push(rig.clock.now() - from), store.due(...args)) })).start();
    await turns(20);
    for (let second = 1; second <= 60; second++) await rig.advance(1_000);
    const ticks = [10, 20, 30, 40, 50, 60].map((second) => `tick@${new Date(from + second * 1_000).toISOString()}`);
    const digests = [20, 40, 60].map((second) => `digest.ada@${new Date(from + second * 1_000).toISOString()}`);
    expect([...(await rig.jobs())].sort()).toEqual([...digests, ...ticks]);
    // Each is told of once, and tried less and less often.
    expect(rig.errors.filter((line) => line.includes('"new.7"'))).toEqual([expect.stringContaining('Schedule "new.7" cannot fire')]);
    expect([...new Set(retries)]).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200]);
    expect(retries).toHaveLength(2_500);
    expect(looks.length).toBeLessThan(60);
    await client().schedule("new.7", "*/10 * * * * *", { user: "eve" });
    await rig.advance(10_000);
    expect(await rig.jobs()).toContain("new.7@2026-01-01T00:01:10.000Z");
  });

  it("survives the end of all processes, and is caught up by one job", async () => {
    await client().schedule("digest.ada", "0 * * * *", { user: "ada" });
    await rig.advance(5 * 3_600_000 + 1);
    await rig.beat([]).start();
    await turns();
    await rig.advance(3_600_000);
    expect(await rig.jobs()).toEqual(["digest.ada@2026-01-01T01:00:00.000Z", "digest.ada@2026-01-01T06:00:00.000Z"]);
  });

  it("goes where the task says in a process that has it, unless the schedule says otherwise", async () => {
    const stem = producer({ queue: "digests", priority: 7, keepResult: "2h" });
    await client(stem).schedule("a", "0 9 * * *", { user: "ada" });
    await client(stem).schedule("b", "0 9 * * *", { user: "ada" }, { queue: "slow", priority: 1, timeZone: "Europe/Berlin" });
    const jobs = await Promise.all([stem.schedule("a").trigger(), stem.schedule("b").trigger(), producer().schedule("a").trigger()]);
    const records = await Promise.all(jobs.map((job) => job.status()));
    expect(records.map((record) => [record?.queue, record?.priority])).toEqual([
      ["digests", 7],
      ["slow", 1],
      ["digests", 7],
    ]);
    expect(await stem.schedule("b").next()).toEqual(new Date("2026-01-01T08:00:00Z"));
  });

  it("is changed by making it again: the same keeps its place, another expression takes its own next slot, paused stays paused", async () => {
    const at = async () => (await client().schedule("a", "0 9 * * *", { user: "ada" })).next();
    expect(await at()).toEqual(new Date("2026-01-01T09:00:00Z"));
    rig.clock.advance("10h");
    expect(await at()).toEqual(new Date("2026-01-01T09:00:00Z"));
    const changed = await client().schedule("a", "0 12 * * *", { user: "bob" });
    expect(await changed.next()).toEqual(new Date("2026-01-01T12:00:00Z"));
    await changed.pause();
    await client().schedule("a", "0 13 * * *", { user: "bob" });
    expect(await changed.next()).toBeUndefined();
    expect((await rig.adapter.schedules.list()).items).toMatchObject([{ id: "a", paused: true, owner: RUN_TIME }]);
  });

  it("fires no more once it is removed, and may be made anew", async () => {
    await rig.beat([]).start();
    const made = await client().schedule("a", "*/10 * * * * *", { user: "ada" });
    await rig.advance(10_000);
    expect([await made.remove(), await made.remove(), await made.next()]).toEqual([true, false, undefined]);
    await rig.advance(30_000);
    await client().schedule("a", "*/10 * * * * *", { user: "ada" });
    await rig.advance(10_000);
    expect(await rig.jobs()).toEqual(["a@2026-01-01T00:00:10.000Z", "a@2026-01-01T00:00:50.000Z"]);
  });

  it("starts runs of a workflow too", async () => {
    await rig.beat([]).start();
    await producer().workflow<{ id: string }>("order.check", { queue: "runs" }).schedule("check", "* * * * *", { id: "1" });
    await rig.advance(60_000);
    expect((await rig.adapter.jobs.list()).items).toMatchObject([{ task: "order.check", queue: "runs", payload: '{"id":"1"}' }]);
  });

  it("is refused with what is wrong, before anything is stored", async () => {
    await rig.beat([schedule({ id: "declared" })]).start();
    const refused = async (name: string, cron: string, payload: unknown, options?: object) =>
      expect(client().schedule(name, cron, payload as { user: string }, options)).rejects;
    const ada = { user: "ada" };
    (await refused("a", "* *", ada)).toMatchObject({
      code: "STEM_CRON_INVALID",
      message: expect.stringContaining('of schedule "a" is "* *"'),
    });
    (await refused("a", "0 0 30 2 *", ada)).toMatchObject({ code: "STEM_CRON_INVALID", message: expect.stringContaining("never comes") });
    (await refused("a", undefined as never, ada)).toMatchObject({ code: "STEM_CRON_INVALID" });
    (await refused("a", "@daily", ada, { timeZone: "Mars/Base" })).toMatchObject({ code: "STEM_TIME_ZONE_INVALID" });
    (await refused("a b", "@daily", ada)).toMatchObject({ code: "STEM_NAME_INVALID", message: expect.stringContaining("schedule name") });
    (await refused("a", "@daily", ada, { delay: 5 })).toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
    (await refused("a", "@daily", ada, { priority: 99 })).toMatchObject({ code: "STEM_OPTION_INVALID" });
    (await refused("a", "@daily", { user: new Map() })).toMatchObject({ code: "STEM_PAYLOAD_UNSERIALISABLE" });
    (await refused("declared", "@daily", ada)).toMatchObject({ code: "STEM_SCHEDULE_DECLARED", hint: expect.stringContaining("remove()") });
    await expect(producer().task("nobody").schedule("a", "@daily", 1)).rejects.toMatchObject({ code: "STEM_UNKNOWN_TASK" });
    expect((await rig.adapter.schedules.list()).items.map(({ id, owner }) => [id, owner])).toEqual([["declared", "app"]]);
  });
});

describe("A schedule client", () => {
  it("pauses and resumes: what came meanwhile is not caught up, and the beat knows at once", async () => {
    await rig.beat([schedule()]).start();
    const tick = producer().schedule("tick");
    expect(await tick.pause()).toBe(true);
    await rig.advance(3_600_000 + 4_000);
    expect([await rig.jobs(), await tick.next()]).toEqual([[], undefined]);
    expect(await tick.resume()).toBe(true);
    await turns();
    expect(await tick.next()).toEqual(new Date("2026-01-01T01:00:10Z"));
    await rig.advance(6_000);
    expect(await rig.jobs()).toEqual(["tick@2026-01-01T01:00:10.000Z"]);
  });

  it("that resumes what is not paused skips no slot that has come and is yet to be fired", async () => {
    const first = rig.beat([schedule()]);
    await first.start();
    await first.stop();
    rig.clock.advance("1h");
    expect(await producer().schedule("tick").resume()).toBe(true);
    expect(await producer().schedule("tick").next()).toEqual(new Date("2026-01-01T00:00:10Z"));
  });

  it("triggers the job now, paused or not, and leaves its slots where they are", async () => {
    await rig.beat([schedule({ payload: { n: 1 }, options: { headers: { a: "b" } } })]).start();
    const tick = producer().schedule<number>("tick", { queue: "q" });
    const job = await tick.trigger();
    expect(await job.status()).toMatchObject({ task: "work", queue: "q", state: "ready", payload: '{"n":1}', headers: { a: "b" } });
    await tick.pause();
    expect((await tick.trigger()).id).not.toBe(job.id);
    expect((await rig.adapter.schedules.list()).items).toMatchObject([{ fires: 0, nextAt: Date.UTC(2026, 0, 1, 0, 0, 10) }]);
  });

  it("says of a schedule that is not there that it is not, and names the nearest when it is to be triggered", async () => {
    await rig.beat([schedule()]).start();
    const nobody = producer().schedule("tikc");
    expect([await nobody.pause(), await nobody.resume(), await nobody.remove(), await nobody.next()]).toEqual([
      false,
      false,
      false,
      undefined,
    ]);
    await expect(nobody.trigger()).rejects.toMatchObject({ code: "STEM_UNKNOWN_SCHEDULE", hint: expect.stringContaining('"tick"') });
    expect(() => producer().schedule("a b")).toThrow(expect.objectContaining({ code: "STEM_NAME_INVALID" }));
  });
});
