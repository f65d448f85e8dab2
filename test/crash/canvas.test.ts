import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { account } from "./account.js";
import { between, figures, LONG, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [MEMBERS, KILLS, TIME] = LONG ? [2_000, 40, 300] : [150, 4, 60];

describeOn(STORES, "A chord on $name", (store) => {
  it.concurrent(
    `of ${MEMBERS} calls back once, with all results in order, although workers are killed all along`,
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const task = (name: string) => stem.task<unknown, unknown>(name, { queue: "default" });
        const numbers = Array.from({ length: MEMBERS }, (_, n) => n);
        const members = numbers.map((n) => task("square").signature({ n, ms: 80 }));
        const chord = await stem.chord(members, task("sum").signature());
        const workers = [fleet.worker({ concurrency: 4 }), fleet.worker({ concurrency: 4 })];
        let kills = 0;
        for (; kills < KILLS; kills++) {
          const victim = kills % 2;
          await workers[victim]!.says("ready");
          await until("the chord has come further", () => fleet.ledger.of("succeeded").length >= ((kills + 1) / (KILLS + 1)) * MEMBERS);
          await moment(between(0, 80));
          await fleet.kill(workers[victim]!);
          workers[victim] = fleet.worker({ concurrency: 4 });
        }
        await until("the chord has ended", async () => (await fleet.unfinished()) === 0);
        for (const worker of workers) await fleet.stop(worker);
        const squares = numbers.map((n) => ({ n, square: n * n }));
        const expected = new Map<string, unknown>(chord.jobs.map(({ id }, i) => [id, squares[i]]));
        expected.set(chord.id, { inputs: numbers, total: squares.reduce((sum, { square }) => sum + square, 0) });
        const { extraRuns, ...sums } = await account(fleet, expected);
        expect((await stem.counts()).succeeded).toBe(MEMBERS + 1);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(store, `chord of ${MEMBERS}`, { ...sums, kills, "extra runs": extraRuns });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
