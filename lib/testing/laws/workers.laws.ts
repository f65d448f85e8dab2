import assert from "node:assert/strict";
import { ids, one, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

const HOUR_MS = 3_600_000;
const renew = (bench: LawBench, id: string, leaseMs: number, held: Parameters<typeof bench.adapter.workers.renew>[1] = []) =>
  bench.adapter.workers.renew({ id, leaseMs, info: { host: "north", pid: "7" } }, held, bench.at);

export const workerLaws: readonly Law[] = [
  {
    title: "a worker is listed with what it says of itself, its lease and the jobs it holds",
    async check(bench) {
      const start = bench.now;
      assert.deepEqual(await renew(bench, "w", 5_000), { lost: [], orders: [], now: start });
      await bench.hire("w", 5_000);
      await renew(bench, "w", 5_000);
      await bench.enqueue(...bench.jobs(3));
      const held = await bench.take({ worker: "w", limit: 2 });
      bench.pass(1_000);
      await renew(
        bench,
        "w",
        6_000,
        held.map(({ lease }) => lease),
      );
      const record = one((await bench.adapter.workers.list({}, bench.at)).items);
      assert.deepEqual(record, {
        id: "w",
        info: { host: "north", pid: "7" },
        startedAt: start,
        seenAt: bench.now,
        leaseUntil: bench.now + 6_000,
        active: 2,
      });
      await bench.succeed(held[0]!);
      assert.equal(one((await bench.adapter.workers.list({}, bench.at)).items).active, 1);
    },
  },
  {
    title: "a worker that lapsed is listed for an hour, one that left is not",
    async check(bench) {
      await renew(bench, "lapsed", 1_000);
      await renew(bench, "left", 1_000);
      await bench.adapter.workers.leave("left", bench.at);
      const names = async () => (await bench.adapter.workers.list({}, bench.at)).items.map(({ id }) => id);
      assert.deepEqual(await names(), ["lapsed"]);
      bench.pass(HOUR_MS);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.deepEqual(await names(), ["lapsed"]);
      bench.pass(2_000);
      assert.deepEqual(await names(), []);
    },
  },
  {
    title: "workers are listed as they registered, page by page, also where the last of a page has left meanwhile",
    async check(bench) {
      const { workers } = bench.adapter;
      const names = ["c", "a", "d", "b", "e"];
      for (const name of names) {
        await renew(bench, name, 60_000);
        bench.pass(10);
      }
      await renew(bench, "c", 60_000);
      const first = await workers.list({ limit: 2 }, bench.at);
      assert.deepEqual([first.items.map(({ id }) => id), typeof first.next], [["c", "a"], "string"]);
      await workers.leave("a", bench.at);
      const second = await workers.list({ limit: 2, from: first.next! }, bench.at);
      assert.deepEqual(
        second.items.map(({ id }) => id),
        ["d", "b"],
      );
      const third = await workers.list({ limit: 2, from: second.next! }, bench.at);
      assert.deepEqual([third.items.map(({ id }) => id), "next" in third], [["e"], false]);
      await assert.rejects(workers.list({ from: "e" }, bench.at), { code: "STEM_OPTION_INVALID" });
    },
  },
  {
    title: "a renewal reports exactly the leases that are lost",
    async check(bench) {
      await bench.hire("ann", 60_000);
      await bench.hire("doomed", 100);
      await bench.enqueue(...bench.jobs(2));
      const mine = await bench.take({ worker: "doomed" });
      bench.pass(200);
      const [heir] = await bench.take({ limit: 1 });
      const stale = mine.map(({ lease }) => lease);
      const back = await renew(bench, "doomed", 100, [...stale, { jobId: bench.name("nobody"), fence: 1, job: 1 }]);
      assert.deepEqual(sorted(back.lost), sorted([...ids(mine), bench.name("nobody")]), "all were taken back, the other is ready again");
      assert.deepEqual((await renew(bench, "ann", 60_000, [heir!.lease])).lost, []);
      assert.deepEqual((await renew(bench, "doomed", 100, [heir!.lease])).lost, [heir!.job.id], "it is another worker's");
    },
  },
  {
    title: "a worker that comes back before anyone claimed keeps its jobs",
    async check(bench) {
      await bench.hire("ann", 100);
      await bench.put();
      const delivery = await bench.takeOne();
      bench.pass(5_000);
      assert.deepEqual((await renew(bench, "ann", 1_000, [delivery.lease])).lost, []);
      assert.deepEqual(await bench.take({ worker: "bob" }), []);
      await bench.succeed(delivery, "1");
      const record = await bench.known(delivery.job.id);
      assert.deepEqual([record.state, record.lapses], ["succeeded", 0]);
    },
  },
  {
    title: "one renewal covers every job the worker holds, also those it did not name",
    async check(bench) {
      await bench.hire("ann", 1_000);
      await bench.enqueue(...bench.jobs(20));
      const held = await bench.take({ limit: 20 });
      bench.pass(900);
      await renew(bench, "ann", 1_000);
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
      assert.equal((await bench.claim()).lapsed, true, "who has left must register again");
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
