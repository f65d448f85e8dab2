import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import type { JobHandle } from "../../lib/core/client/face.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { account } from "./account.js";
import { figures, type Flaws, type Fleet, type Member, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const INNOCENT = 100;
const TIME = 90;

/** How a poison is told to the tests. */
interface Poison {
  readonly task: string;
  readonly payload: object;
  readonly flaws?: Flaws;
  /** How the worker ends: code and signal. */
  readonly end: readonly [number | null, string | null];
}

/** Keeps one worker running until nothing is left, however often it falls. @returns how often it fell */
async function supervise(fleet: Fleet, { flaws, end }: Poison, poisonId: string): Promise<number> {
  for (let falls = 0; ; falls++) {
    const worker = fleet.worker({ lease: 300, concurrency: 10 }, undefined, flaws);
    let over = false;
    const done = until("all jobs have ended", async () => over || (await fleet.unfinished()) === 0);
    if (end[1] === "SIGKILL") void watchdog(fleet, worker, poisonId);
    const ended = await Promise.race([worker.end, done]);
    over = true;
    if (ended === undefined) {
      await fleet.stop(worker);
      return falls;
    }
    expect(ended).toEqual(end);
    fleet.killed.add(worker.pid);
  }
}

/**
 * Kills a worker that has begun the poison and does not give a sign of life any more, as whoever runs workers
 * does.
 */
async function watchdog(fleet: Fleet, worker: Member, poisonId: string): Promise<void> {
  await until("it is stuck", () => !worker.alive || fleet.ledger.of("start", poisonId).some(({ pid }) => pid === worker.pid));
  await moment(500);
  await fleet.kill(worker);
}

/** Lets a job that takes its worker down stand in the middle of others' jobs, and keeps workers coming. */
async function ordeal(fleet: Fleet, poison: Poison): Promise<{ readonly stem: Stem; readonly id: string; readonly falls: number }> {
  const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
  const square = stem.task<{ n: number }>("square", { queue: "default" });
  const half = (from: number) => Array.from({ length: INNOCENT / 2 }, (_, n) => ({ n: from + n }));
  await square.enqueueMany(half(0), { id: "before" });
  const job: JobHandle = await stem.task<object>(poison.task, { queue: "default" }).enqueue(poison.payload);
  await square.enqueueMany(half(INNOCENT / 2), { id: "after" });
  const falls = await supervise(fleet, poison, job.id);
  expect(falls).toBe(5);
  expect(await job.status()).toMatchObject({ state: "failed", cause: "lapsed", lapses: 5, attempts: 0 });
  return { stem, id: job.id, falls };
}

const expected = new Map(
  Array.from({ length: INNOCENT }, (_, n) => [n < INNOCENT / 2 ? `before-${n}` : `after-${n - INNOCENT / 2}`, { n, square: n * n }]),
);

const exits: Poison = { task: "poison", payload: { fuse: 40 }, end: [66, null] };

const POISONS: readonly (Poison & { readonly how: string })[] = [
  { ...exits, how: "ends the process after a while" },
  { task: "glutton", payload: {}, flaws: { heapMb: 40 }, end: [null, "SIGABRT"], how: "takes memory without end" },
  { task: "stuck", payload: {}, end: [null, "SIGKILL"], how: "never gives the event loop back, so that the process has to be killed" },
];

describeOn(STORES, "A job that takes its worker down on $name", (store) => {
  it.concurrent.each(POISONS)(
    "and $how is put aside after five lapses with that cause, and everybody else's job succeeds",
    async (poison) => {
      await withFleet(store, TIME, async (fleet) => {
        const { stem, id, falls } = await ordeal(fleet, poison);
        expect(await stem.deadLetters.list()).toMatchObject([{ id, cause: "lapsed", lapses: 5 }]);
        const { extraRuns, ...sums } = await account(fleet, expected);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(store, `poison, ${poison.how}`, { ...sums, "fallen workers": falls, "extra runs": extraRuns });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "harms nobody that is claimed together with it, also when it does so at once",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const { stem, falls } = await ordeal(fleet, { ...exits, payload: { fuse: 0 } });
        const { succeeded, failed } = await stem.counts();
        figures(store, "poison, at once", { "fallen workers": falls, "innocent jobs dead with it": failed - 1 });
        expect({ succeeded, failed }).toEqual({ succeeded: INNOCENT, failed: 1 });
        await account(fleet, expected);
        await stem.close();
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "but gets on in every life is no poison: a run of eight steps that loses its worker at each of them is finished",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const run = await stem.workflow<{ steps: number }>("climb", { queue: "default" }).start({ steps: 8 });
        const falls = await supervise(fleet, { task: "climb", payload: {}, end: [66, null] }, run.id);
        expect(await run.status()).toMatchObject({ state: "succeeded", result: '"up"', attempts: 1 });
        expect(falls).toBe(7);
        figures(store, "gets on in every life", { steps: 8, "fallen workers": falls });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "does not, if it only never returns: it is ended when its time is up, and its place is free again",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const endless = await stem.task<object>("endless", { queue: "default" }).enqueueMany([{}, {}]);
        await stem.task<{ n: number }>("square", { queue: "default" }).enqueueMany(
          Array.from({ length: INNOCENT }, (_, n) => ({ n })),
          { id: "all" },
        );
        // Only as many places as there are jobs that never return.
        const worker = fleet.worker({ concurrency: 2 });
        await until("all jobs have ended", async () => (await fleet.unfinished()) === 0);
        for (const job of endless)
          expect(await job.status()).toMatchObject({ state: "failed", cause: "error", attempts: 2, error: { code: "STEM_JOB_TIMEOUT" } });
        const { succeeded, failed } = await stem.counts();
        expect({ succeeded, failed }).toEqual({ succeeded: INNOCENT, failed: 2 });
        expect((await fleet.stop(worker)).code).toBe(0);
        figures(store, "never returns", { jobs: 2, "others done in two places": succeeded });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
