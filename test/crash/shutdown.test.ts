import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { account } from "./account.js";
import { between, figures, LONG, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [JOBS, STOPS, TIME] = LONG ? [10_000, 60, 300] : [500, 3, 60];

describeOn(STORES, "A worker that is asked to stop on $name", (store) => {
  it.concurrent(
    "under load finishes what it runs, ends with code 0, and nothing is lost, run twice or counted as an attempt",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const producer = fleet.start("producer", { name: "p", total: JOBS, shapes: ["many", "chain", "singles"] });
        const workers = [fleet.worker({ concurrency: 20 }), fleet.worker({ concurrency: 20 })];
        let [stops, unbegun] = [0, 0];
        for (; stops < STOPS; stops++) {
          const chosen = stops % 2;
          await workers[chosen]!.says("ready");
          await moment(between(0, 150));
          const { code, said } = await fleet.stop(workers[chosen]!);
          expect(code).toBe(0);
          // What a claim under way brings when it is too late to begin it.
          unbegun += (said as { released: number }).released;
          workers[chosen] = fleet.worker({ concurrency: 20 });
        }
        await producer.says("produced");
        await until("all jobs have ended", async () => (await fleet.unfinished()) === 0);
        for (const member of [producer, ...workers]) expect((await fleet.stop(member)).code).toBe(0);
        const sums = await account(fleet);
        expect(
          fleet.ledger.of("released").filter(({ id, pid }) => fleet.ledger.of("start", id).some((start) => start.pid === pid)),
        ).toEqual([]);
        expect(sums).toMatchObject({ cut: 0 });
        expect(sums.extraRuns).toBeLessThanOrEqual(sums.lost);
        figures(store, "asked to stop under load", { ...sums, stops, "handed back unbegun": unbegun });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "hands back what does not end within its graces: it runs again at once, its attempt not spent",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const stopped = fleet.worker({ grace: 100, abortGrace: 100, lease: 3_600_000 });
        await stopped.says("ready");
        const payloads = Array.from({ length: 12 }, (_, n) => ({ n }));
        const jobs = await stem.task<{ n: number }>("stubborn", { queue: "default" }).enqueueMany(payloads);
        await until("all are running", () => fleet.ledger.of("start").length === jobs.length);
        const heir = fleet.worker({ lease: 10_000 });
        await heir.says("ready");
        expect(await fleet.stop(stopped)).toEqual({ code: 0, said: { released: jobs.length } });
        await until("another worker did them", async () => (await fleet.unfinished()) === 0);
        await fleet.stop(heir);
        for (const job of jobs) {
          expect(await job.status()).toMatchObject({ state: "succeeded", attempts: 1, lapses: 0 });
          expect(fleet.ledger.of("start", job.id).map(({ pid, attempt }) => [pid, attempt])).toEqual([
            [stopped.pid, 1],
            [heir.pid, 1],
          ]);
        }
        const released = Math.min(...fleet.ledger.of("released").map(({ at }) => at));
        const again = Math.max(
          ...fleet.ledger
            .of("start")
            .filter(({ pid }) => pid === heir.pid)
            .map(({ at }) => at),
        );
        await account(fleet, new Map(jobs.map(({ id }, n) => [id, { n, square: n * n }])));
        figures(store, "handed back at stop", { jobs: jobs.length, "recovery ms": again - released });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
