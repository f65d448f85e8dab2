import { expect, it } from "@jest/globals";
import { account } from "./account.js";
import { between, figures, LONG, type Member, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [JOBS, KILLS, TIME] = LONG ? [20_000, 280, 900] : [900, 9, 60];
const SHAPES = ["singles", "many", "again", "chain", "chord"];

describeOn(STORES, "Under load on $name", (store) => {
  it.concurrent(
    "workers and producers may be killed at any moment: every job accepted ends once, with its result, and only what was cut short runs again",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        let incarnation = 0;
        let granted = 0;
        const produce = (): Member => fleet.start("producer", { name: `p${incarnation++}`, total: JOBS, upTo: granted, shapes: SHAPES });
        const workers = [fleet.worker({ concurrency: 6 }), fleet.worker({ concurrency: 6 })];
        let producer = produce();
        const kills = { worker: 0, producer: 0 };
        while (kills.worker + kills.producer < KILLS) {
          // Spread over the whole load, so that each falls among jobs that are coming, waiting and running.
          // Any moment will do, also that of a start.
          const share = ((kills.worker + kills.producer + 1) / (KILLS + 1)) * JOBS;
          if (Math.random() < 0.9) await Promise.all([producer, ...workers].map((member) => member.says("ready")));
          granted = share + 100;
          producer.process.send({ upTo: granted });
          await until("more jobs were accepted", () => fleet.ledger.acceptedCount() >= share);
          await moment(between(0, 40));
          if (Math.random() < 0.25) {
            await fleet.kill(producer);
            kills.producer++;
            producer = produce();
          } else {
            const victim = between(0, 1);
            await fleet.kill(workers[victim]!);
            kills.worker++;
            workers[victim] = fleet.worker({ concurrency: 6 });
          }
        }
        producer.process.send({ upTo: JOBS });
        expect(await producer.says("produced")).toBeGreaterThanOrEqual(JOBS);
        await until("all jobs have ended", async () => (await fleet.unfinished()) === 0);
        for (const member of [producer, ...workers]) expect((await fleet.stop(member)).code).toBe(0);
        const { extraRuns, ...sums } = await account(fleet);
        expect(sums.jobs).toBeGreaterThanOrEqual(JOBS);
        // Otherwise nobody was killed at work, and nothing was shown.
        expect(sums.cut).toBeGreaterThan(0);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(store, "random kills under load", {
          ...sums,
          "killed workers": kills.worker,
          "killed producers": kills.producer,
          "extra runs": extraRuns,
        });
      });
    },
    SECONDS(TIME),
  );
});
