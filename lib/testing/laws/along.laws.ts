import assert from "node:assert/strict";
import type { Along, Delivery, NewEvent, NewJob } from "../../contract/index.js";
import { asleep, event, lent, noteOf, WAYS } from "./along.js";
import { ids, one, sorted, type LawBench } from "./bench.js";
import { chain } from "./canvas.js";
import type { Law } from "./law.js";

/** How a worker loses a lease while it goes on. */
const GONE: Readonly<Record<string, (bench: LawBench, delivery: Delivery) => Promise<unknown>>> = {
  "it was cancelled": (bench, { job }) => bench.cancel([job.id]),
  "it was forgotten and stored anew": async (bench, { job, lease }) => {
    await bench.settle({ lease, as: "succeeded" });
    await bench.forget([job.id]);
    await bench.enqueue(bench.job({ id: job.id, queue: job.queue }));
    await bench.takeOne({ from: [{ queue: job.queue }] });
  },
  "it lapsed, and another has it": async (bench, { job }) => {
    bench.pass(200);
    await bench.takeOne({ worker: "heir", from: [{ queue: job.queue }] });
  },
};

interface Luggage {
  readonly job: NewJob;
  readonly event: NewEvent;
  readonly sleeper: Delivery;
  readonly victim: NewJob;
}

/** Something for each member, and what is about it in the store. */
async function luggage(bench: LawBench): Promise<Luggage> {
  const key = bench.job().id;
  const told = event(bench, { key, payload: "1" });
  return { job: bench.job(), event: told, sleeper: await asleep(bench, told), victim: await bench.put({ delayMs: 9_000_000 }) };
}

const MEMBERS: Readonly<Record<keyof Along, (luggage: Luggage) => Along>> = {
  journal: () => ({ journal: [{ seq: 1, key: "step", kind: "step", state: "done" }] }),
  note: () => ({ note: { state: '"half"', log: ["on the way"] } }),
  enqueue: ({ job }) => ({ enqueue: [job] }),
  emit: ({ event: told }) => ({ emit: [told] }),
  cancel: ({ victim }) => ({ cancel: [{ id: victim.id, reason: "with it" }] }),
};

/** Expects that nothing of it was written. */
async function expectNothing(bench: LawBench, { job, event: told, sleeper, victim }: Luggage, of: string, way: string): Promise<void> {
  assert.equal(await bench.record(job.id), undefined, `${way}: no job is stored`);
  assert.deepEqual(await bench.adapter.events.list({ name: told.name, key: told.key }, bench.at), [], `${way}: no event is stored`);
  assert.equal(await bench.state(sleeper.job.id), "parked", `${way}: nobody is woken`);
  assert.equal(await bench.state(victim.id), "ready", `${way}: nobody is cancelled`);
  assert.deepEqual(await bench.adapter.journal.read([{ id: of }], bench.at), [[]], `${way}: nothing is in the journal`);
  assert.equal(await noteOf(bench, of), undefined, `${way}: nothing is noted`);
}

/** Nothing is written of these members when the lease has gone. */
function nothingOf(members: readonly (keyof Along)[], title: string): Law {
  return {
    title,
    async check(bench) {
      for (const [why, lose] of Object.entries(GONE))
        for (const [how, send] of Object.entries(WAYS)) {
          const way = `${how}, ${why}`;
          await bench.hire(`first${way}`, why.startsWith("it lapsed") ? 100 : 3_600_000);
          const queue = bench.name(way);
          await bench.put({ queue });
          const delivery = await bench.takeOne({ worker: `first${way}`, from: [{ queue }] });
          const bag = await luggage(bench);
          await lose(bench, delivery);
          const along: Along = Object.assign({}, ...members.map((member) => MEMBERS[member](bag)));
          const sent = await send(bench, delivery, along);
          assert.deepEqual(sent, { lost: [delivery.job.id] }, way);
          await expectNothing(bench, bag, delivery.job.id, way);
        }
    },
  };
}

export const alongLaws: readonly Law[] = [
  {
    title: "jobs that travel along are stored in the same step, whatever they travel with, and known ids are skipped",
    async check(bench) {
      for (const [way, send] of Object.entries(WAYS)) {
        const known = await bench.put({ payload: '"first"', delayMs: 9_000_000 });
        const delivery = await lent(bench);
        const [first, second] = chain(bench, 2);
        const fresh = bench.job({ queue: bench.name("other"), priority: 3, delayMs: 100 });
        const again = bench.job({ id: known.id, task: bench.name("another"), payload: '"second"' });
        assert.deepEqual((await send(bench, delivery, { enqueue: [fresh, again, first!, second!] })).lost, [], way);
        const record = await bench.known(fresh.id);
        assert.deepEqual([record.state, record.queue, record.priority, record.dueAt], ["ready", fresh.queue, 3, bench.now + 100], way);
        assert.deepEqual(await bench.states(first!, second!), ["ready", "blocked"], way);
        assert.equal((await bench.known(known.id)).payload, '"first"', way);
      }
    },
  },
  {
    title: "events that travel along are kept and wake those who wait, whatever they travel with, and known ids are skipped",
    async check(bench) {
      for (const [way, send] of Object.entries(WAYS)) {
        const [kept, passing] = [event(bench, { key: way, payload: "1" }), event(bench, { key: `passing ${way}`, keepMs: 0 })];
        const sleepers = [await asleep(bench, kept), await asleep(bench, passing)];
        const known = event(bench, { key: `known ${way}` });
        await bench.adapter.events.emit([known], bench.at);
        const delivery = await lent(bench);
        const again = { ...known, key: way };
        assert.deepEqual((await send(bench, delivery, { emit: [kept, passing, again] })).lost, [], way);
        const stored = one(await bench.adapter.events.list({ name: kept.name, key: way }, bench.at));
        assert.deepEqual([stored.id, stored.payload, stored.at], [kept.id, "1", bench.now], way);
        assert.deepEqual(await bench.adapter.events.list({ name: kept.name, key: passing.key }, bench.at), [], way);
        const [first, second] = await bench.take({ from: sleepers.map(({ job }) => ({ queue: job.queue })) });
        const about = { by: "event", name: kept.name } as const;
        assert.deepEqual(first?.wake, { ...about, key: way, seq: stored.seq, payload: "1" }, way);
        assert.ok(second?.wake?.by === "event" && second.wake.key === passing.key, way);
      }
    },
  },
  {
    title: "jobs are cancelled along, whatever it travels with, in every unfinished state, and each end is told once",
    async check(bench) {
      for (const [way, send] of Object.entries(WAYS)) {
        const [ready, running] = [await bench.put({ delayMs: 9_000_000 }), await lent(bench)];
        const sleeper = await asleep(bench, { name: bench.name("never"), key: "" });
        const [first, second, third] = chain(bench, 3);
        await bench.enqueue({ ...first!, delayMs: 9_000_000 }, second!, third!);
        const ended = await lent(bench);
        await bench.succeed(ended);
        const delivery = await lent(bench);
        const victims = [ready.id, running.job.id, sleeper.job.id, second!.id];
        const cancel = [...victims, ended.job.id, bench.name("unknown"), ready.id].map((id, i) => ({ id, reason: `no. ${i % 2}` }));
        const sent = await send(bench, delivery, { cancel });
        assert.deepEqual(sent.lost, [], way);
        assert.deepEqual(sorted(sent.ended?.map(({ id }) => id) ?? []), sorted([...victims, third!.id]), `${way}: each end is told once`);
        for (const [i, id] of victims.entries()) {
          const { state, error, cause } = await bench.known(id);
          assert.deepEqual([state, error?.message, cause], ["cancelled", `no. ${i % 2}`, undefined], way);
        }
        assert.deepEqual(await bench.states(ended.job, third!, first!), ["succeeded", "cancelled", "ready"], way);
        assert.deepEqual((await bench.settle({ lease: running.lease, as: "succeeded" })).lost, [running.job.id], way);
      }
    },
  },
  nothingOf(["enqueue"], "no job that travels along is stored when the lease has gone"),
  nothingOf(["emit"], "no event that travels along is stored, and wakes nobody, when the lease has gone"),
  nothingOf(["cancel"], "nobody is cancelled along when the lease has gone"),
  nothingOf(["note"], "no note that travels along is written when the lease has gone"),
  nothingOf(
    ["journal", "note", "enqueue", "emit", "cancel"],
    "of all that travels along together nothing is written when the lease has gone",
  ),
  {
    title: "all that travels along together is written, whatever it travels with",
    async check(bench) {
      for (const [way, send] of Object.entries(WAYS)) {
        const delivery = await lent(bench);
        const bag = await luggage(bench);
        const along: Along = Object.assign({}, ...Object.values(MEMBERS).map((member) => member(bag)));
        assert.deepEqual((await send(bench, delivery, along)).lost, [], way);
        assert.deepEqual(await bench.states(bag.job, bag.sleeper.job, bag.victim), ["ready", "ready", "cancelled"], way);
        assert.equal(one(await bench.adapter.events.list({ name: bag.event.name, key: bag.event.key }, bench.at)).id, bag.event.id, way);
        const [entries] = await bench.adapter.journal.read([{ id: delivery.job.id }], bench.at);
        assert.deepEqual(
          entries?.map(({ key }) => key),
          way === "a new life" ? [] : ["step"],
          way,
        );
        assert.equal((await noteOf(bench, delivery.job.id))?.state, way === "a new life" ? undefined : '"half"', way);
      }
    },
  },
  {
    title: "what travels along is written once, however often it is sent",
    async check(bench) {
      for (const [way, send] of Object.entries(WAYS)) {
        const delivery = await lent(bench);
        const bag = await luggage(bench);
        const along: Along = Object.assign({}, ...Object.values(MEMBERS).map((member) => member(bag)));
        const sent = [await send(bench, delivery, along), await send(bench, delivery, along)];
        const isWrite = way === "a write to its journal";
        assert.deepEqual(
          sent.map(({ lost }) => lost.length),
          [0, isWrite ? 0 : 1],
          way,
        );
        assert.deepEqual(
          sent.map(({ ended = [] }) => ended.map(({ id }) => id)),
          [[bag.victim.id], []],
          way,
        );
        assert.equal((await bench.adapter.events.list({ name: bag.event.name, key: bag.event.key }, bench.at)).length, 1, way);
        assert.deepEqual(ids(await bench.take({ from: [{ queue: bag.job.queue }] })), [bag.job.id], way);
        const woken = await bench.take({ from: [{ queue: bag.sleeper.job.queue }] });
        assert.deepEqual(ids(woken), [bag.sleeper.job.id], way);
      }
    },
  },
  {
    title: "a bad job, event or id that travels along refuses the whole call before anything is written",
    async check(bench) {
      const bad: readonly Along[] = [
        { enqueue: [bench.job({ payload: "1" }), bench.job({ waitsFor: 2 })] },
        { enqueue: [bench.job({ id: "\ud800" })] },
        { emit: [event(bench), event(bench, { name: "" })] },
        { emit: [event(bench, { key: "half \ud83d" })] },
        { cancel: [{ id: "", reason: "why" }] },
        { cancel: [{ id: bench.name("any"), reason: "half \ud83d" }] },
      ];
      for (const [way, send] of Object.entries(WAYS))
        for (const along of bad) {
          const bag = await luggage(bench);
          const good: Along = Object.assign({}, ...Object.values(MEMBERS).map((member) => member(bag)));
          const delivery = await lent(bench);
          await assert.rejects(send(bench, delivery, { ...good, ...along }), /STEM_(?:JOB|OPTION)_INVALID/, way);
          await expectNothing(bench, bag, delivery.job.id, way);
          assert.equal(await bench.state(delivery.job.id), "active", way);
          await bench.succeed(delivery);
        }
    },
  },
];
