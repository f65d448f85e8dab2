import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import type { JobHandle } from "../../lib/core/client/face.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { FATES } from "./ledger.js";
import { between, figures, LONG, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [RUNS, KILLS, TIME] = LONG ? [2_000, 60, 600] : [50, 5, 60];
const STEPS = ["reserve#1", "charge#1", "pack#1", "tick#1", "tick#2", "tick#3", "ship#1"];

interface Done {
  readonly key: string;
  readonly token: string;
}

describeOn(STORES, "Workflows on $name", (store) => {
  it.concurrent(
    "complete although workers are killed at any moment: a journaled step is never run again, one that was cut short runs again under the same key",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const workers = [fleet.worker({ concurrency: 10 }), fleet.worker({ concurrency: 10 })];
        const numbers = Array.from({ length: RUNS }, (_, n) => n);
        const order = stem.workflow<{ n: number }>("order", { queue: "default" });
        const runs: JobHandle[] = [];
        let kills = 0;
        let emitted = 0;
        while (kills < KILLS) {
          await Promise.all(workers.map((worker) => worker.says("ready")));
          // Every victim is among runs that have just begun; some events come before their runs wait for
          // them, some after.
          const share = Math.min(RUNS, Math.ceil((RUNS / KILLS) * ++kills));
          runs.push(...(await order.startMany(numbers.slice(runs.length, share).map((n) => ({ n })))));
          for (; emitted < (kills === KILLS ? RUNS : share - RUNS / KILLS / 2); emitted++)
            await stem.emit("paid", String(emitted), { amount: emitted * 10 });
          await moment(between(0, 120));
          const victim = between(0, 1);
          await fleet.kill(workers[victim]!);
          workers[victim] = fleet.worker({ concurrency: 10 });
        }
        await until("all runs have ended", async () => (await fleet.unfinished()) === 0, TIME * 1_000);
        for (const worker of workers) expect((await fleet.stop(worker)).code).toBe(0);

        const effects = new Map<string, string[]>();
        for (const { key, token } of fleet.ledger.of("effect")) effects.set(key, [...(effects.get(key) ?? []), token]);
        const lost = new Set(fleet.ledger.of("lost").map(({ id }) => id));
        const records = await Promise.all(runs.map((run) => run.status()));
        for (const [n, record] of records.entries()) {
          const { id, state, error } = record!;
          expect({ id, state, error }).toEqual({ id, state: "succeeded", error });
          const result = JSON.parse(record!.result!) as { n: number; paid: unknown; done: readonly Done[] };
          expect(result).toMatchObject({ n, paid: { amount: n * 10 } });
          expect(result.done.map(({ key }) => key)).toEqual(STEPS.map((step) => `${id}/${step}`));
          for (const { key, token } of result.done) {
            if (lost.has(id)) expect(effects.get(key)).toContain(token);
            else expect({ key, last: effects.get(key)?.at(-1) }).toEqual({ key, last: token });
          }
          expect(fleet.ledger.of("succeeded", id).length).toBeLessThanOrEqual(1);
        }
        // No key but those, so each repetition was under the key of the first time.
        expect(effects.size).toBe(RUNS * STEPS.length);
        const again = [...effects.values()].reduce((sum, tokens) => sum + tokens.length - 1, 0);
        // Passes that began and met no fate were cut short; those and the lost ones had at most two steps
        // side by side. (The runs' own lapses are forgotten as they go on.)
        const fates = FATES.reduce((sum, fate) => sum + fleet.ledger.of(fate).length, 0);
        const cut = fleet.ledger.of("start").length - fates + fleet.ledger.of("lost").length;
        expect(again).toBeLessThanOrEqual(2 * cut);
        figures(store, "workflows, random kills", { runs: RUNS, steps: RUNS * STEPS.length, kills, cut, "steps run again": again });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
