import assert from "node:assert/strict";
import { idsMet } from "../../contract/index.js";
import type { NewJob } from "../../contract/index.js";
import { one, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

const DAY_MS = 86_400_000;

/** Expects that no call knows the job any more, although it was not pruned. */
async function gone(bench: LawBench, id: string): Promise<void> {
  const { jobs } = bench.adapter;
  assert.equal(await bench.record(id), undefined, "get");
  assert.ok(!(await jobs.list({}, bench.at)).items.some((record) => record.id === id), "list");
  assert.ok(!(await bench.dead()).some((letter) => letter.id === id), "dead letters");
  assert.deepEqual(await bench.cancel([id], "late"), [{ id, as: "unknown" }]);
  assert.deepEqual(await bench.retry([id]), []);
}

async function missing(bench: LawBench, ...jobs: readonly NewJob[]): Promise<void> {
  for (const { id } of jobs) assert.equal(await bench.record(id), undefined);
}

/** The meaning of ids: when one is taken, and when it is free again. */
export const idLaws: readonly Law[] = [
  {
    title: "an id of another task's job is refused, whatever state that job is in, and nothing of the call is stored",
    async check(bench) {
      const { broker } = bench.adapter;
      const [other, fresh] = [bench.name("other"), bench.job()];
      const ended = await bench.put();
      await bench.succeed(await bench.takeOne(), "1");
      const [waiting, later] = [await bench.put(), await bench.put({ delayMs: 60_000 })];
      for (const { id } of [ended, waiting, later]) {
        const before = await bench.known(id);
        await assert.rejects(broker.enqueue([fresh, bench.job({ id, task: other })], bench.at), {
          code: "STEM_ID_TAKEN",
          jobId: id,
          task: other,
          holder: ended.task,
        });
        await assert.rejects(broker.enqueue([bench.job({ id, task: other, queue: bench.name("elsewhere") })], bench.at), {
          code: "STEM_ID_TAKEN",
        });
        assert.deepEqual(await bench.known(id), before);
        assert.equal(await bench.record(fresh.id), undefined, "all or none");
      }
      assert.equal(one(await bench.take()).job.id, waiting.id);
      assert.deepEqual(await bench.take({ from: [{ queue: bench.name("elsewhere") }] }), []);
    },
  },
  {
    title: "a batch that is refused for an id leaves nothing behind: its other ids are free, its links and groups unknown",
    async check(bench) {
      const taken = await bench.put();
      const [last, group] = [bench.job({ waitsFor: 1 }), bench.name("group")];
      const first = bench.job({ links: [{ to: last.id, position: 0 }], group });
      const many = bench.jobs(30, { group });
      const wrong = bench.job({ id: taken.id, task: bench.name("other") });
      await assert.rejects(bench.adapter.broker.enqueue([first, last, ...many, wrong], bench.at), { code: "STEM_ID_TAKEN" });
      assert.deepEqual((await bench.adapter.jobs.list({ group }, bench.at)).items, []);
      assert.deepEqual(idsMet(await bench.enqueue(first, last, ...many)), []);
      assert.equal((await bench.take({ limit: 100 })).length, 32);
    },
  },
  {
    title: "a job past its retention is gone though nobody has pruned it, and its id is free for whatever task",
    async check(bench) {
      const [good, bad, revoked] = [
        await bench.put({ keepResultMs: 1_000 }),
        await bench.put({ keepFailedMs: 1_000 }),
        await bench.put({ keepFailedMs: 1_000 }),
      ];
      await bench.cancel([revoked.id], "stop");
      for (const delivery of await bench.take()) await (delivery.job.id === good.id ? bench.succeed(delivery, "1") : bench.fail(delivery));
      bench.pass(999);
      assert.deepEqual(await bench.states(good, bad, revoked), ["succeeded", "failed", "cancelled"]);
      assert.deepEqual(idsMet(await bench.enqueue(good, bad, revoked)), [good.id, bad.id, revoked.id]);
      bench.pass(1);
      for (const { id } of [good, bad, revoked]) await gone(bench, id);
      const fresh = bench.job();
      const anew = [{ ...good, payload: '"anew"' }, { ...bad, task: bench.name("other") }, fresh, { ...revoked, delayMs: 5_000 }];
      assert.deepEqual(idsMet(await bench.enqueue(...anew)), []);
      assert.deepEqual(await bench.states(good, bad, revoked), ["ready", "ready", "ready"]);
      assert.equal((await bench.known(good.id)).payload, '"anew"');
      assert.equal((await bench.known(bad.id)).attempts, 0);
      assert.deepEqual(sorted((await bench.take()).map(({ job }) => job.id)), sorted([good.id, bad.id, fresh.id]));
      assert.equal((await bench.adapter.jobs.list({}, bench.at)).items.length, 4, "each is listed once");
    },
  },
  {
    title: "what is past its retention is not counted, in no state and no queue",
    async check(bench) {
      const { jobs } = bench.adapter;
      await bench.enqueue(...bench.jobs(3, { keepResultMs: 10, keepFailedMs: 10 }), bench.job());
      const [a, b, c, d] = await bench.take();
      await bench.succeed(a!, "1");
      await bench.fail(b!);
      await bench.cancel([c!.job.id], "stop");
      await bench.succeed(d!, "1");
      const filters = [{}, { task: d!.job.task }, { queue: bench.queue }];
      for (const filter of filters) {
        const { succeeded, failed, cancelled } = await jobs.count(filter, bench.at);
        assert.deepEqual([succeeded, failed, cancelled], [2, 1, 1]);
      }
      bench.pass(10);
      for (const filter of filters) {
        const { succeeded, failed, cancelled } = await jobs.count(filter, bench.at);
        assert.deepEqual([succeeded, failed, cancelled], [1, 0, 0], JSON.stringify(filter));
      }
      assert.equal((await bench.queues()).find(({ queue }) => queue === bench.queue)?.dead ?? 0, 0);
    },
  },
  {
    title: "keepFailedMs 0 frees the id at once, as keepResultMs 0 does",
    async check(bench) {
      const job = await bench.put({ keepFailedMs: 0, keepResultMs: 0 });
      await bench.fail(await bench.takeOne());
      await gone(bench, job.id);
      assert.deepEqual(idsMet(await bench.enqueue(job)), []);
      await bench.succeed(await bench.takeOne());
      assert.deepEqual(idsMet(await bench.enqueue(job)), []);
      await bench.cancel([job.id], "stop");
      assert.deepEqual(idsMet(await bench.enqueue(job)), []);
      assert.equal((await bench.takeOne()).attempt, 1);
    },
  },
  {
    title: "a job past its retention is kept while one that it is an input of has not succeeded and is kept",
    async check(bench) {
      const body = bench.job({ waitsFor: 1, keepFailedMs: 5_000 });
      const input = bench.job({ keepResultMs: 0, links: [{ to: body.id, position: 0 }] });
      await bench.enqueue(input, body);
      await bench.succeed(await bench.takeOne(), '"kept"');
      bench.pass(DAY_MS);
      const { links: _, ...alone } = input;
      assert.deepEqual(idsMet(await bench.enqueue(alone)), [input.id]);
      assert.equal(await bench.state(input.id), "succeeded");
      await bench.fail(await bench.takeOne());
      assert.deepEqual(idsMet(await bench.enqueue(alone)), [input.id], "the job has failed, and may be retried");
      bench.pass(5_000);
      await missing(bench, input, body);
      assert.deepEqual(idsMet(await bench.enqueue(input, body)), [], "the whole canvas may be stored anew");
      await bench.succeed(await bench.takeOne(), '"new"');
      assert.deepEqual((await bench.takeOne()).inputs, [{ jobId: input.id, state: "succeeded", result: '"new"' }]);
    },
  },
  {
    title: "a job stored anew has nothing of the one before it: no journal, no attempts, no failure",
    async check(bench) {
      const job = await bench.put({ keepFailedMs: 100 });
      const delivery = await bench.takeOne();
      const entry = { seq: 1, key: "charge", kind: "step", state: "done", value: "1" } as const;
      await bench.adapter.journal.append([{ lease: delivery.lease, journal: [entry] }], bench.at);
      await bench.fail(delivery);
      bench.pass(100);
      await bench.enqueue(job);
      const again = await bench.takeOne();
      assert.deepEqual([again.attempt, again.lapses, again.journaled], [1, 0, false]);
      assert.deepEqual(one(await bench.adapter.journal.read([{ id: job.id }], bench.at)), []);
      assert.ok(!("error" in (await bench.known(job.id))));
    },
  },
  {
    title: "again: an ended id of the same task is forgotten and stored anew, an unfinished one is a duplicate",
    async check(bench) {
      const jobs: NewJob[] = [await bench.put(), await bench.put(), await bench.put()];
      const [good, bad, revoked] = jobs as [NewJob, NewJob, NewJob];
      const again = jobs.map((job) => ({ ...job, payload: '"anew"', known: "again" }) as const);
      assert.deepEqual(idsMet(await bench.enqueue(...again)), [good.id, bad.id, revoked.id], "they wait");
      await bench.cancel([revoked.id], "stop");
      const [first, second] = await bench.take();
      assert.deepEqual(idsMet(await bench.enqueue(again[0]!)), [good.id], "it runs");
      await bench.succeed(first!, "1");
      await bench.fail(second!);
      assert.deepEqual(idsMet(await bench.enqueue(...jobs)), [good.id, bad.id, revoked.id], "unless asked for");
      assert.deepEqual(idsMet(await bench.enqueue(...again)), []);
      assert.deepEqual(await bench.states(good, bad, revoked), ["ready", "ready", "ready"]);
      assert.deepEqual(
        (await bench.take()).map(({ job, attempt }) => [job.payload, attempt]),
        [1, 2, 3].map(() => ['"anew"', 1]),
      );
    },
  },
  {
    title: "again: another task's job keeps its id, ended or not, and an input that is needed stays",
    async check(bench) {
      const body = bench.job({ waitsFor: 2 });
      const [input, slow] = [0, 1].map((position) => bench.job({ links: [{ to: body.id, position }] })) as [NewJob, NewJob];
      await bench.enqueue(input, slow, body);
      const [first] = await bench.take();
      await bench.succeed(first!, '"old"');
      const { links: _, ...alone } = input;
      assert.deepEqual(idsMet(await bench.enqueue({ ...alone, known: "again" })), [input.id]);
      await assert.rejects(bench.enqueue({ ...alone, task: bench.name("other"), known: "again" }), { code: "STEM_ID_TAKEN" });
      assert.equal((await bench.known(input.id)).result, '"old"');
    },
  },
  {
    title: "jobs that have ended or wait can be removed, and their ids are free",
    async check(bench) {
      const [good, bad, late, parked, ready] = [
        await bench.put(),
        await bench.put(),
        bench.job({ delayMs: 60_000 }),
        bench.job(),
        bench.job(),
      ];
      const [first, second] = await bench.take();
      await bench.succeed(first!, "1");
      await bench.fail(second!);
      await bench.enqueue(late, parked);
      await bench.end(await bench.takeOne(), { as: "parked", waits: [{ name: bench.name("paid"), key: "", after: 0 }] });
      await bench.enqueue(ready);
      const all = [good, bad, late, parked, ready];
      assert.deepEqual(await bench.forget([...all.map(({ id }) => id), bench.name("nobody")]), [
        ...["succeeded", "failed", "ready", "parked", "ready"].map((was, i) => ({ id: all[i]!.id, as: "changed", was })),
        { id: bench.name("nobody"), as: "unknown" },
      ]);
      await missing(bench, ...all);
      assert.deepEqual(await bench.take(), []);
      assert.deepEqual((await bench.adapter.jobs.list({}, bench.at)).items, []);
      assert.ok(Object.values(await bench.adapter.jobs.count({}, bench.at)).every((n) => n === 0));
      assert.deepEqual(
        (await bench.adapter.events.emit([{ id: bench.name("e"), name: bench.name("paid"), key: "", keepMs: 0 }], bench.at)).woken,
        [],
      );
      assert.deepEqual(idsMet(await bench.enqueue(...all)), []);
      assert.equal((await bench.take()).length, 4);
    },
  },
  {
    title: "a job that runs is not removed",
    async check(bench) {
      const job = await bench.put();
      const delivery = await bench.takeOne();
      assert.deepEqual(await bench.forget([job.id]), [{ id: job.id, as: "running", was: "active" }]);
      await bench.succeed(delivery, "1");
      assert.equal(await bench.state(job.id), "succeeded");
    },
  },
  {
    title: "a job that an unfinished one waits for is not removed without it",
    async check(bench) {
      const [first, next, last] = [bench.job(), bench.job({ waitsFor: 1 }), bench.job({ waitsFor: 1 })];
      const chain = [{ ...first, links: [{ to: next.id, position: 0 }] }, { ...next, links: [{ to: last.id, position: 0 }] }, last];
      await bench.enqueue(...chain);
      const answers = await bench.forget([first.id, next.id]);
      assert.deepEqual(
        answers.map(({ as }) => as),
        ["needed", "needed"],
      );
      assert.deepEqual(await bench.states(first, next, last), ["ready", "blocked", "blocked"]);
      await bench.succeed(await bench.takeOne(), "1");
      assert.equal(one(await bench.forget([first.id])).as, "needed", "its result is wanted yet");
      const rest = await bench.forget([first.id, next.id, last.id]);
      assert.deepEqual(
        rest.map(({ as }) => as),
        ["changed", "changed", "changed"],
      );
      assert.deepEqual(idsMet(await bench.enqueue(...chain)), []);
      await bench.succeed(await bench.takeOne(), "2");
      assert.equal((await bench.takeOne()).job.id, next.id);
    },
  },
];
