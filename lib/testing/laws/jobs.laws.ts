import assert from "node:assert/strict";
import { idsMet, noCounts } from "../../contract/index.js";
import type { JobRecord, NewJob } from "../../contract/index.js";
import { ids, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

const DAY_MS = 86_400_000;
const prune = (bench: LawBench, limit?: number) => bench.adapter.jobs.prune(limit, bench.at);
const idsOf = (records: readonly JobRecord[]) => records.map(({ id }) => id);

export const recordLaws: readonly Law[] = [
  {
    title: "a record tells what is known of a job while it waits and while it runs",
    async check(bench) {
      const job = await bench.put({ headers: { tenant: "north" }, priority: 2, group: bench.name("group"), delayMs: 10 });
      const { id, task, queue, payload, headers, group } = job;
      const start = bench.now;
      const waiting = { id, task, queue, payload, headers, group, priority: 2, state: "ready", attempts: 0, lapses: 0 };
      assert.deepEqual(await bench.known(id), { ...waiting, delayed: true, enqueuedAt: start, dueAt: start + 10 });
      bench.pass(25);
      await bench.takeOne();
      assert.deepEqual(await bench.known(id), {
        ...waiting,
        state: "active",
        attempts: 1,
        enqueuedAt: start,
        dueAt: start + 10,
        startedAt: bench.now,
        worker: "ann",
      });
    },
  },
  {
    title: "records come in the order asked, undefined where nothing is stored",
    async check(bench) {
      const [a, b] = [await bench.put(), await bench.put()];
      const found = await bench.adapter.jobs.get([b.id, bench.name("nobody"), a.id, b.id], bench.at);
      assert.deepEqual(
        found.map((record) => record?.id),
        [b.id, undefined, a.id, b.id],
      );
      assert.deepEqual(await bench.adapter.jobs.get([], bench.at), []);
    },
  },
  {
    title: "records are listed newest first",
    async check(bench) {
      const jobs = bench.jobs(3);
      await bench.enqueue(...jobs);
      bench.pass(10);
      const last = await bench.put({ dueAt: bench.now - 5_000 });
      assert.deepEqual(idsOf((await bench.adapter.jobs.list(undefined, bench.at)).items), [
        last.id,
        ...jobs.map(({ id }) => id).toReversed(),
      ]);
    },
  },
  {
    title: "records can be listed by state, task, queue and group together",
    async check(bench) {
      const [queue, group, task] = [bench.name("q2"), bench.name("group"), bench.name("t2")];
      const a = await bench.put();
      const b = await bench.put({ queue });
      const c = await bench.put({ task, headers: { long: "é".repeat(2_000) } });
      const d = await bench.put({ queue, group });
      await bench.succeed((await bench.take({ from: [{ queue }], limit: 1 }))[0]!);
      const list = async (filter: Parameters<typeof bench.adapter.jobs.list>[0]) =>
        idsOf((await bench.adapter.jobs.list(filter, bench.at)).items);
      assert.deepEqual(await list({ state: "succeeded" }), [b.id]);
      assert.deepEqual(await list({ state: "ready" }), [d.id, c.id, a.id]);
      assert.deepEqual(await list({ task }), [c.id]);
      assert.deepEqual(await list({ queue }), [d.id, b.id]);
      assert.deepEqual(await list({ queue, state: "ready" }), [d.id]);
      assert.deepEqual(await list({ group }), [d.id]);
      assert.deepEqual(await list({ group, task }), []);
    },
  },
  {
    title: "records are paged by limit and cursor, each seen once, also those of one moment",
    async check(bench) {
      const jobs = bench.jobs(7);
      await bench.enqueue(...jobs);
      const seen: string[] = [];
      for (let cursor: string | undefined; ; cursor = seen.at(-1)) {
        const page = (await bench.adapter.jobs.list({ queue: bench.queue, limit: 3, ...(cursor !== undefined && { cursor }) }, bench.at))
          .items;
        if (page.length === 0) break;
        assert.ok(seen.length <= jobs.length, "the pages have no end");
        assert.ok(page.length <= 3);
        seen.push(...idsOf(page));
      }
      assert.deepEqual(seen, jobs.map(({ id }) => id).toReversed());
    },
  },
  {
    title: "a page is bounded by its bytes as well, and the pages together are whole",
    async check(bench) {
      const large = JSON.stringify("x".repeat(1_000_000));
      const jobs = bench.jobs(20, (i) => ({ payload: i === 9 ? "{}" : large, keepResultMs: DAY_MS }));
      const huge = bench.job({ payload: JSON.stringify("y".repeat(9_000_000)) });
      const first = bench.job();
      for (const part of [[first], jobs.slice(0, 7), jobs.slice(7, 14), jobs.slice(14), [huge]]) await bench.enqueue(...part);
      const seen: string[] = [];
      for (let cursor: string | undefined; ; cursor = seen.at(-1)) {
        const page = (await bench.adapter.jobs.list({ limit: 100, ...(cursor !== undefined && { cursor }) }, bench.at)).items;
        if (page.length === 0) break;
        const bytes = page.reduce((sum, { payload }) => sum + payload.length, 0);
        assert.ok(page.length === 1 || bytes <= 8_388_608, `${page.length} records of ${bytes} bytes came in one page`);
        assert.ok(page.length > 0 && seen.length < 30, "the pages have no end");
        seen.push(...idsOf(page));
      }
      assert.deepEqual(seen, [first, ...jobs, huge].map(({ id }) => id).toReversed(), "each is on one page");
      await bench.succeed((await bench.take({ limit: 1 }))[0]!, large);
      const found = await bench.adapter.jobs.get(
        [...jobs, first].map(({ id }) => id),
        bench.at,
      );
      assert.deepEqual([found.length, found[0]?.payload, found.at(-1)?.result], [21, large, large]);
    },
  },
  {
    title: "by default a list has a hundred records",
    async check(bench) {
      await bench.enqueue(...bench.jobs(130));
      assert.equal((await bench.adapter.jobs.list({}, bench.at)).items.length, 100);
      assert.equal((await bench.adapter.jobs.list({ limit: 120 }, bench.at)).items.length, 120);
    },
  },
  {
    title: "jobs are counted per state, with 0 where there are none, and by filter",
    async check(bench) {
      const queue = bench.name("q2");
      await bench.enqueue(...bench.jobs(3), ...bench.jobs(2, { queue }), bench.job({ queue, task: bench.name("t2"), delayMs: 10 }));
      await bench.succeed((await bench.take({ from: [{ queue }], limit: 1 }))[0]!);
      await bench.take({ limit: 1 });
      const none = noCounts();
      const count = (filter?: Parameters<typeof bench.adapter.jobs.count>[0]) => bench.adapter.jobs.count(filter, bench.at);
      assert.deepEqual(await count(), { ...none, ready: 4, delayed: 1, active: 1, succeeded: 1 });
      assert.deepEqual(await count({ queue }), { ...none, ready: 2, delayed: 1, succeeded: 1 });
      assert.deepEqual(await count({ queue, task: bench.name("t2") }), { ...none, ready: 1, delayed: 1 });
      assert.deepEqual(await count({ queue: bench.name("empty") }), none);
    },
  },
  {
    title: "a job that has expired is no longer counted as ready, in its queue nor by its state",
    async check(bench) {
      const expiresAt = bench.now + 100;
      await bench.enqueue(bench.job({ expiresAt }), bench.job({ expiresAt, priority: 1 }), bench.job({ expiresAt, delayMs: 50 }));
      await bench.enqueue(bench.job({ delayMs: 9_000 }));
      bench.pass(200);
      assert.deepEqual(await bench.take(), []);
      const queue = (await bench.queues()).find((info) => info.queue === bench.queue);
      const none = { active: 0, blocked: 0, parked: 0, dead: 0 };
      assert.deepEqual(queue, { ...none, queue: bench.queue, paused: false, ready: 0, delayed: 1 });
      assert.deepEqual(await bench.adapter.jobs.count({ queue: bench.queue }, bench.at), {
        ...noCounts(),
        ready: 1,
        delayed: 1,
        expired: 3,
      });
    },
  },
  {
    title: "a result is kept for its time after the end, then pruned, and its id is free again",
    async check(bench) {
      const job = await bench.put({ keepResultMs: 1_000 });
      bench.pass(5_000);
      await bench.succeed(await bench.takeOne(), "1");
      bench.pass(990);
      assert.equal(await prune(bench), 0);
      assert.equal((await bench.known(job.id)).result, "1");
      assert.deepEqual(idsMet(await bench.enqueue(job)), [job.id], "also a duplicate after the end is reported");
      bench.pass(20);
      assert.equal(await prune(bench), 1);
      assert.equal(await bench.record(job.id), undefined);
      assert.deepEqual(idsMet(await bench.enqueue(job)), []);
      assert.equal((await bench.takeOne()).lease.jobId, job.id);
    },
  },
  {
    title: "by default a success is kept for a day and any other end for thirty",
    async check(bench) {
      const [good, bad, revoked, late] = [
        await bench.put(),
        await bench.put(),
        await bench.put(),
        await bench.put({ expiresAt: bench.now + 1 }),
      ];
      const [first, second] = await bench.take({ limit: 2 });
      await bench.succeed(first!);
      await bench.fail(second!);
      await bench.cancel([revoked.id], "stop");
      bench.pass(10);
      await bench.take();
      bench.pass(DAY_MS - 1_000);
      assert.equal(await prune(bench), 0);
      bench.pass(2_000);
      assert.equal(await prune(bench), 1);
      assert.equal(await bench.record(good.id), undefined);
      bench.pass(29 * DAY_MS - 4_000);
      assert.equal(await prune(bench), 0);
      bench.pass(5_000);
      assert.equal(await prune(bench), 3);
      for (const { id } of [bad, revoked, late]) assert.equal(await bench.record(id), undefined);
    },
  },
  {
    title: "keepFailedMs decides over failures, and a retry starts the time anew",
    async check(bench) {
      const job = await bench.put({ keepFailedMs: 1_000, keepResultMs: 9_000_000 });
      await bench.fail(await bench.takeOne());
      bench.pass(900);
      await bench.retry([job.id]);
      bench.pass(500);
      assert.equal(await prune(bench), 0, "an unfinished job is never pruned");
      await bench.fail(await bench.takeOne());
      bench.pass(900);
      assert.equal(await prune(bench), 0);
      bench.pass(200);
      assert.equal(await prune(bench), 1);
      assert.deepEqual(await bench.dead(), []);
      const mended = await bench.put({ keepFailedMs: 1_000, keepResultMs: 9_000_000 });
      await bench.fail(await bench.takeOne());
      await bench.retry([mended.id]);
      await bench.succeed(await bench.takeOne());
      bench.pass(2_000);
      assert.equal(await prune(bench), 0, "it has succeeded, if at the moment it had failed");
    },
  },
  {
    title: "keepResultMs 0 forgets a success in the very settle that ends it, and only a success",
    async check(bench) {
      const [good, bad] = [await bench.put({ keepResultMs: 0 }), await bench.put({ keepResultMs: 0 })];
      const [first, second] = await bench.take();
      await bench.settle(
        { lease: first!.lease, as: "succeeded", result: "1" },
        { lease: second!.lease, as: "failed", cause: "error", error: { name: "E", message: "m" } },
      );
      assert.equal(await bench.record(good.id), undefined);
      assert.equal(await bench.state(bad.id), "failed");
      assert.deepEqual((await bench.settle({ lease: first!.lease, as: "succeeded" })).lost, [good.id]);
      assert.deepEqual(idsMet(await bench.enqueue(good)), []);
    },
  },
  {
    title: "unfinished jobs are never pruned",
    async check(bench) {
      const over = { keepResultMs: 0, keepFailedMs: 0 };
      const parked = await bench.put(over);
      await bench.end(await bench.takeOne(), { as: "parked", waits: [{ name: bench.name("paid"), key: "", after: 0 }] });
      const active = await bench.put(over);
      await bench.takeOne();
      const [waiting, first] = [bench.job({ ...over, waitsFor: 1 }), bench.job({ ...over })];
      await bench.enqueue({ ...first, links: [{ to: waiting.id, position: 0 }] }, waiting);
      bench.pass(365 * DAY_MS);
      assert.equal(await prune(bench), 0);
      assert.deepEqual(await bench.states(parked, active, waiting, first), ["parked", "active", "blocked", "ready"]);
    },
  },
  {
    title: "an input is kept while the job that needs it has not succeeded, and may yet be retried",
    async check(bench) {
      const body = bench.job({ waitsFor: 1 });
      const input = bench.job({ keepResultMs: 0, links: [{ to: body.id, position: 0 }] });
      await bench.enqueue(input, body);
      await bench.succeed(await bench.takeOne(), '"kept"');
      bench.pass(DAY_MS);
      assert.equal(await prune(bench), 0, "the job has not run yet");
      await bench.fail(await bench.takeOne());
      bench.pass(DAY_MS);
      assert.equal(await prune(bench), 0, "the job has failed, and may be retried");
      await bench.retry([body.id]);
      const delivery = await bench.takeOne();
      assert.deepEqual(delivery.inputs, [{ jobId: input.id, state: "succeeded", result: '"kept"' }]);
      await bench.succeed(delivery);
      assert.equal(await prune(bench), 1, "nobody needs it any more");
      assert.deepEqual([await bench.record(input.id), await bench.state(body.id)], [undefined, "succeeded"]);
    },
  },
  {
    title: "an input is no longer kept once the job that needed it is forgotten",
    async check(bench) {
      const body = bench.job({ waitsFor: 1, keepFailedMs: 1_000 });
      const input = bench.job({ keepResultMs: 10, links: [{ to: body.id, position: 0 }] });
      await bench.enqueue(input, body);
      await bench.succeed(await bench.takeOne());
      await bench.fail(await bench.takeOne());
      bench.pass(2_000);
      const pruned = (await prune(bench)) + (await prune(bench));
      assert.equal(pruned, 2);
      assert.deepEqual([await bench.record(input.id), await bench.record(body.id)], [undefined, undefined]);
    },
  },
  {
    title: "prune forgets no more than its limit, a thousand by default",
    async check(bench) {
      const jobs: NewJob[] = bench.jobs(1_010, { keepResultMs: 1 });
      await bench.enqueue(...jobs);
      await bench.drain(undefined, { limit: 500 });
      bench.pass(100);
      assert.equal(await prune(bench, 4), 4);
      assert.equal(await prune(bench), 1_000);
      assert.equal(await prune(bench), 6);
      assert.equal(await prune(bench), 0);
    },
  },
  {
    title: "a list goes on after records were pruned",
    async check(bench) {
      const short = await bench.put({ keepResultMs: 1 });
      const long = await bench.put();
      assert.deepEqual(sorted(ids(await bench.take())), sorted([short.id, long.id]));
      await bench.hire("ann", 1);
      bench.pass(10);
      for (const delivery of await bench.take({ worker: "bob" })) await bench.succeed(delivery);
      bench.pass(10);
      await prune(bench);
      const last = await bench.put();
      assert.deepEqual(idsOf((await bench.adapter.jobs.list({}, bench.at)).items), [last.id, long.id]);
    },
  },
];
