import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { account } from "./account.js";
import { between, figures, LONG, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [CHAINS, KILLS, TIME] = LONG ? [2_000, 40, 300] : [80, 4, 60];

describeOn(STORES, "Dead letters on $name", (store) => {
  it.concurrent(
    "that are retried while workers are killed all succeed, and so does all that had died with them",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const task = (name: string) => stem.task<unknown, unknown>(name, { queue: "default" });
        const expected = new Map<string, unknown>();
        for (let n = 0; n < CHAINS; n++) {
          const { jobs } = await stem.chain(task("broken").signature({ n }), task("next").signature());
          jobs.forEach(({ id }, i) => expected.set(id, { n: n + i, square: n * n + i }));
        }
        const workers = [fleet.worker({ concurrency: 10 }), fleet.worker({ concurrency: 10 })];
        let kills = 0;
        const strike = async (): Promise<void> => {
          const victim = kills++ % 2;
          await workers[victim]!.says("ready");
          await moment(between(0, 100));
          await fleet.kill(workers[victim]!);
          workers[victim] = fleet.worker({ concurrency: 10 });
        };
        for (let i = 0; i < KILLS / 2; i++) await strike();
        await until("all have died", async () => (await fleet.unfinished()) === 0);
        expect(await stem.counts()).toMatchObject({ failed: 2 * CHAINS, succeeded: 0 });

        writeFileSync(join(fleet.folder, "repaired"), "");
        let [retried, lapsed] = [0, 0];
        const ids = new Set<string>();
        const retry = async (): Promise<void> => {
          const letters = await stem.deadLetters.list({ limit: Math.ceil(CHAINS / (KILLS / 2)) });
          lapsed += letters.filter(({ cause }) => cause === "lapsed").length;
          const made = await stem.deadLetters.retry(letters.map(({ id }) => id));
          retried += made.length;
          for (const id of made) ids.add(id);
        };
        for (let i = 0; i < KILLS / 2; i++) {
          await retry();
          await strike();
        }
        await until("none is left", async () => (await stem.deadLetters.list()).length === 0 || (await retry(), false));
        await until("all have succeeded", async () => (await fleet.unfinished()) === 0);
        for (const worker of workers) await fleet.stop(worker);
        expect(ids.size).toBe(CHAINS);
        // One that was on loan to five workers in a row as they were killed has died of that once more.
        expect(retried - CHAINS).toBeLessThanOrEqual(lapsed);
        expect(await stem.deadLetters.list()).toEqual([]);
        // Each of the first jobs of a chain died once: that is a run that nobody has to explain.
        const { extraRuns, ...sums } = await account(fleet, expected);
        expect(extraRuns - CHAINS).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(store, "retried from dead letters", { ...sums, retried, kills, "extra runs": extraRuns - CHAINS });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
