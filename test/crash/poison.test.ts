import { describe, expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import type { JobHandle } from "../../lib/core/client/face.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { account } from "./account.js";
import { figures, type Fleet, until, withFleet, SECONDS } from "./rig.js";
import { STORES } from "./stores.js";

const INNOCENT = 200;
const TIME = 40;

/** Keeps one worker running until nothing is left, however often it falls. @returns how often it fell */
async function supervise(fleet: Fleet): Promise<number> {
  for (let falls = 0; ; falls++) {
    const worker = fleet.worker({ lease: 300, concurrency: 10 });
    const ended = await Promise.race([worker.end, until("all jobs have ended", async () => (await fleet.unfinished()) === 0)]);
    if (ended === undefined) {
      await fleet.stop(worker);
      return falls;
    }
    expect(ended).toEqual([66, null]);
    fleet.killed.add(worker.pid);
  }
}

/** Lets a job that takes its worker down after `fuse` milliseconds stand in the middle of others' jobs, and keeps workers coming. */
async function ordeal(fleet: Fleet, fuse: number): Promise<{ readonly stem: Stem; readonly poison: JobHandle; readonly falls: number }> {
  const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
  const square = stem.task<{ n: number }>("square", { queue: "default" });
  const half = (from: number) => Array.from({ length: INNOCENT / 2 }, (_, n) => ({ n: from + n }));
  await square.enqueueMany(half(0), { id: "before" });
  const poison = await stem.task<{ fuse: number }>("poison", { queue: "default" }).enqueue({ fuse });
  await square.enqueueMany(half(INNOCENT / 2), { id: "after" });
  const falls = await supervise(fleet);
  expect(falls).toBe(5);
  expect(await poison.status()).toMatchObject({ state: "failed", cause: "lapsed", lapses: 5, attempts: 0 });
  return { stem, poison, falls };
}

const expected = new Map(
  Array.from({ length: INNOCENT }, (_, n) => [n < INNOCENT / 2 ? `before-${n}` : `after-${n - INNOCENT / 2}`, { n, square: n * n }]),
);

describe.each(STORES)("A job that takes its worker down on $name", (store) => {
  it(
    "is put aside after five lapses with that cause, and everybody else's job succeeds",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const { stem, poison, falls } = await ordeal(fleet, 40);
        expect(await stem.deadLetters.list()).toMatchObject([{ id: poison.id, cause: "lapsed", lapses: 5 }]);
        const { extraRuns, ...sums } = await account(fleet, expected);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures("poison, 40 ms after its start", { ...sums, "fallen workers": falls, "extra runs": extraRuns });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );

  it(
    "harms nobody that is claimed together with it, also when it does so at once",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const { stem, falls } = await ordeal(fleet, 0);
        const { succeeded, failed } = await stem.counts();
        figures("poison, at once", { "fallen workers": falls, "innocent jobs dead with it": failed - 1 });
        expect({ succeeded, failed }).toEqual({ succeeded: INNOCENT, failed: 1 });
        await account(fleet, expected);
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
