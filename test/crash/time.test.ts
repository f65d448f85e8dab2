import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import type { WorkerOptions } from "../../lib/core/worker/options.js";
import { between, figures, type Fleet, LONG, type Member, moment, now, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const SLOTS = LONG ? 334 : 10;
const TIME = LONG ? 600 : 60;
const SCHEDULES = ["crash.a", "crash.b", "crash.c"];

/** Kills a worker whose handlers hang, and measures how long until another has begun the last of its jobs. */
async function recovery(fleet: Fleet, options: WorkerOptions): Promise<number> {
  const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
  const hang = stem.task<{ n: number }>("hang", { queue: "default" });
  const started = () => fleet.ledger.of("start");
  let jobs = 0;
  const enqueue = async (): Promise<void> => {
    await hang.enqueue({ n: jobs++ });
    await until("the job hangs", () => started().length === jobs);
  };
  const victim = fleet.start("worker", { options });
  await enqueue();
  const heir = fleet.start("worker", { options });
  await heir.says("ready");
  // The heir is at work too, and must notice beside it.
  for (let i = 0; i < 20; i++) await enqueue();
  const mine = new Set(
    started()
      .filter(({ pid }) => pid === victim.pid)
      .map(({ id }) => id),
  );
  await fleet.kill(victim);
  const killed = now();
  const { leaseUntil } = (await fleet.adapter.workers.list()).items.find(({ info }) => Number(info["pid"]) === victim.pid)!;
  const again = () => started().filter(({ pid, id, at }) => pid === heir.pid && mine.has(id) && at > killed);
  await until("its jobs run again", () => again().length === mine.size, 30_000);
  // By the store's own record, however slow this machine is: nobody took them before the lease of the dead
  // was over, and then it was by that.
  for (const record of await fleet.adapter.jobs.get([...mine])) {
    expect(record).toMatchObject({ lapses: 1 });
    expect(record!.startedAt).toBeGreaterThanOrEqual(leaseUntil);
  }
  await stem.close();
  return Math.max(...again().map(({ at }) => at)) - killed;
}

describeOn(STORES, "Within its time on $name", (store) => {
  it.concurrent(
    "the work of a dead worker runs again within 15 s with the settings nobody changed",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const ms = await recovery(fleet, {});
        expect(ms).toBeLessThan(15_000);
        figures(store, "dead worker, default settings", { kills: 1, "recovery ms": ms });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "the work of a dead worker runs again within 3 s with a lease of 1 s",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const ms = await recovery(fleet, { lease: 1_000 });
        expect(ms).toBeLessThan(3_000);
        figures(store, "dead worker, lease 1 s", { kills: 1, "recovery ms": ms });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "each slot yields one job, whichever of three beats are killed",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const worker = fleet.worker();
        const beat = (): Member => fleet.start("beat", { schedules: SCHEDULES });
        const beats = [beat(), beat(), beat()];
        await Promise.all(beats.map((member) => member.says("ready")));
        const first = Date.now();
        const slots = async () =>
          (await fleet.adapter.jobs.list({ task: "tick", limit: 1_000 })).items.map(({ id, enqueuedAt }) => ({ id, enqueuedAt }));
        const seen = new Map<string, number>();
        let kills = 0;
        while (Date.now() - first < SLOTS * 1_000 + 1_000) {
          await moment(between(100, 900));
          const victim = between(0, 2);
          // Two are always there, however slowly processes start.
          await Promise.all(beats.map((member) => member.says("ready")));
          await fleet.kill(beats[victim]!);
          kills++;
          beats[victim] = beat();
          for (const { id, enqueuedAt } of await slots()) seen.set(id, enqueuedAt);
        }
        await Promise.all(beats.map((member) => fleet.stop(member)));
        for (const { id, enqueuedAt } of await slots()) seen.set(id, enqueuedAt);
        await until("all slots have been worked on", async () => (await fleet.unfinished()) === 0);
        await fleet.stop(worker);

        let merged = 0;
        for (const schedule of SCHEDULES) {
          const times = [...seen]
            .filter(([id]) => id.startsWith(`${schedule}@`))
            .map(([id, firedAt]) => ({ slot: Date.parse(id.slice(schedule.length + 1)), firedAt }));
          times.sort((a, b) => a.slot - b.slot);
          expect(times[0]!.slot).toBeLessThanOrEqual(first + 1_000);
          // A slot may be missing only if it had passed already when the one before it was fired.
          for (const [i, { slot, firedAt }] of times.slice(0, -1).entries()) {
            const next = times[i + 1]!.slot;
            expect(next - 1_000).toBeLessThanOrEqual(Math.max(slot, firedAt));
            merged += (next - slot) / 1_000 - 1;
          }
          expect(times.length).toBeGreaterThan(SLOTS * 0.9);
        }
        const runs = new Map<string, number>();
        for (const { id } of fleet.ledger.of("succeeded")) runs.set(id, (runs.get(id) ?? 0) + 1);
        expect([...runs.values()].every((times) => times === 1)).toBe(true);
        expect([...runs.keys()].toSorted()).toEqual([...seen.keys()].toSorted());
        figures(store, "beats killed", { slots: seen.size, kills, "caught up by one job": merged, "extra jobs": 0 });
      });
    },
    SECONDS(TIME),
  );
});
