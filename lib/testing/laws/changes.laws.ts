import assert from "node:assert/strict";
import type { Change, JobFilter, NewJob, Which } from "../../contract/index.js";
import { ids, one, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import { hinted, workIn } from "./hinted.js";
import type { Law } from "./law.js";

const idsOf = (jobs: readonly { readonly id: string }[]): string[] => jobs.map(({ id }) => id);

/** Changes step by step until there is no more; returns the ids that each step has changed. */
async function inSteps(bench: LawBench, filter: JobFilter, change: Change, between = async () => {}): Promise<string[][]> {
  const steps: string[][] = [];
  for (let from: string | undefined; ;) {
    const { answers, next } = await bench.change({ ...filter, ...(from !== undefined && { from }) } as Which, change);
    steps.push(idsOf(answers.filter(({ as }) => as === "changed")));
    if (next === undefined) return steps;
    assert.ok(steps.length < 50, "the steps have no end");
    from = next;
    await between();
  }
}

/** What `jobs.change` promises beyond what the laws of cancels, ids and dead letters say. */
export const changeLaws: readonly Law[] = [
  {
    title: "a change by ids answers each in the order asked, an id that is given twice alike",
    async check(bench) {
      const [a, b] = [await bench.put(), await bench.put()];
      const nobody = bench.name("nobody");
      const { answers } = await bench.change({ ids: [b.id, nobody, a.id, b.id] }, { to: "cancelled", reason: "stop" });
      const changed = (id: string) => ({ id, as: "changed", was: "ready" });
      assert.deepEqual(answers, [changed(b.id), { id: nobody, as: "unknown" }, changed(a.id), changed(b.id)]);
      const again = await bench.change({ ids: [a.id] }, { to: "cancelled", reason: "stop" });
      assert.deepEqual(again.answers, [{ id: a.id, as: "ended", was: "cancelled" }]);
    },
  },
  {
    title: "a job that is not made ready again says why not",
    async check(bench) {
      const [good, bad, active] = [await bench.put(), bench.job(), bench.job()];
      await bench.succeed(await bench.takeOne());
      const victim = bench.job({ waitsFor: 1 });
      await bench.enqueue({ ...bad, links: [{ to: victim.id, position: 0 }] }, victim);
      await bench.fail(await bench.takeOne());
      await bench.enqueue(active);
      await bench.takeOne();
      const { answers } = await bench.change({ ids: idsOf([good, active, victim]) }, { to: "ready" });
      assert.deepEqual(answers, [
        { id: good.id, as: "ended", was: "succeeded" },
        { id: active.id, as: "unfinished", was: "active" },
        { id: victim.id, as: "input", was: "failed" },
      ]);
    },
  },
  {
    title: "a job is made ready again with another payload and later, where that is asked for",
    async check(bench) {
      const job = await bench.put({ payload: '"first"', headers: { a: "b" } });
      await bench.fail(await bench.takeOne());
      const payload = '"second ü 🦆, and longer"';
      one((await bench.change({ ids: [job.id] }, { to: "ready", payload, delayMs: 1_000 })).answers);
      const { state, delayed, attempts, dueAt } = await bench.known(job.id);
      assert.deepEqual([state, delayed, attempts, dueAt], ["ready", true, 0, bench.now + 1_000]);
      assert.deepEqual(await bench.take(), []);
      bench.pass(1_000);
      const again = await bench.takeOne();
      assert.deepEqual([again.job.payload, again.job.headers, again.attempt], [payload, { a: "b" }, 1]);
      await bench.succeed(again);
    },
  },
  {
    title: "a ready job is moved to another priority, time and queue, and stands in line by these",
    async check(bench) {
      const queue = bench.name("other");
      const [first, second, third] = [await bench.put(), await bench.put(), await bench.put({ delayMs: 9_000, maxLapses: 3 })];
      await bench.change({ ids: [second.id] }, { to: "moved", priority: 5 });
      await bench.change({ ids: [third.id] }, { to: "moved", dueAt: bench.now - 1 });
      assert.deepEqual(ids(await bench.take({ limit: 1 })), [second.id]);
      assert.deepEqual(ids(await bench.take({ limit: 1 })), [third.id], "it is due before the first");
      assert.equal((await bench.known(second.id)).priority, 5);
      await bench.change({ ids: [first.id] }, { to: "moved", dueAt: bench.now + 500 });
      assert.deepEqual(await bench.take(), []);
      assert.equal((await bench.adapter.jobs.count({ queue: bench.queue }, bench.at)).delayed, 1);
      const moved = await bench
        .change({ ids: [first.id] }, { to: "moved", queue, dueAt: bench.now })
        .catch((error: unknown) => (assert.equal((error as { readonly code?: unknown }).code, "STEM_UNSUPPORTED"), undefined));
      if (moved === undefined) return;
      assert.equal((await bench.adapter.jobs.count({ queue: bench.queue }, bench.at)).ready, 0);
      assert.equal((await bench.adapter.jobs.count({ queue }, bench.at)).ready, 1);
      assert.deepEqual(ids(await bench.take({ from: [{ queue }] })), [first.id]);
      assert.equal((await bench.known(first.id)).queue, queue);
    },
  },
  {
    title: "a moved job still expires, and only ready jobs are moved",
    async check(bench) {
      const late = await bench.put({ expiresInMs: 1_000 });
      await bench.change({ ids: [late.id] }, { to: "moved", priority: 7 });
      const blocked = bench.job({ waitsFor: 1 });
      const active = bench.job({ priority: 9, links: [{ to: blocked.id, position: 0 }] });
      await bench.enqueue(active, blocked);
      await bench.take({ limit: 1 });
      const ended = await bench.put({ delayMs: 1 });
      await bench.cancel([ended.id]);
      const { answers } = await bench.change({ ids: idsOf([active, blocked, ended]) }, { to: "moved", priority: 1 });
      assert.deepEqual(
        answers.map(({ as, was }) => [as, was]),
        [
          ["running", "active"],
          ["waiting", "blocked"],
          ["ended", "cancelled"],
        ],
      );
      bench.pass(1_000);
      assert.deepEqual(await bench.take(), []);
      assert.equal(await bench.state(late.id), "expired");
    },
  },
  {
    title: "a job moved to now is hinted at and shortens the wait, and keeps its lapses and attempts",
    async check(bench) {
      await bench.hire("ann", 1_000);
      const job = await bench.put();
      await bench.takeOne();
      bench.pass(2_000);
      await bench.hire("bob", 60_000);
      const heir = await bench.takeOne({ worker: "bob" });
      const error = { name: "E", message: "not yet", attempt: 1 };
      await bench.end(heir, { as: "ready", attempt: "spent", ran: false, error, delayMs: 50_000 });
      assert.equal((await bench.claim({ worker: "bob" })).nextDueAt, bench.now + 50_000);
      await bench.change({ ids: [job.id] }, { to: "moved", dueAt: bench.now + 9_000 });
      assert.equal((await bench.claim({ worker: "bob" })).nextDueAt, bench.now + 9_000);
      const move = () => bench.change({ ids: [job.id] }, { to: "moved", dueAt: bench.now });
      await hinted(bench, bench.adapter, workIn(bench.queue), move);
      const { attempt, lapses } = await bench.takeOne({ worker: "bob" });
      assert.deepEqual([attempt, lapses], [2, 1]);
    },
  },
  {
    title: "a change of more than a thousand ids answers each of them, in the order asked",
    async check(bench) {
      const jobs = bench.jobs(1_105);
      await bench.enqueue(...jobs);
      const asked = idsOf(jobs).toReversed();
      const { answers, next } = await bench.change({ ids: asked }, { to: "cancelled", reason: "stop" });
      assert.equal(next, undefined);
      assert.deepEqual(idsOf(answers), asked);
      assert.ok(answers.every(({ as, was }) => as === "changed" && was === "ready"));
      assert.equal((await bench.adapter.jobs.count({ queue: bench.queue }, bench.at)).cancelled, 1_105);
    },
  },
  {
    title: "by a filter dead letters are made ready again in steps, with the jobs that had waited for them",
    async check(bench) {
      const [body, other] = [bench.job({ waitsFor: 1 }), bench.job()];
      const parts = bench.jobs(4);
      await bench.enqueue({ ...parts[0]!, links: [{ to: body.id, position: 0 }] }, ...parts.slice(1), body);
      for (const delivery of await bench.take()) await bench.fail(delivery);
      await bench.enqueue(other);
      const steps = await inSteps(bench, { dead: true, limit: 3 }, { to: "ready" });
      assert.deepEqual(sorted(steps.flat()), sorted(idsOf(parts)));
      assert.ok(steps.every((step) => step.length <= 3));
      assert.equal(await bench.state(body.id), "blocked");
      assert.deepEqual(sorted(ids(await bench.take())), sorted(idsOf([...parts, other])));
    },
  },
  {
    title: "by a filter jobs are changed in steps that go on where the last one ended, also where that has been forgotten",
    async check(bench) {
      const [jobs, others] = [bench.jobs(7), bench.jobs(2, { task: bench.name("other") })];
      await bench.enqueue(...jobs.slice(0, 4), ...others, ...jobs.slice(4));
      const come: NewJob[] = [];
      const steps = await inSteps(bench, { task: jobs[0]!.task, limit: 3 }, { to: "forgotten" }, async () => {
        come.push(await bench.put());
      });
      assert.ok(steps.every((step) => step.length <= 3));
      assert.deepEqual(steps.flat(), idsOf(jobs).toReversed());
      assert.deepEqual(sorted(idsOf((await bench.adapter.jobs.list({}, bench.at)).items)), sorted(idsOf([...others, ...come])));
    },
  },
  {
    title: "one step by a filter changes a thousand jobs at most",
    async check(bench) {
      await bench.enqueue(...bench.jobs(1_005));
      const steps = await inSteps(bench, { queue: bench.queue, limit: 5_000 }, { to: "cancelled", reason: "stop" });
      assert.deepEqual([steps[0]!.length, steps.flat().length], [1_000, 1_005]);
    },
  },
  {
    title: "a list goes on behind what has been forgotten meanwhile, and so do dead letters",
    async check(bench) {
      const jobs = bench.jobs(5);
      await bench.enqueue(...jobs);
      for (const delivery of await bench.take()) {
        await bench.fail(delivery);
        bench.pass(10);
      }
      for (const dead of [{}, { dead: true }] as const) {
        const first = await bench.adapter.jobs.list({ ...dead, limit: 2 }, bench.at);
        const second = one((await bench.adapter.jobs.list({ ...dead, limit: 1, from: first.next! }, bench.at)).items);
        await bench.forget(idsOf(first.items).slice(1));
        const again = await bench.adapter.jobs.list({ ...dead, limit: 1, from: first.next! }, bench.at);
        assert.equal(one(again.items).id, second.id);
      }
    },
  },
  {
    title: "a dead letter whose end an unfinished job will be handed is not forgotten, by ids or by a filter",
    async check(bench) {
      const body = bench.job({ waitsFor: 2 });
      const [bad, slow] = [0, 1].map((position) =>
        bench.job({ links: [{ to: body.id, position, onFailure: "continue" }], delayMs: position * 100 }),
      ) as [NewJob, NewJob];
      await bench.enqueue(bad, slow, body);
      await bench.fail(await bench.takeOne());
      const needed = [{ id: bad.id, as: "needed", was: "failed" }];
      assert.deepEqual((await bench.change({ dead: true }, { to: "forgotten" })).answers, needed);
      assert.deepEqual(await bench.forget([bad.id]), needed);
      bench.pass(100);
      await bench.succeed(await bench.takeOne());
      const { inputs } = await bench.takeOne();
      assert.deepEqual(
        inputs?.map(({ jobId, state }) => [jobId, state]),
        [
          [bad.id, "failed"],
          [slow.id, "succeeded"],
        ],
      );
    },
  },
  {
    title: "jobs that leave a filter while it is changed by it are not touched",
    async check(bench) {
      const other = await bench.other();
      await bench.enqueue(...bench.jobs(40));
      const deliveries = await bench.take({ limit: 20 });
      const [done, settled] = await Promise.all([
        bench.change({ queue: bench.queue, state: "active" }, { to: "cancelled", reason: "stop" }),
        other.broker.settle(
          deliveries.map(({ lease }) => ({ lease, as: "succeeded" })),
          undefined,
          bench.at,
        ),
      ]);
      assert.ok(done.answers.every(({ as, was }) => as === "changed" && was === "active"));
      assert.deepEqual(sorted(idsOf(done.answers)), sorted(settled.lost));
      assert.equal((await bench.adapter.jobs.count({ queue: bench.queue }, bench.at)).ready, 20);
    },
  },
  {
    title: "a list looks at no more than ten thousand jobs at once, and goes on",
    async check(bench) {
      for (let part = 0; part < 11; part++) await bench.enqueue(...bench.jobs(1_000));
      const wanted: JobFilter = { task: bench.name("nobody's"), limit: 10 };
      const first = await bench.adapter.jobs.list(wanted, bench.at);
      assert.deepEqual(first.items, []);
      assert.ok(first.next, "it has not looked at all of them");
      let pages = 1;
      for (let next: string | undefined = first.next; next !== undefined; pages++) {
        assert.ok(pages < 10, "the pages have no end");
        const page = await bench.adapter.jobs.list({ ...wanted, from: next }, bench.at);
        assert.deepEqual(page.items, []);
        next = page.next;
      }
      assert.ok(pages > 1);
    },
  },
];
