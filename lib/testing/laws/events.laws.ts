import assert from "node:assert/strict";
import type { Delivery, NewEvent } from "../../contract/index.js";
import { ids, one, sorted } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

let serial = 0;
const event = (bench: LawBench, over: Partial<NewEvent> = {}): NewEvent => ({
  id: bench.name(`event${++serial}`),
  name: bench.name("paid"),
  key: "order-1",
  ...over,
});
const wait = (bench: LawBench, over: { name?: string; key?: string; after?: number } = {}) => ({
  name: bench.name("paid"),
  key: "order-1",
  after: 0,
  ...over,
});

/** Enqueues a job, claims it and parks it. */
async function park(bench: LawBench, waits = [wait(bench)], deadline?: number): Promise<Delivery> {
  await bench.put();
  const delivery = await bench.takeOne();
  await bench.end(delivery, { as: "parked", waits, ...(deadline !== undefined && { deadline }) });
  return delivery;
}

export const eventLaws: readonly Law[] = [
  {
    title: "an event wakes the job that is parked for it",
    async check(bench) {
      const { job } = await park(bench);
      const parked = await bench.known(job.id);
      assert.deepEqual([parked.state, parked.attempts], ["parked", 0]);
      assert.ok(!("worker" in parked), "nobody holds a parked job");
      assert.deepEqual(await bench.take(), []);
      const { woken, duplicates } = await bench.adapter.events.emit([event(bench, { payload: '{"sum":3}' })], bench.at);
      assert.deepEqual([woken, duplicates], [[job.id], []]);
      const delivery = await bench.takeOne();
      const { seq } = one(await bench.adapter.events.list({ name: bench.name("paid") }, bench.at));
      assert.deepEqual(delivery.wake, { by: "event", name: bench.name("paid"), key: "order-1", seq, payload: '{"sum":3}' });
      assert.equal(delivery.attempt, 1, "parking gives the attempt back");
      assert.equal(delivery.lapses, 0);
    },
  },
  {
    title: "an event that came before the park is found by it",
    async check(bench) {
      await bench.adapter.events.emit([event(bench, { payload: "1" }), event(bench, { payload: "2" })], bench.at);
      const { job } = await park(bench);
      assert.equal(await bench.state(job.id), "ready");
      const { wake } = await bench.takeOne();
      assert.ok(wake?.by === "event");
      assert.equal(wake.payload, "1", "the earliest is the wake");
    },
  },
  {
    title: "an event without a payload wakes without a payload",
    async check(bench) {
      await park(bench);
      await bench.adapter.events.emit([event(bench)], bench.at);
      const { wake } = await bench.takeOne();
      assert.ok(wake && !("payload" in wake));
      assert.ok(!("payload" in one(await bench.adapter.events.list({ name: bench.name("paid") }, bench.at))));
    },
  },
  {
    title: "however sixty parks and sixty emits race, every job is woken once",
    async check(bench) {
      const other = await bench.other();
      await bench.enqueue(...bench.jobs(60));
      const deliveries = await bench.take({ limit: 60 });
      const emits = deliveries.map(({ job }) => event(bench, { key: job.id, payload: job.id }));
      await Promise.all(
        deliveries.flatMap(({ lease }, i) => {
          const parking = () =>
            bench.adapter.broker.settle([{ lease, as: "parked", waits: [wait(bench, { key: lease.jobId })] }], undefined, bench.at);
          const emitting = () => other.events.emit([emits[i]!], bench.at);
          return i % 2 === 0 ? [parking(), emitting()] : [emitting(), parking()];
        }),
      );
      const woken = await bench.take({ limit: 100 });
      assert.deepEqual(sorted(ids(woken)), sorted(ids(deliveries)));
      for (const { job, wake } of woken) assert.equal(wake?.by === "event" && wake.payload, job.id);
    },
  },
  {
    title: "an event wakes every job that waits for it, and no other",
    async check(bench) {
      const [a, b] = [await park(bench), await park(bench)];
      const others = [
        await park(bench, [wait(bench, { key: "order-2" })]),
        await park(bench, [wait(bench, { name: bench.name("sent") })]),
        await park(bench, [wait(bench, { key: "" })]),
      ];
      const { woken } = await bench.adapter.events.emit([event(bench)], bench.at);
      assert.deepEqual(sorted(woken), sorted([a.job.id, b.job.id]));
      assert.deepEqual(sorted(ids(await bench.take())), sorted([a.job.id, b.job.id]));
      assert.deepEqual(await bench.states(...others.map(({ job }) => job)), ["parked", "parked", "parked"]);
    },
  },
  {
    title: "of several waits the first event ends the park, and only once",
    async check(bench) {
      const waits = [wait(bench), wait(bench, { name: bench.name("sent") })];
      const { job } = await park(bench, waits);
      const first = await bench.adapter.events.emit([event(bench, { name: bench.name("sent"), payload: "1" })], bench.at);
      const second = await bench.adapter.events.emit([event(bench, { payload: "2" })], bench.at);
      assert.deepEqual([first.woken, second.woken], [[job.id], []]);
      const { wake } = await bench.takeOne();
      assert.equal(wake?.by === "event" && wake.name, bench.name("sent"));
    },
  },
  {
    title: "of several stored events that match, the earliest is the wake",
    async check(bench) {
      await bench.adapter.events.emit([event(bench, { name: bench.name("sent"), payload: "1" }), event(bench, { payload: "2" })], bench.at);
      await park(bench, [wait(bench), wait(bench, { name: bench.name("sent") })]);
      const { wake } = await bench.takeOne();
      assert.equal(wake?.by === "event" && wake.payload, "1");
    },
  },
  {
    title: "the cursor of a wait passes over events the job has had",
    async check(bench) {
      await bench.adapter.events.emit([event(bench, { payload: "1" }), event(bench, { payload: "2" })], bench.at);
      const { job } = await park(bench);
      const seen: unknown[] = [];
      for (let round = 0; round < 2; round++) {
        const delivery = await bench.takeOne();
        assert.ok(delivery.wake?.by === "event");
        seen.push(delivery.wake.payload);
        await bench.end(delivery, { as: "parked", waits: [wait(bench, { after: delivery.wake.seq })] });
      }
      assert.deepEqual(seen, ["1", "2"]);
      assert.equal(await bench.state(job.id), "parked");
      await bench.adapter.events.emit([event(bench, { payload: "3" })], bench.at);
      const { wake } = await bench.takeOne();
      assert.equal(wake?.by === "event" && wake.payload, "3");
    },
  },
  {
    title: "a wake is kept over redeliveries and hand-backs, and cleared once a handler has run",
    async check(bench) {
      await park(bench);
      await bench.adapter.events.emit([event(bench, { payload: "1" })], bench.at);
      await bench.hire("doomed", 100);
      const first = await bench.takeOne({ worker: "doomed" });
      bench.pass(200);
      const second = await bench.takeOne();
      assert.ok(first.wake);
      assert.deepEqual(second.wake, first.wake);
      await bench.end(second, { as: "ready", attempt: "returned" });
      const third = await bench.takeOne();
      assert.deepEqual(third.wake, first.wake);
      await bench.end(third, { as: "ready", attempt: "returned", ran: true });
      const fourth = await bench.takeOne();
      assert.ok(!("wake" in fourth));
    },
  },
  {
    title: "a parked job runs again at its deadline, and says so",
    async check(bench) {
      const { job } = await park(bench, [wait(bench)], bench.now + 500);
      bench.pass(499);
      assert.deepEqual(await bench.take(), []);
      bench.pass(1);
      const delivery = await bench.takeOne();
      assert.deepEqual([delivery.job.id, delivery.wake, delivery.attempt], [job.id, { by: "deadline" }, 1]);
      const { woken } = await bench.adapter.events.emit([event(bench)], bench.at);
      assert.deepEqual(woken, [], "it does not wait any more");
    },
  },
  {
    title: "an event before the deadline ends the wait, and the deadline is void",
    async check(bench) {
      await park(bench, [wait(bench)], bench.now + 500);
      await bench.adapter.events.emit([event(bench)], bench.at);
      const delivery = await bench.takeOne();
      await bench.end(delivery, { as: "parked", waits: [wait(bench, { key: "order-2" })] });
      bench.pass(1_000);
      const { deliveries, nextDueAt } = await bench.claim();
      assert.deepEqual([deliveries.length, nextDueAt], [0, undefined]);
    },
  },
  {
    title: "a job parked without waits sleeps until its deadline",
    async check(bench) {
      const { job } = await park(bench, [], bench.now + 50);
      await bench.adapter.events.emit([event(bench)], bench.at);
      assert.equal(await bench.state(job.id), "parked");
      bench.pass(50);
      assert.deepEqual((await bench.takeOne()).wake, { by: "deadline" });
    },
  },
  {
    title: "an event does not wake a job that was cancelled while it waited",
    async check(bench) {
      const { job } = await park(bench);
      await bench.cancel([job.id], "stop");
      assert.deepEqual((await bench.adapter.events.emit([event(bench)], bench.at)).woken, []);
      assert.equal(await bench.state(job.id), "cancelled");
    },
  },
  {
    title: "an event id that is stored already is reported and wakes nobody",
    async check(bench) {
      const first = event(bench, { payload: "1" });
      await bench.adapter.events.emit([first], bench.at);
      const { seq } = one(await bench.adapter.events.list({ name: first.name }, bench.at));
      const { job } = await park(bench, [wait(bench, { after: seq })]);
      const again = await bench.adapter.events.emit([{ ...first, payload: "2" }, event(bench, { key: "order-9" })], bench.at);
      assert.deepEqual([again.duplicates, again.woken], [[first.id], []]);
      assert.equal(await bench.state(job.id), "parked");
      const list = await bench.adapter.events.list({ name: first.name }, bench.at);
      assert.deepEqual(
        list.map(({ payload, key }) => [payload, key]),
        [
          ["1", "order-1"],
          [undefined, "order-9"],
        ],
      );
    },
  },
  {
    title: "events are listed by name and key, oldest first, as they were given",
    async check(bench) {
      const given = [
        event(bench, { payload: "1" }),
        event(bench, { key: "order-2" }),
        event(bench),
        event(bench, { name: bench.name("sent") }),
      ];
      await bench.adapter.events.emit(given, bench.at);
      const list = (filter: { key?: string; after?: number; limit?: number }) =>
        bench.adapter.events.list({ name: bench.name("paid"), ...filter }, bench.at);
      const all = await list({});
      assert.deepEqual(
        all.map(({ id }) => id),
        given.slice(0, 3).map(({ id }) => id),
      );
      const seqs = all.map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => a - b),
        "numbers grow",
      );
      assert.deepEqual(all[0], { id: given[0]!.id, seq: all[0]!.seq, name: given[0]!.name, key: "order-1", payload: "1", at: bench.now });
      assert.deepEqual(
        (await list({ key: "order-1" })).map(({ id }) => id),
        [given[0]!.id, given[2]!.id],
      );
      assert.deepEqual(
        (await list({ limit: 2 })).map(({ id }) => id),
        [given[0]!.id, given[1]!.id],
      );
      assert.deepEqual(
        (await list({ after: seqs[0]!, limit: 1 })).map(({ id }) => id),
        [given[1]!.id],
      );
      assert.deepEqual(
        (await list({ key: "order-1", after: seqs[0]! })).map(({ id }) => id),
        [given[2]!.id],
      );
      assert.deepEqual(await list({ after: seqs[2]! }), []);
    },
  },
  {
    title: "an event with keepMs 0 wakes who waits now and is not stored",
    async check(bench) {
      const { job } = await park(bench);
      const { woken } = await bench.adapter.events.emit([event(bench, { keepMs: 0, payload: "1" })], bench.at);
      assert.deepEqual(woken, [job.id]);
      assert.deepEqual(await bench.adapter.events.list({ name: bench.name("paid") }, bench.at), []);
      const delivery = await bench.takeOne();
      assert.equal(delivery.wake?.by === "event" && delivery.wake.payload, "1");
      await bench.end(delivery, { as: "parked", waits: [wait(bench)] });
      assert.equal(await bench.state(job.id), "parked", "a later wait does not find it");
    },
  },
  {
    title: "an event is kept for its time, by default a week, and then pruned",
    async check(bench) {
      await bench.adapter.events.emit([event(bench, { key: "short", keepMs: 1_000 }), event(bench, { key: "long" })], bench.at);
      const keys = async () => (await bench.adapter.events.list({ name: bench.name("paid") }, bench.at)).map(({ key }) => key);
      bench.pass(990);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.deepEqual(await keys(), ["short", "long"]);
      bench.pass(20);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.deepEqual(await keys(), ["long"]);
      bench.pass(7 * 86_400_000 - 2_000);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.deepEqual(await keys(), ["long"]);
      bench.pass(3_000);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.deepEqual(await keys(), []);
      const { job } = await park(bench, [wait(bench, { key: "long" })]);
      assert.equal(await bench.state(job.id), "parked", "what is forgotten wakes nobody");
    },
  },
  {
    title: "the number of an event is never used again, not after pruning and not by an event that is not kept",
    async check(bench) {
      const seqs: number[] = [];
      for (const keepMs of [10, 0, 10, 0]) {
        await park(bench);
        await bench.adapter.events.emit([event(bench, { keepMs })], bench.at);
        const { wake, lease } = await bench.takeOne();
        assert.ok(wake?.by === "event");
        seqs.push(wake.seq);
        await bench.settle({ lease, as: "succeeded" });
        bench.pass(20);
        await bench.adapter.jobs.prune(undefined, bench.at);
      }
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => a - b),
      );
      assert.equal(seqs.length, 4);
      assert.ok(seqs[0]! > 0, "0 means: had none yet");
    },
  },
];
