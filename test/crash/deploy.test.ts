import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { figures, LONG, moment, SECONDS, until, withFleet } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const SCHEDULE = "crash.deploy";
const [JOBS, RUNS, TIME] = LONG ? [2_000, 400, 300] : [100, 30, 60];

describeOn(STORES, "A rolling deploy on $name", (store) => {
  it.concurrent(
    "ends no job and no run, and holds up no schedule: what only the new version can do waits for it while old workers are alive, and after them",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const version = (n: 1 | 2) => fleet.start("worker", { version: n, options: { lease: 2_000 } });
        const beat = (cron: string) => fleet.start("beat", { schedules: [SCHEDULE], cron });
        const old = [version(1), version(1)];
        const yearly = beat("0 0 1 1 *");
        await Promise.all([...old, yearly].map((member) => member.says("ready")));
        let everySecond = beat("* * * * * *");
        await everySecond.says("ready");
        const changedAt = Date.now();
        let goneAt = 0;
        const fresh = stem.task<{ n: number }>("fresh", { queue: "default" });
        const grown = stem.workflow<object>("grown", { queue: "default" });
        const ids: string[] = [];
        const runs: string[] = [];
        let replacement = version(2);
        for (let n = 0; n < 10; n++) {
          const numbers = Array.from({ length: JOBS / 10 }, (_, i) => ({ n: (n * JOBS) / 10 + i }));
          ids.push(...(await fresh.enqueueMany(numbers)).map(({ id }) => id));
          runs.push(...(await grown.startMany(Array.from({ length: RUNS / 10 }, () => ({})))).map(({ id }) => id));
          await moment(100);
          if (n === 5) {
            await fleet.kill(replacement);
            replacement = version(2);
            await fleet.kill(everySecond);
            everySecond = beat("* * * * * *");
          }
          if (n === 7) {
            expect((await fleet.stop(yearly)).code).toBe(0);
            goneAt = Date.now();
          }
          if (n === 7) expect((await fleet.stop(old.pop()!)).code).toBe(0);
        }
        await until("all have ended", async () => (await fleet.unfinished()) === 0, TIME * 1_000);
        const fired = async () => (await fleet.adapter.jobs.list({ task: "tick", limit: 1_000 })).items.map(({ id }) => id);
        const timesOf = (slots: readonly string[]) => slots.map((id) => Date.parse(id.slice(SCHEDULE.length + 1)));
        await until("the new times go on without the old beat", async () => Math.max(...timesOf(await fired())) > goneAt + 2_000);
        const stoppedAt = Date.now();
        for (const member of [everySecond, ...old, replacement]) expect((await fleet.stop(member)).code).toBe(0);
        const slots = await fired();
        expect(new Set(slots).size).toBe(slots.length);
        // Nobody went by the old times: none stands in the next year.
        expect(Math.max(...timesOf(slots))).toBeLessThan(changedAt + 3_600_000);
        for (const record of await fleet.adapter.jobs.get(ids)) {
          expect(record).toMatchObject({ state: "succeeded", attempts: 1 });
          expect(JSON.parse(record!.result!)).toBe((JSON.parse(record!.payload) as { n: number }).n + 1);
        }
        const ends = (await fleet.adapter.jobs.get(runs)).map((record) => `${record?.state} ${record?.attempts} ${record?.result}`);
        expect(ends.filter((end) => end !== 'succeeded 1 "v1"' && end !== 'succeeded 1 "v2"')).toEqual([]);
        const late = (await fleet.adapter.jobs.get(ids)).map((record) => record!.startedAt! - record!.enqueuedAt);
        figures(store, "rolling deploy", {
          jobs: ids.length,
          runs: runs.length,
          slots: slots.length,
          of: Math.floor((stoppedAt - changedAt) / 1_000),
          "latest start, ms": Math.max(...late),
        });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
