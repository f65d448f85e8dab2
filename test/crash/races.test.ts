import { expect, it } from "@jest/globals";
import type { Adapter, Answer, Changed, Claimed } from "../../lib/contract/index.js";
import { Stem } from "../../lib/core/client/stem.js";
import type { JobHandle } from "../../lib/core/client/face.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { figures, type Fleet, LONG, type Member, now, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const PAIRS = 60;
const ROUNDS = LONG ? 20 : 1;
const TIME = LONG ? 300 : 60;

type Call = readonly [at: number, part: keyof Adapter, verb: string, ...given: unknown[]];

let races = 0;

/** Lets each racer make its calls, all at the moments they name. @returns what each was answered, in order */
async function race<T>(racers: readonly Member[], calls: (racer: number) => readonly Call[]): Promise<readonly (readonly T[])[]> {
  const race = `race ${++races}`;
  for (const [i, racer] of racers.entries()) racer.process.send({ race, calls: calls(i) });
  const answers = await Promise.all(racers.map((racer) => racer.says(race)));
  if (answers.includes(undefined)) throw new Error("A racer fell.");
  return answers as (readonly T[])[];
}

async function inRounds(store: (typeof STORES)[number], round: (fleet: Fleet, stem: Stem, racers: readonly Member[]) => Promise<void>) {
  await withFleet(store, TIME, async (fleet) => {
    const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
    const racers = [fleet.start("racer"), fleet.start("racer")];
    await Promise.all(racers.map((racer) => racer.says("ready")));
    for (let i = 0; i < ROUNDS; i++) await round(fleet, stem, racers);
    await stem.close();
  });
}

const states = async (jobs: readonly JobHandle[]) => Promise.all(jobs.map(async (job) => (await job.status())?.state));
const tally = (list: readonly unknown[]) => Object.fromEntries([...new Set(list)].map((x) => [x, list.filter((y) => y === x).length]));
const numbers = Array.from({ length: PAIRS }, (_, n) => n);

/**
 * Lets a worker run jobs that take up to 40 ms while the racers cancel each of them somewhen in the same
 * time, each racer half.
 */
async function cancelled(
  fleet: Fleet,
  racers: readonly Member[],
  jobs: readonly JobHandle[],
  withinMs: number,
): Promise<readonly Answer[]> {
  const begin = now() + 20;
  const answers = await race<Changed>(racers, (racer) =>
    jobs.flatMap((job, n) =>
      n % 2 === racer
        ? [[begin + Math.random() * withinMs, "jobs", "change", { ids: [job.id] }, { to: "cancelled", reason: "changed my mind" }] as const]
        : [],
    ),
  );
  await until("all have ended", async () => (await fleet.unfinished()) === 0);
  return answers.flat().flatMap((changed) => changed.answers);
}

/**
 * Whoever was told that a job is cancelled, it is; whoever was told that it had ended, it had; and nobody was
 * told both.
 */
async function expectOneEnd(fleet: Fleet, jobs: readonly JobHandle[], told: readonly Answer[]): Promise<Record<string, number>> {
  const found = await states(jobs);
  for (const [n, job] of jobs.entries()) {
    const { as } = told.find(({ id }) => id === job.id)!;
    expect({ id: job.id, as, state: found[n] }).toEqual({ id: job.id, as, state: as === "changed" ? "cancelled" : "succeeded" });
    expect(fleet.ledger.of("succeeded", job.id)).toHaveLength(found[n] === "succeeded" ? 1 : 0);
  }
  return tally(found);
}

describeOn(STORES, "When two come at once on $name", (store) => {
  it.concurrent(
    `${PAIRS} events find ${PAIRS} runs that are about to wait for them, whichever comes first`,
    async () => {
      let [parked, early] = [0, 0];
      await inRounds(store, async (fleet, stem, racers) => {
        const worker = fleet.worker({ concurrency: PAIRS });
        await worker.says("ready");
        const before = races;
        const begin = now();
        const emitting = race(racers, (racer) =>
          numbers
            .filter((n) => n % 2 === racer)
            .map((n) => {
              const event = { id: `${before}-${n}`, name: "word", key: `${before}-${n}`, payload: String(n), keepMs: 60_000 };
              return [begin + Math.random() * 60, "events", "emit", [event]] as const;
            }),
        );
        const runs = await stem
          .workflow<{ key: string }>("listen", { queue: "default" })
          .startMany(numbers.map((n) => ({ key: `${before}-${n}` })));
        await emitting;
        await until("all runs have ended", async () => (await fleet.unfinished()) === 0);
        expect(await Promise.all(runs.map((run) => run.result()))).toEqual(numbers);
        parked = fleet.ledger.of("parked").length;
        early = fleet.ledger.of("start").length;
        await fleet.stop(worker);
      });
      figures(store, "events against suspensions", { pairs: PAIRS * ROUNDS, "suspended at least": parked, passes: early });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "a job that is cancelled at the moment it ends is either, for everybody",
    async () => {
      let ends = {};
      await inRounds(store, async (fleet, stem, racers) => {
        const worker = fleet.worker({ concurrency: 8 });
        await worker.says("ready");
        const jobs = await stem
          .task<{ n: number; ms: number }>("square", { queue: "default" })
          .enqueueMany(numbers.map((n) => ({ n, ms: 5 })));
        ends = await expectOneEnd(fleet, jobs, await cancelled(fleet, racers, jobs, 60));
        await fleet.stop(worker);
      });
      figures(store, "cancel against settle", { pairs: PAIRS * ROUNDS, "ends of the last round": JSON.stringify(ends) });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "a job that is cancelled at the moment it is to be tried again is not tried again",
    async () => {
      let ends = {};
      await inRounds(store, async (fleet, stem, racers) => {
        const worker = fleet.worker({ concurrency: 8 });
        await worker.says("ready");
        const jobs = await stem.task<{ n: number }>("again", { queue: "default" }).enqueueMany(numbers.map((n) => ({ n })));
        ends = await expectOneEnd(fleet, jobs, await cancelled(fleet, racers, jobs, 80));
        await fleet.stop(worker);
      });
      figures(store, "cancel against retry", { pairs: PAIRS * ROUNDS, "ends of the last round": JSON.stringify(ends) });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "a run that is cancelled at the moment it suspends stays cancelled, and no event wakes it",
    async () => {
      await inRounds(store, async (fleet, stem, racers) => {
        const worker = fleet.worker({ concurrency: PAIRS });
        await worker.says("ready");
        const keys = numbers.map((n) => `c${races}-${n}`);
        const runs = await stem.workflow<{ key: string }>("listen", { queue: "default" }).startMany(keys.map((key) => ({ key })));
        const told = await cancelled(fleet, racers, runs, 60);
        expect(tally(told.map(({ as }) => as))).toEqual({ changed: PAIRS });
        for (const key of keys) await stem.emit("word", key, 1);
        // A job behind them in the line: once it has run, whatever the events had woken would have been lent.
        const last = await stem.task<{ n: number }>("square", { queue: "default" }).enqueue({ n: 1 });
        await last.result();
        expect(tally(await states(runs))).toEqual({ cancelled: PAIRS });
        expect(runs.flatMap(({ id }) => fleet.ledger.of("succeeded", id))).toEqual([]);
        await fleet.stop(worker);
      });
      figures(store, "cancel against park", { pairs: PAIRS * ROUNDS });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "a dead letter that is retried at the moment the dead letters are purged is gone or runs, never both",
    async () => {
      let [purged, ran] = [0, 0];
      await inRounds(store, async (fleet, stem, racers) => {
        const worker = fleet.worker({ concurrency: 8 });
        await worker.says("ready");
        const jobs = await stem.task<{ n: number }>("twice", { queue: "default" }).enqueueMany(numbers.map((n) => ({ n })));
        await until("all are dead", async () => (await stem.deadLetters.list()).length === PAIRS);
        const begin = now() + 20;
        const [retried, purges] = (
          await race<Changed>(racers, (racer) =>
            numbers.map((n) => {
              const at = begin + n + Math.random() * 5;
              return racer === 0
                ? ([at, "jobs", "change", { ids: [jobs[n]!.id] }, { to: "ready" }] as const)
                : ([at, "jobs", "change", { ids: [jobs[n]!.id], dead: true }, { to: "forgotten" }] as const);
            }),
          )
        ).map((answers) => answers.map((changed) => changed.answers.filter(({ as }) => as === "changed").length)) as [number[], number[]];
        await until("all have ended", async () => (await fleet.unfinished()) === 0);
        const found = await states(jobs);
        for (const [n, { id }] of jobs.entries()) {
          expect({ id, retried: retried[n], purged: purges[n] }).toEqual({
            id,
            retried: retried[n],
            purged: 1 - retried[n]!,
          });
          expect({ id, state: found[n] }).toEqual({ id, state: retried[n] === 1 ? "succeeded" : undefined });
        }
        purged += purges.filter((count) => count === 1).length;
        ran += retried.filter((count) => count === 1).length;
        await fleet.stop(worker);
      });
      figures(store, "purge against retry and claim", { pairs: PAIRS * ROUNDS, purged, ran });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "two claims lend no job twice and forget none",
    async () => {
      const shares: number[] = [];
      await inRounds(store, async (fleet, stem, racers) => {
        const queue = `claims-${races}`;
        const jobs = await stem.task<{ n: number }>("square", { queue }).enqueueMany(Array.from({ length: 400 }, (_, n) => ({ n })));
        const worker = (racer: number) => `racer-${racer}`;
        for (const [racer] of racers.entries()) await fleet.adapter.workers.renew({ id: worker(racer), leaseMs: 60_000, info: {} }, []);
        const begin = now() + 20;
        const claims = await race<Claimed>(racers, (racer) =>
          Array.from({ length: 60 }, (_, i) => {
            const request = { worker: worker(racer), from: [{ queue }], limit: 1 + (i % 13) };
            return [begin + Math.floor(i / 4), "broker", "claim", request] as const;
          }),
        );
        const lent = claims.map((claimed) => claimed.flatMap(({ deliveries }) => deliveries.map(({ job }) => job.id)));
        shares.splice(0, 2, ...lent.map(({ length }) => length));
        expect(lent.flat().toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
        for (const [racer] of racers.entries()) await fleet.adapter.workers.leave(worker(racer));
        await stem.cancel(jobs.map(({ id }) => id));
      });
      figures(store, "two claims", { jobs: 400 * ROUNDS, "shares of the last round": shares.join(" and ") });
    },
    SECONDS(TIME),
  );
});
