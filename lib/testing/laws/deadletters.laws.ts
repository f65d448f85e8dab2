import assert from "node:assert/strict";
import { idsMet } from "../../contract/index.js";
import type { JobFilter, NewJob, Which } from "../../contract/index.js";
import { failure, ids, one, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

/** Kills jobs one after another, a second apart. */
async function kill(bench: LawBench, ...jobs: readonly NewJob[]): Promise<void> {
  for (const job of jobs) {
    await bench.enqueue(job);
    bench.pass(1_000);
    await bench.fail(await bench.takeOne({ from: [{ queue: job.queue }] }), `${job.id} broke`);
  }
}

/** A choice of jobs that is refused with a code, and nothing is forgotten. */
async function refused(bench: LawBench, filter: unknown, code: string): Promise<void> {
  const before = (await bench.dead()).length;
  await assert.rejects(bench.change(filter as Which, { to: "forgotten" }), { code }, JSON.stringify(filter));
  assert.equal((await bench.dead()).length, before, JSON.stringify(filter));
}

export const deadLetterLaws: readonly Law[] = [
  {
    title: "dead letters are listed latest first, with all a person needs to decide",
    async check(bench) {
      const [a, b] = bench.jobs(2) as [NewJob, NewJob];
      await kill(bench, a, b);
      const list = await bench.dead(undefined);
      assert.deepEqual(
        list.map(({ id }) => id),
        [b.id, a.id],
      );
      assert.deepEqual(list[0], await bench.known(b.id));
      const { task, queue, cause, error, attempts, lapses, endedAt } = list[0]!;
      assert.deepEqual(
        { task, queue, cause, error, attempts, lapses, endedAt },
        { task: b.task, queue: b.queue, cause: "error", error: failure(`${b.id} broke`), attempts: 1, lapses: 0, endedAt: bench.now },
      );
    },
  },
  {
    title: "only jobs that failed on their own account are dead letters",
    async check(bench) {
      const [bad, next, good, revoked, late] = [bench.job(), bench.job({ waitsFor: 1 }), bench.job(), bench.job(), bench.job()];
      await kill(bench);
      await bench.enqueue({ ...bad, links: [{ to: next.id, position: 0 }] }, next);
      await bench.fail(await bench.takeOne());
      await bench.enqueue(good);
      await bench.succeed(await bench.takeOne());
      await bench.enqueue(revoked, { ...late, expiresAt: bench.now + 1 });
      await bench.cancel([revoked.id], "stop");
      bench.pass(5);
      await bench.take();
      assert.deepEqual(await bench.states(next, good, revoked, late), ["failed", "succeeded", "cancelled", "expired"]);
      assert.equal(one(await bench.dead()).id, bad.id);
    },
  },
  {
    title: "dead letters can be filtered by id, queue, task and time of death",
    async check(bench) {
      const start = bench.now;
      const [a, b, c] = [bench.job(), bench.job({ queue: bench.name("q2") }), bench.job({ task: bench.name("t2") })];
      await kill(bench, a, b, c);
      const list = async (filter: JobFilter) => (await bench.dead(filter)).map(({ id }) => id);
      assert.deepEqual(await list({ ids: [a.id, c.id, bench.name("nobody")] }), [c.id, a.id]);
      assert.deepEqual(await list({ queue: b.queue }), [b.id]);
      assert.deepEqual(await list({ task: c.task }), [c.id]);
      assert.deepEqual(await list({ before: start + 2_500 }), [b.id, a.id]);
      assert.deepEqual(await list({ queue: a.queue, task: a.task }), [a.id]);
      assert.deepEqual(await list({ ids: [] }), [], "no ids are none, not all");
    },
  },
  {
    title: "dead letters are paged by limit and cursor, each seen once, also of one moment",
    async check(bench) {
      const jobs = bench.jobs(7);
      await bench.enqueue(...jobs);
      for (const delivery of await bench.take()) await bench.fail(delivery);
      const seen: string[] = [];
      for (let cursor: string | undefined; ; cursor = seen.at(-1)) {
        const page = await bench.dead({ limit: 3, ...(cursor !== undefined && { cursor }) });
        assert.ok(page.length <= 3);
        if (page.length === 0) break;
        assert.ok(seen.length <= jobs.length, "the pages have no end");
        seen.push(...page.map(({ id }) => id));
      }
      assert.deepEqual(sorted(seen), sorted(jobs.map(({ id }) => id)));
    },
  },
  {
    title: "a retried dead letter is ready again with attempts and lapses at 0, and its fence goes on growing",
    async check(bench) {
      const job = await bench.put({ maxLapses: 3 });
      await bench.hire("doomed", 100);
      await bench.take({ worker: "doomed" });
      bench.pass(200);
      const delivery = await bench.takeOne({ worker: "bob" });
      await bench.fail(delivery);
      bench.pass(1_000);
      assert.deepEqual(await bench.retry([job.id, bench.name("nobody")]), [job.id]);
      const record = await bench.known(job.id);
      assert.deepEqual([record.state, record.attempts, record.lapses], ["ready", 0, 0]);
      assert.deepEqual([record.error?.message, record.startedAt], ["boom", bench.now - 1_000], "of the last attempt");
      assert.ok(!("endedAt" in record) && !("cause" in record), "it has not ended any more");
      assert.deepEqual(await bench.dead(), []);
      const again = await bench.takeOne({ worker: "bob" });
      assert.equal(again.attempt, 1);
      assert.ok(again.lease.fence > delivery.lease.fence);
      assert.deepEqual((await bench.settle({ lease: delivery.lease, as: "succeeded" })).lost, [job.id]);
      await bench.succeed(again, "1");
      const { state, error } = await bench.known(job.id);
      assert.deepEqual([state, error], ["succeeded", undefined]);
    },
  },
  {
    title: "cancelled and expired jobs can be retried, and then do not expire again",
    async check(bench) {
      const [revoked, late] = [await bench.put(), await bench.put({ expiresAt: bench.now + 1 })];
      await bench.cancel([revoked.id], "stop");
      bench.pass(10);
      assert.deepEqual(await bench.take(), []);
      assert.deepEqual(await bench.states(revoked, late), ["cancelled", "expired"]);
      const moved = await bench.retry([revoked.id, late.id]);
      assert.deepEqual(sorted(moved), sorted([revoked.id, late.id]));
      assert.deepEqual(sorted(ids(await bench.take())), sorted([revoked.id, late.id]));
    },
  },
  {
    title: "jobs that have not ended, or succeeded, are not retried",
    async check(bench) {
      const good = await bench.put();
      await bench.succeed(await bench.takeOne());
      const active = await bench.put();
      const held = await bench.takeOne();
      const waiting = await bench.put({ delayMs: 1_000 });
      assert.deepEqual(await bench.retry([good.id, active.id, waiting.id]), []);
      assert.deepEqual(await bench.states(good, active, waiting), ["succeeded", "active", "ready"]);
      assert.deepEqual(await bench.take(), []);
      await bench.succeed(held);
    },
  },
  {
    title: "a retry keeps the journal, so that a run goes on where it failed",
    async check(bench) {
      const job = await bench.put();
      const delivery = await bench.takeOne();
      const entry = { seq: 1, key: "charge", kind: "step", state: "done", value: "1" } as const;
      await bench.adapter.journal.append([{ lease: delivery.lease, journal: [entry] }], bench.at);
      await bench.fail(delivery);
      await bench.retry([job.id]);
      assert.equal((await bench.takeOne()).journaled, true);
      assert.equal(one(one(await bench.adapter.journal.read([{ id: job.id }], bench.at))).key, "charge");
    },
  },
  {
    title: "purge forgets just the dead letters of its filter, and says how many",
    async check(bench) {
      const [a, b, c, d] = [bench.job(), bench.job(), bench.job({ queue: bench.name("q2") }), bench.job({ task: bench.name("t2") })];
      const start = bench.now;
      await kill(bench, a, b, c, d);
      const alive = await bench.put({ queue: c.queue });
      assert.equal(await bench.purge({ queue: c.queue }), 1);
      assert.equal(await bench.purge({ before: start + 1_500 }), 1);
      assert.equal(await bench.purge({ task: d.task, ids: [d.id, b.id] }), 1);
      assert.equal(await bench.record(a.id), undefined);
      assert.equal(await bench.record(c.id), undefined);
      assert.equal(await bench.record(d.id), undefined);
      assert.deepEqual(await bench.states(alive, b), ["ready", "failed"]);
      assert.equal(await bench.purge(), 1);
      assert.deepEqual(await bench.dead(), []);
      assert.deepEqual(idsMet(await bench.enqueue(b)), [], "its id is free again");
    },
  },
  {
    title: "purge respects its limit",
    async check(bench) {
      await kill(bench, ...bench.jobs(5));
      assert.equal(await bench.purge({ queue: bench.queue, limit: 3 }), 3);
      assert.equal((await bench.dead()).length, 2);
    },
  },
  {
    title: "purge of all keeps to its limit too, the latest deaths first",
    async check(bench) {
      const jobs = bench.jobs(3);
      await kill(bench, ...jobs);
      assert.equal(await bench.purge({ limit: 2 }), 2);
      assert.equal(one(await bench.dead()).id, jobs[0]!.id);
    },
  },
  {
    title: "a filter that chooses nothing is refused, and no job is changed",
    async check(bench) {
      await kill(bench, bench.job());
      for (const filter of [
        {},
        { queue: undefined },
        { ids: undefined, limit: 5 },
        { delayed: true },
        { ids: [bench.name("x")], limit: 1 },
        { limit: 1_000 },
        { cursor: bench.name("x"), limit: 1 },
      ])
        await refused(bench, filter, "STEM_FILTER_EMPTY");
    },
  },
  {
    title: "a filter that is not understood is refused, and no job is changed",
    async check(bench) {
      await kill(bench, bench.job());
      const { queue } = bench;
      await refused(bench, { quue: queue }, "STEM_OPTION_UNKNOWN");
      await refused(bench, { queue, olderThan: "7d" }, "STEM_OPTION_UNKNOWN");
      for (const filter of [
        { all: false },
        { all: "true" },
        { queue, all: true },
        { all: true, dead: true },
        { dead: false },
        { state: "dead" },
        { ids: "one" },
        { ids: [1] },
        { queue: null },
        { queue: [queue] },
      ])
        await refused(bench, filter, "STEM_OPTION_INVALID");
      for (const filter of [
        { task: 5 },
        { before: "2030" },
        { before: Number.NaN },
        { queue, limit: 0 },
        { queue, limit: "5" },
        { queue, cursor: 1 },
        { queue, from: "nobody" },
        { queue, from: 1 },
        { queue, from: "[]", cursor: "x" },
      ])
        await refused(bench, filter, "STEM_OPTION_INVALID");
      for (const filter of [null, [], "all", true]) await refused(bench, filter, "STEM_OPTION_INVALID");
    },
  },
  {
    title: "whoever waited for a purged dead letter keeps its own record",
    async check(bench) {
      const [bad, next] = [bench.job(), bench.job({ waitsFor: 1 })];
      await bench.enqueue({ ...bad, links: [{ to: next.id, position: 0 }] }, next);
      await bench.fail(await bench.takeOne());
      assert.equal(await bench.purge({ ids: [bad.id] }), 1);
      assert.equal(await bench.record(bad.id), undefined);
      assert.equal((await bench.known(next.id)).cause, "input");
    },
  },
];
