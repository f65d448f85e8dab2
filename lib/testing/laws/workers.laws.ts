import assert from "node:assert/strict";
import { ids, one, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

const HOUR_MS = 3_600_000;
const beat = (bench: LawBench, id: string, leaseMs: number, held: Parameters<typeof bench.adapter.workers.beat>[1] = []) =>
  bench.adapter.workers.beat({ id, leaseMs, info: { host: "north", pid: "7" } }, held, bench.at);

export const workerLaws: readonly Law[] = [
  {
    title: "a worker is listed with what it says of itself, its lease and the jobs it holds",
    async check(bench) {
      const start = bench.now;
      assert.deepEqual(await beat(bench, "w", 5_000), { lost: [], now: start });
      await bench.hire("w", 5_000);
      await beat(bench, "w", 5_000);
      await bench.enqueue(...bench.jobs(3));
      const held = await bench.take({ worker: "w", limit: 2 });
      bench.pass(1_000);
      await beat(
        bench,
        "w",
        6_000,
        held.map(({ lease }) => lease),
      );
      const record = one(await bench.adapter.workers.list(bench.at));
      assert.deepEqual(record, {
        id: "w",
        info: { host: "north", pid: "7" },
        startedAt: start,
        seenAt: bench.now,
        leaseUntil: bench.now + 6_000,
        active: 2,
      });
      await bench.succeed(held[0]!);
      assert.equal(one(await bench.adapter.workers.list(bench.at)).active, 1);
    },
  },
  {
    title: "a worker that lapsed is listed for an hour, one that left is not",
    async check(bench) {
      await beat(bench, "lapsed", 1_000);
      await beat(bench, "left", 1_000);
      await bench.adapter.workers.leave("left", bench.at);
      const names = async () => (await bench.adapter.workers.list(bench.at)).map(({ id }) => id);
      assert.deepEqual(await names(), ["lapsed"]);
      bench.pass(HOUR_MS);
      await bench.adapter.results.prune(undefined, bench.at);
      assert.deepEqual(await names(), ["lapsed"]);
      bench.pass(2_000);
      assert.deepEqual(await names(), []);
    },
  },
  {
    title: "a beat reports exactly the leases that are lost",
    async check(bench) {
      await bench.hire("ann", 60_000);
      await bench.hire("doomed", 100);
      await bench.enqueue(...bench.jobs(2));
      const mine = await bench.take({ worker: "doomed" });
      bench.pass(200);
      const [heir] = await bench.take({ limit: 1 });
      const stale = mine.map(({ lease }) => lease);
      const back = await beat(bench, "doomed", 100, [...stale, { jobId: bench.name("nobody"), fence: 1, job: 1 }]);
      assert.deepEqual(sorted(back.lost), sorted([...ids(mine), bench.name("nobody")]), "all were taken back, the other is ready again");
      assert.deepEqual((await beat(bench, "ann", 60_000, [heir!.lease])).lost, []);
      assert.deepEqual((await beat(bench, "doomed", 100, [heir!.lease])).lost, [heir!.job.id], "it is another worker's");
    },
  },
  {
    title: "a worker that comes back before anyone claimed keeps its jobs",
    async check(bench) {
      await bench.hire("ann", 100);
      await bench.put();
      const delivery = await bench.takeOne();
      bench.pass(5_000);
      assert.deepEqual((await beat(bench, "ann", 1_000, [delivery.lease])).lost, []);
      assert.deepEqual(await bench.take({ worker: "bob" }), []);
      await bench.succeed(delivery, "1");
      const record = await bench.known(delivery.job.id);
      assert.deepEqual([record.state, record.lapses], ["succeeded", 0]);
    },
  },
  {
    title: "one beat covers every job the worker holds, also those it did not name",
    async check(bench) {
      await bench.hire("ann", 1_000);
      await bench.enqueue(...bench.jobs(20));
      const held = await bench.take({ limit: 20 });
      bench.pass(900);
      await beat(bench, "ann", 1_000);
      bench.pass(900);
      assert.deepEqual(await bench.take({ worker: "bob" }), []);
      assert.deepEqual((await bench.settle(...held.map(({ lease }) => ({ lease, as: "succeeded" as const })))).lost, []);
    },
  },
  {
    title: "a worker that signs off gives its jobs back at once, with the attempt and without a lapse",
    async check(bench) {
      await bench.hire("ann", 60_000);
      await bench.enqueue(...bench.jobs(3));
      const held = await bench.take();
      await bench.adapter.workers.leave("ann", bench.at);
      const again = await bench.take({ worker: "bob" });
      assert.deepEqual(sorted(ids(again)), sorted(ids(held)));
      for (const { attempt, lapses } of again) assert.deepEqual([attempt, lapses], [1, 0]);
      assert.deepEqual((await bench.settle({ lease: held[0]!.lease, as: "succeeded" })).lost, [held[0]!.job.id]);
      assert.equal((await bench.claim()).lapsed, true, "who has left must beat again");
      await bench.adapter.workers.leave(bench.name("nobody"), bench.at);
    },
  },
  {
    title: "any worker's claim takes back what lapsed workers hold, from queues it does not serve too",
    async check(bench) {
      await bench.hire("doomed", 100);
      const job = await bench.put();
      await bench.takeOne({ worker: "doomed" });
      bench.pass(200);
      await bench.take({ worker: "bob", from: [{ queue: bench.name("elsewhere") }] });
      const record = await bench.known(job.id);
      assert.deepEqual([record.state, record.attempts, record.lapses], ["ready", 0, 1]);
      assert.ok(!("worker" in record));
    },
  },
];
