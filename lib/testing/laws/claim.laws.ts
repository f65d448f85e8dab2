import assert from "node:assert/strict";
import type { Delivery, NewJob } from "../../contract/index.js";
import { failure, ids, one, sorted } from "./bench.js";
import type { Law } from "./law.js";

export const claimLaws: readonly Law[] = [
  {
    title: "a job is lent to one worker at a time",
    async check(bench) {
      await bench.put();
      one(await bench.take());
      assert.deepEqual(await bench.take(), []);
      assert.deepEqual(await bench.take({ worker: "bob" }), []);
    },
  },
  {
    title: "two claimers never share a job, however they race",
    async check(bench) {
      const other = await bench.other();
      const jobs = bench.jobs(200);
      await bench.enqueue(...jobs);
      const asks = [await bench.ask({ worker: "ann", limit: 7 }), await bench.ask({ worker: "bob", limit: 7 })] as const;
      const rounds = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          i % 2 === 0 ? bench.adapter.broker.claim(asks[0], bench.at) : other.broker.claim(asks[1], bench.at),
        ),
      );
      const lent = rounds.flatMap(({ deliveries }) => ids(deliveries));
      assert.equal(lent.length, 200);
      assert.equal(new Set(lent).size, 200);
    },
  },
  {
    title: "a claim lends no more than its limit in all",
    async check(bench) {
      const [a, b] = [bench.name("a"), bench.name("b")];
      await bench.enqueue(...bench.jobs(5, { queue: a }), ...bench.jobs(5, { queue: b }));
      assert.equal((await bench.take({ from: [{ queue: a }, { queue: b }], limit: 7 })).length, 7);
      assert.equal((await bench.take({ from: [{ queue: a }, { queue: b }], limit: 7 })).length, 3);
    },
  },
  {
    title: "a claim lends no more from a queue than that queue's share",
    async check(bench) {
      const [a, b] = [bench.name("a"), bench.name("b")];
      await bench.enqueue(...bench.jobs(5, { queue: a }), ...bench.jobs(5, { queue: b }));
      const lent = await bench.take({ from: [{ queue: a, limit: 2 }, { queue: b }], limit: 6 });
      assert.equal(lent.filter(({ job }) => job.queue === a).length, 2);
      assert.equal(lent.filter(({ job }) => job.queue === b).length, 4);
    },
  },
  {
    title: "queues are served in the order given, and no others",
    async check(bench) {
      const [a, b, c] = [bench.name("a"), bench.name("b"), bench.name("c")];
      const [inA, inB] = [bench.job({ queue: a }), bench.job({ queue: b })];
      await bench.enqueue(inA, inB, bench.job({ queue: c, priority: 9 }));
      assert.deepEqual(ids(await bench.take({ from: [{ queue: b }, { queue: a }] })), [inB.id, inA.id]);
    },
  },
  {
    title: "in a queue the earlier stored job goes first",
    async check(bench) {
      const jobs = bench.jobs(30);
      await bench.enqueue(...jobs.slice(0, 10));
      for (const job of jobs.slice(10)) await bench.enqueue(job);
      const lent = [...(await bench.take({ limit: 7 })), ...(await bench.take({ limit: 100 }))];
      assert.deepEqual(
        ids(lent),
        jobs.map(({ id }) => id),
      );
    },
  },
  {
    title: "the higher priority goes first, whenever it was stored",
    async check(bench) {
      const jobs = [0, 9, 5, 1, 9].map((priority) => bench.job({ priority }));
      await bench.enqueue(...jobs);
      const [a, b, c, d, e] = jobs.map(({ id }) => id);
      assert.deepEqual(ids(await bench.take()), [b, e, c, d, a]);
    },
  },
  {
    title: "a claim upward lends the lowest priority of each queue first, also with a settle, and the next goes down again",
    async check(bench) {
      const other = bench.name("other");
      const from = [{ queue: other }, { queue: bench.queue }];
      const job = (priority: number, queue = bench.queue) => bench.job({ priority, queue });
      const here = [5, 0, 9, 0, 5].map((priority) => job(priority));
      const there = [9, 1].map((priority) => job(priority, other));
      const late = bench.job({ delayMs: 1_000 });
      await bench.enqueue(...here, ...there, late);
      const [five, zero, nine, secondZero, secondFive] = here.map(({ id }) => id);
      const [thereNine, thereOne] = there.map(({ id }) => id);
      assert.deepEqual(ids(await bench.take({ from, limit: 4, upward: true })), [thereOne, thereNine, zero, secondZero]);
      const again = await bench.take({ from, limit: 1 });
      assert.deepEqual(ids(again), [nine]);
      bench.pass(1_000);
      const next = { worker: "ann", from, limit: 2, upward: true } as const;
      const { claimed } = await bench.adapter.broker.settle([{ lease: again[0]!.lease, as: "succeeded" }], next, bench.at);
      assert.deepEqual(ids(claimed!.deliveries), [late.id, five]);
      assert.deepEqual(ids(await bench.take({ from, limit: 9 })), [secondFive]);
    },
  },
  {
    title: "among equal priorities the earlier due goes first",
    async check(bench) {
      const late = await bench.put({ dueAt: bench.now - 10 });
      const early = await bench.put({ dueAt: bench.now - 1_000 });
      const delayed = await bench.put({ delayMs: 50 });
      bench.pass(100);
      const last = await bench.put();
      assert.deepEqual(ids(await bench.take()), [early.id, late.id, delayed.id, last.id]);
    },
  },
  {
    title: "a higher priority that is not yet due holds nobody up",
    async check(bench) {
      const first = await bench.put({ priority: 9, delayMs: 1_000 });
      const second = await bench.put();
      assert.deepEqual(ids(await bench.take()), [second.id]);
      bench.pass(1_000);
      assert.deepEqual(ids(await bench.take()), [first.id]);
    },
  },
  {
    title: "a delayed job is not lent before its time, and is at its time",
    async check(bench) {
      const [delayed, dated] = [await bench.put({ delayMs: 500 }), await bench.put({ dueAt: bench.now + 500 })];
      assert.equal((await bench.known(delayed.id)).dueAt, bench.now + 500);
      bench.pass(499);
      assert.deepEqual(await bench.take(), []);
      bench.pass(1);
      assert.deepEqual(sorted(ids(await bench.take())), sorted([delayed.id, dated.id]));
    },
  },
  {
    title: "nextDueAt is undefined when nothing is foreseen",
    async check(bench) {
      assert.equal((await bench.claim()).nextDueAt, undefined);
      await bench.put();
      assert.equal((await bench.claim()).nextDueAt, undefined, "the worker's own lease does not count");
      await bench.put({ queue: bench.name("elsewhere"), delayMs: 5 });
      assert.equal((await bench.claim()).nextDueAt, undefined, "other queues do not count");
    },
  },
  {
    title: "nextDueAt is the earliest delayed job",
    async check(bench) {
      for (const delayMs of [7_000, 3_000, 5_000]) await bench.put({ delayMs, priority: delayMs === 3_000 ? 0 : 9 });
      const { nextDueAt, now } = await bench.claim();
      assert.equal(now, bench.now);
      assert.equal(nextDueAt, bench.now + 3_000);
    },
  },
  {
    title: "jobs that are due but did not fit do not count in nextDueAt",
    async check(bench) {
      await bench.enqueue(...bench.jobs(5));
      assert.equal((await bench.claim({ limit: 2 })).nextDueAt, undefined);
      await bench.put({ delayMs: 60 });
      assert.equal((await bench.claim({ limit: 1 })).nextDueAt, bench.now + 60);
      bench.pass(60);
      assert.equal((await bench.claim({ limit: 1 })).nextDueAt, undefined, "the delayed one is due now");
    },
  },
  {
    title: "nextDueAt counts the deadline of a parked job",
    async check(bench) {
      const start = bench.now;
      for (const deadline of [start + 4_000, start + 2_000]) {
        await bench.put();
        const wait = { name: bench.name("paid"), key: "", after: 0 };
        await bench.end(await bench.takeOne(), { as: "parked", waits: [wait], deadline });
      }
      assert.equal((await bench.claim()).nextDueAt, start + 2_000);
    },
  },
  {
    title: "nextDueAt counts the end of another worker's lease, and then its jobs are lent",
    async check(bench) {
      await bench.hire("ann", 9_000);
      await bench.hire("idle", 1_000);
      const job = await bench.put();
      one(await bench.take());
      const { nextDueAt } = await bench.claim({ worker: "bob" });
      assert.equal(nextDueAt, bench.now + 9_000);
      bench.pass(9_000);
      assert.deepEqual(ids(await bench.take({ worker: "bob" })), [job.id]);
    },
  },
  {
    title: "a paused queue does not count in nextDueAt",
    async check(bench) {
      await bench.put({ delayMs: 50 });
      await bench.pause(bench.queue);
      assert.equal((await bench.claim()).nextDueAt, undefined);
    },
  },
  {
    title: "a worker without a lease is lent nothing until it registers",
    async check(bench) {
      const job = await bench.put();
      const ask = { worker: "stranger", from: [{ queue: bench.queue }], limit: 1 };
      const refused = await bench.adapter.broker.claim(ask, bench.at);
      assert.equal(refused.lapsed, true);
      assert.deepEqual(refused.deliveries, []);
      await bench.hire("stranger", 1_000);
      const granted = await bench.adapter.broker.claim(ask, bench.at);
      assert.equal(granted.lapsed, false);
      assert.deepEqual(ids(granted.deliveries), [job.id]);
    },
  },
  {
    title: "a worker whose lease has run out is lent nothing, not on the way out of a settle either",
    async check(bench) {
      await bench.hire("ann", 1_000);
      const [held, waiting] = [await bench.put(), await bench.put()];
      const delivery = await bench.takeOne({ limit: 1 });
      const ask = await bench.ask({ worker: "ann" });
      bench.pass(1_500);
      const { lost, claimed } = await bench.adapter.broker.settle([{ lease: delivery.lease, as: "succeeded" }], ask, bench.at);
      assert.deepEqual(lost, [], "nobody else has the job, so the late settle is still good");
      assert.equal(claimed?.lapsed, true);
      assert.deepEqual(claimed.deliveries, []);
      assert.deepEqual(await bench.states(held, waiting), ["succeeded", "ready"]);
      await bench.hire("ann", 1_000);
      assert.deepEqual(ids(await bench.take()), [waiting.id]);
    },
  },
  {
    title: "a job that has not started by its expiry is ended instead of lent",
    async check(bench) {
      const late = await bench.put({ expiresAt: bench.now + 100 });
      const inTime = await bench.put({ expiresAt: bench.now + 300 });
      bench.pass(200);
      assert.deepEqual(ids(await bench.take({ limit: 1 })), [inTime.id], "an expired job takes nobody's place");
      const record = await bench.known(late.id);
      assert.equal(record.state, "expired");
      assert.equal(record.endedAt, bench.now);
      assert.equal(record.attempts, 0);
      assert.ok(record.error, "a waiter can read why");
      assert.ok(!("cause" in record), "only a failed job has a cause");
    },
  },
  {
    title: "an expiry that is counted from the enqueue is counted on the store's clock",
    async check(bench) {
      const job = await bench.put({ expiresInMs: 100 });
      bench.pass(99);
      assert.deepEqual(await bench.take({ limit: 10, from: [] }), [], "asking another queue changes nothing");
      assert.equal(await bench.state(job.id), "ready");
      bench.pass(1);
      assert.deepEqual(await bench.take(), []);
      assert.equal(await bench.state(job.id), "expired");
    },
  },
  {
    title: "a job that has started does not expire",
    async check(bench) {
      const job = await bench.put({ expiresAt: bench.now + 100 });
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "returned", delayMs: 500 });
      bench.pass(500);
      assert.deepEqual(ids(await bench.take()), [job.id]);
    },
  },
  {
    title: "a job that was handed back by those who could not run it expires as if it had not been lent, one that has begun does not",
    async check(bench) {
      const jobs = bench.jobs(4, { expiresAt: bench.now + 100, delayMs: 10 });
      const [twice, late, ran, lapsed] = jobs as [NewJob, NewJob, NewJob, NewJob];
      await bench.enqueue(...jobs);
      const handBack = async (delivery: Delivery, dueAt: number) =>
        bench.end(delivery, { as: "ready", attempt: "returned", begun: false, dueAt, error: failure() });
      const taken = async () => new Map((await bench.take()).map((delivery) => [delivery.job.id, delivery] as const));
      bench.pass(10);
      const first = await taken();
      await handBack(first.get(twice.id)!, bench.now);
      await handBack(first.get(late.id)!, bench.now + 200);
      await bench.end(first.get(ran.id)!, { as: "ready", attempt: "returned", ran: true });
      await bench.end(first.get(lapsed.id)!, { as: "ready", attempt: "returned" });
      const second = await taken();
      for (const id of [twice.id, ran.id, lapsed.id]) await handBack(second.get(id)!, bench.now + 50);
      bench.pass(300);
      assert.deepEqual(sorted([...(await taken()).keys()]), sorted([ran.id, lapsed.id]));
      assert.deepEqual(await bench.states(twice, late), ["expired", "expired"]);
      assert.equal((await bench.known(twice.id)).attempts, 0);
    },
  },
  {
    title: "a thousand waiting jobs are lent once each, in order, over many claims",
    async check(bench) {
      const jobs: NewJob[] = bench.jobs(1_000);
      await bench.enqueue(...jobs);
      assert.deepEqual(
        await bench.drain(undefined, { limit: 64 }),
        jobs.map(({ id }) => id),
      );
    },
  },
];
