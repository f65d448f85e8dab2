import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { account } from "./account.js";
import { figures, LONG, moment, now, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [JOBS, TIME] = LONG ? [20_000, 300] : [400, 60];
const HOUR = 3_600_000;

describeOn(STORES, "With clocks that are hours off on $name", (store) => {
  it.concurrent(
    "workers and producers do the same as ever: no job runs twice, none lapses, delays are as long as they should be",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        // Less than any two clocks are apart, and more than a busy machine can hold a process up: whoever
        // believed a clock would take the others for dead.
        const options = { concurrency: 10, lease: HOUR };
        const workers = [
          fleet.worker(options, undefined, { skewMs: 5 * HOUR }),
          fleet.worker(options, undefined, { skewMs: -7 * HOUR }),
          fleet.worker(options),
        ];
        await Promise.all(workers.map((worker) => worker.says("ready")));
        const producers = [3 * HOUR, -3 * HOUR].map((skewMs, i) =>
          fleet.start("producer", { name: `p${i}`, total: JOBS / 2, shapes: ["many", "again", "chain", "delayed", "singles"] }, { skewMs }),
        );
        for (const producer of producers) expect(await producer.says("produced")).toBeGreaterThanOrEqual(JOBS / 2);
        // Long enough for everybody to look for the jobs of dead workers.
        const began = now();
        await until("all jobs have ended", async () => (await fleet.unfinished()) === 0);
        await moment(Math.max(0, 1_500 - (now() - began)));
        for (const member of [...producers, ...workers]) expect((await fleet.stop(member)).code).toBe(0);
        const sums = await account(fleet);
        expect(sums).toMatchObject({ extraRuns: 0, cut: 0, lost: 0, lapses: 0 });
        // By the store's own record: clocks of two processes do not tell a delay to the millisecond.
        const ids = [...new Set(fleet.ledger.of("start").flatMap(({ id }) => (id.startsWith("delayed-") ? id : [])))];
        const records = (await fleet.adapter.jobs.get(ids)).flatMap((record) => record ?? []);
        expect(records).toHaveLength(ids.length);
        const waits = records.map(({ enqueuedAt, startedAt }) => startedAt! - enqueuedAt);
        expect(records.filter(({ enqueuedAt, dueAt, startedAt }) => dueAt - enqueuedAt !== 300 || startedAt! < dueAt)).toEqual([]);
        expect(ids.length).toBeGreaterThan(0);
        figures(store, "clocks hours off", {
          ...sums,
          "delayed 300 ms, at least": Math.min(...waits),
          "at most": Math.max(...waits),
        });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "the work of a dead worker is taken over in time, whichever way its clock was off",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const hang = stem.task<{ n: number }>("hang", { queue: "default" });
        const recoveries: number[] = [];
        for (const [n, skewMs] of [6 * HOUR, -6 * HOUR].entries()) {
          const victim = fleet.worker({}, undefined, { skewMs });
          const job = await hang.enqueue({ n });
          await until("the job hangs", () => fleet.ledger.of("start", job.id).length === 1);
          const heir = fleet.worker({}, undefined, { skewMs: -skewMs });
          await heir.says("ready");
          await fleet.kill(victim);
          const killed = now();
          await until("the job runs again", () => fleet.ledger.of("start", job.id).length === 2);
          // Were either clock believed, it would take hours.
          recoveries.push(fleet.ledger.of("start", job.id)[1]!.at - killed);
          await until("it has ended", async () => (await job.status())?.state === "succeeded");
          // Not only within the patience of this test: the store, too, has seen no clock but its own.
          const { enqueuedAt, startedAt, endedAt, lapses } = (await job.status())!;
          expect(lapses).toBe(1);
          expect(startedAt).toBeGreaterThanOrEqual(enqueuedAt);
          expect(endedAt! - enqueuedAt).toBeLessThan(HOUR);
          await fleet.stop(heir);
        }
        figures(store, "dead worker, clock hours off", { kills: 2, "recovery ms": Math.max(...recoveries) });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
