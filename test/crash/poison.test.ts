import { describe, expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
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

describe.each(STORES)("A job that takes its worker down, on $name,", (store) => {
  it.each([
    { fuse: 40, when: "a moment after its start" },
    { fuse: 0, when: "at once" },
  ])(
    "$when, is put aside after five lapses with that cause, and everybody else's job succeeds",
    async ({ fuse }) => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const payloads = Array.from({ length: INNOCENT }, (_, n) => ({ n }));
        const square = stem.task<{ n: number }, unknown>("square", { queue: "default" });
        const before = await square.enqueueMany(payloads.slice(0, INNOCENT / 2));
        const poison = await stem.task<{ fuse: number }>("poison", { queue: "default" }).enqueue({ fuse });
        const after = await square.enqueueMany(payloads.slice(INNOCENT / 2));
        const falls = await supervise(fleet);
        expect(falls).toBe(5);
        expect(await poison.status()).toMatchObject({ state: "failed", cause: "lapsed", lapses: 5, attempts: 0 });
        expect(await stem.deadLetters.list()).toMatchObject([{ id: poison.id, cause: "lapsed", lapses: 5 }]);
        const expected = new Map([...before, ...after].map(({ id }, n) => [id, { n, square: n * n }]));
        const { extraRuns, ...sums } = await account(fleet, expected);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(`poison, fuse ${fuse} ms`, { ...sums, "fallen workers": falls, "extra runs": extraRuns });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
