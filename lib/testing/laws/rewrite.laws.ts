import assert from "node:assert/strict";
import type { Delivery, NewEntry, NewJob, Rewrite } from "../../contract/index.js";
import { lent } from "./along.js";
import { failure, ids, one, sorted, type LawBench } from "./bench.js";
import { chain } from "./canvas.js";
import type { Law } from "./law.js";

const entry = (seq: number, value = String(seq)): NewEntry => ({ seq, key: `step#${seq}`, kind: "step", state: "done", value });
const upTo = (count: number): NewEntry[] => Array.from({ length: count }, (_, i) => entry(i + 1));

/** How many pairs race. */
const PAIRS = 60;

function rewrite(bench: LawBench, id: string, how: Rewrite = { keepTo: 1 }): Promise<boolean> {
  return bench.adapter.journal.rewrite(id, how, bench.at);
}

/** The values of a run's entries, in order. */
async function values(bench: LawBench, id: string): Promise<readonly unknown[]> {
  return one(await bench.adapter.journal.read([{ id }], bench.at)).map(({ value }) => JSON.parse(value!) as unknown);
}

/** A run in a queue of its own that has two entries, as it is lent. */
async function begun(bench: LawBench, over: Partial<NewJob> = {}): Promise<Delivery> {
  const delivery = await lent(bench, over);
  await bench.adapter.journal.append([{ lease: delivery.lease, journal: upTo(2) }], bench.at);
  return delivery;
}

/** Runs with two entries that stand ready, or parked for the event `go` of their id. */
async function waiting(bench: LawBench, state: "ready" | "parked"): Promise<readonly string[]> {
  await bench.enqueue(...bench.jobs(PAIRS));
  const found = await bench.take({ limit: PAIRS });
  const ending = ({ job }: Delivery) =>
    state === "ready"
      ? ({ as: "ready", attempt: "returned" } as const)
      : ({ as: "parked", waits: [{ name: bench.name("go"), key: job.id, after: 0 }] } as const);
  await bench.settle(...found.map((delivery) => ({ lease: delivery.lease, journal: upTo(2), ...ending(delivery) })));
  return ids(found);
}

/** Does two things to each run at once, on two handles, each as often first as second. */
async function race<A, B>(
  runs: readonly string[],
  first: (id: string) => Promise<A>,
  second: (id: string) => Promise<B>,
): Promise<readonly (readonly [A, B])[]> {
  return Promise.all(
    runs.map(async (id, i) => {
      const early = i % 2 === 0 ? first(id) : undefined;
      const late = second(id);
      return Promise.all([early ?? first(id), late]);
    }),
  );
}

/** Brings a run with two entries into each state from which it may be rewritten. */
const STATES: Readonly<Record<string, (bench: LawBench) => Promise<Delivery>>> = {
  "is due": async (bench) => {
    const delivery = await begun(bench);
    await bench.end(delivery, { as: "ready", attempt: "spent" });
    return delivery;
  },
  sleeps: async (bench) => {
    const delivery = await begun(bench);
    await bench.end(delivery, { as: "ready", attempt: "spent", delayMs: 1_000 });
    return delivery;
  },
  waits: async (bench) => {
    const delivery = await begun(bench);
    const waits = [{ name: bench.name("go"), key: delivery.job.id, after: 0 }];
    await bench.end(delivery, { as: "parked", waits, deadline: bench.now + 1_000 });
    return delivery;
  },
  "has been woken": async (bench) => {
    const delivery = await begun(bench);
    const { id } = delivery.job;
    await bench.end(delivery, { as: "parked", waits: [{ name: bench.name("go"), key: id, after: 0 }] });
    await bench.adapter.events.emit([{ id: bench.name(`go ${id}`), name: bench.name("go"), key: id }], bench.at);
    return delivery;
  },
  failed: async (bench) => {
    const delivery = await begun(bench);
    await bench.fail(delivery);
    return delivery;
  },
  "was cancelled": async (bench) => {
    const delivery = await begun(bench);
    await bench.cancel([delivery.job.id]);
    return delivery;
  },
  "has lapsed before": async (bench) => {
    await bench.hire("doomed", 100);
    const job = await bench.put({ queue: bench.name("lapses") });
    const from = [{ queue: job.queue }];
    await bench.takeOne({ worker: "doomed", from });
    bench.pass(200);
    const delivery = await bench.takeOne({ from });
    await bench.adapter.journal.append([{ lease: delivery.lease, journal: upTo(2) }], bench.at);
    await bench.end(delivery, { as: "ready", attempt: "returned" });
    return delivery;
  },
};

export const rewriteLaws: readonly Law[] = [
  {
    title: "a rewrite keeps the entries up to a number, drops those above and adds others",
    async check(bench) {
      const delivery = await lent(bench);
      const { id, queue } = delivery.job;
      await bench.end(delivery, { as: "ready", attempt: "returned", delayMs: 1_000, journal: upTo(1_500) });
      bench.pass(5);
      assert.equal(await rewrite(bench, id, { keepTo: 1_500 }), true);
      assert.equal((await values(bench, id)).length, 1_500);
      assert.equal(await rewrite(bench, id, { keepTo: 2, entries: [entry(3, '"c"'), entry(4, '"d"')] }), true);
      assert.deepEqual(await values(bench, id), [1, 2, "c", "d"]);
      const [last] = await bench.adapter.journal.read([{ id, after: 3 }], bench.at);
      assert.deepEqual(last, [{ ...entry(4, '"d"'), at: bench.now }]);
      const { lease, journaled } = await bench.takeOne({ from: [{ queue }] });
      assert.equal(journaled, true);
      await bench.settle({ lease, journal: [entry(5, '"e"')], as: "ready", attempt: "returned" });
      assert.deepEqual(await values(bench, id), [1, 2, "c", "d", "e"]);
      assert.equal(await rewrite(bench, id, { keepTo: 0 }), true);
      assert.deepEqual(await values(bench, id), []);
    },
  },
  {
    title: "a rewrite makes a run ready at once, whatever it waited for, with nothing spent and no wake",
    async check(bench) {
      for (const [how, bring] of Object.entries(STATES)) {
        const { job } = await bring(bench);
        bench.pass(1);
        assert.equal(await rewrite(bench, job.id), true, how);
        const { state, delayed, attempts, lapses, dueAt } = await bench.known(job.id);
        assert.deepEqual([state, delayed, attempts, lapses, dueAt], ["ready", undefined, 0, 0, bench.now], how);
        const counts = await bench.adapter.jobs.count({ queue: job.queue }, bench.at);
        assert.deepEqual(counts, { ...counts, ready: 1, delayed: 0, parked: 0, failed: 0, cancelled: 0 }, how);
        const from = [{ queue: job.queue }];
        const again = await bench.takeOne({ from });
        assert.deepEqual([again.attempt, again.lapses, again.wake, again.journaled], [1, 0, undefined, true], how);
        const event = { id: bench.name(`late ${how}`), name: bench.name("go"), key: job.id };
        assert.deepEqual((await bench.adapter.events.emit([event], bench.at)).woken, [], how);
        bench.pass(2_000);
        assert.deepEqual(await bench.take({ from }), [], how);
        await bench.succeed(again);
        assert.deepEqual(await values(bench, job.id), [1], how);
      }
    },
  },
  {
    title: "a job that was never lent is given a journal, and then does not expire",
    async check(bench) {
      const job = await bench.put({ expiresInMs: 100 });
      assert.equal(await rewrite(bench, job.id, { keepTo: 0, entries: upTo(3) }), true);
      bench.pass(200);
      assert.equal((await bench.takeOne()).journaled, true);
      assert.equal((await values(bench, job.id)).length, 3);
    },
  },
  {
    title: "a run is not rewritten while a worker has it, when it has succeeded, waits for an input or is unknown",
    async check(bench) {
      const [active, over] = [await begun(bench), await begun(bench)];
      await bench.succeed(over);
      const [first, second, third] = chain(bench, 3);
      await bench.enqueue(first!, second!, third!);
      await bench.cancel([third!.id]);
      const runs = [active.job.id, over.job.id, second!.id, third!.id];
      const before = await bench.adapter.jobs.get(runs, bench.at);
      bench.pass(1);
      for (const id of [...runs, bench.name("nobody")]) assert.equal(await rewrite(bench, id), false, id);
      assert.deepEqual(await bench.adapter.jobs.get(runs, bench.at), before);
      await bench.fail(await bench.takeOne());
      assert.equal(await rewrite(bench, second!.id), false, "it ended because of an input");
      assert.equal(await bench.state(second!.id), "failed");
      for (const { job } of [active, over]) assert.equal((await values(bench, job.id)).length, 2);
      await bench.succeed(active);
    },
  },
  {
    title: "the lease after a rewrite is above all earlier ones, and who had the run before writes nothing",
    async check(bench) {
      await bench.hire("frozen", 100);
      const job = await bench.put();
      const late = await bench.takeOne({ worker: "frozen" });
      bench.pass(200);
      const heir = await bench.takeOne();
      await bench.end(heir, { as: "failed", cause: "error", error: failure(), journal: upTo(2) });
      assert.equal(await rewrite(bench, job.id), true);
      const now = await bench.takeOne();
      assert.equal(now.lease.job, heir.lease.job);
      assert.ok(now.lease.fence >= heir.lease.fence + 2, "the rewrite has raised it, and so has the delivery");
      for (const { lease } of [late, heir]) {
        const write = { lease, journal: [entry(2, '"late"')] };
        assert.deepEqual((await bench.adapter.journal.append([write], bench.at)).lost, [job.id]);
        assert.deepEqual((await bench.settle({ ...write, as: "succeeded" })).lost, [job.id]);
      }
      assert.equal((await values(bench, job.id)).length, 1);
      await bench.succeed(now);
    },
  },
  {
    title: "a rewrite of a run that had failed revives the jobs that ended because of it",
    async check(bench) {
      const [first, second, third] = chain(bench, 3);
      await bench.enqueue(first!, second!, third!);
      await bench.end(await bench.takeOne(), { as: "failed", cause: "error", error: failure(), journal: upTo(2) });
      assert.deepEqual(await bench.states(second!, third!), ["failed", "failed"]);
      assert.equal(await rewrite(bench, first!.id), true);
      assert.deepEqual(await bench.states(first!, second!, third!), ["ready", "blocked", "blocked"]);
      assert.deepEqual(await bench.drain(), [first!.id, second!.id, third!.id]);
    },
  },
  {
    title: "a rewrite that is not understood is refused, and changes nothing",
    async check(bench) {
      const { job } = await STATES["sleeps"]!(bench);
      const before = await bench.known(job.id);
      const wrong: readonly unknown[] = [
        {},
        { keepTo: -1 },
        { keepTo: 1.5 },
        { keepTo: "1" },
        { keepTo: 0, keep: 1 },
        { keepTo: 0, entries: entry(1) },
        { keepTo: 1, entries: [entry(1)] },
        { keepTo: 1, entries: [entry(3)] },
        { keepTo: 1, entries: [entry(2), entry(2)] },
        { keepTo: 1, entries: [{ ...entry(2), key: "half \ud83d" }] },
      ];
      for (const how of wrong)
        await assert.rejects(rewrite(bench, job.id, how as Rewrite), /STEM_OPTION_(?:INVALID|UNKNOWN)/, JSON.stringify(how));
      await assert.rejects(rewrite(bench, "half \ud83d"), /STEM_OPTION_INVALID/);
      assert.deepEqual(await bench.known(job.id), before);
      assert.equal((await values(bench, job.id)).length, 2);
    },
  },
  {
    title: "of a rewrite and a claim one comes first, however sixty pairs race",
    async check(bench) {
      const other = await bench.other();
      const runs = await waiting(bench, "ready");
      const claim = await bench.ask({ limit: 1 });
      const done = await race(
        runs,
        (id) => rewrite(bench, id),
        () => other.broker.claim(claim, bench.at),
      );
      const lent = new Map(done.flatMap(([, { deliveries }]) => deliveries.map((delivery) => [delivery.job.id, delivery.lease])));
      for (const [i, id] of runs.entries()) {
        assert.equal((await values(bench, id)).length, done[i]![0] ? 1 : 2, "it is rewritten, or the claim came first");
        assert.ok(done[i]![0] || lent.has(id));
      }
      const rest = await bench.take({ limit: 2 * PAIRS });
      assert.deepEqual(sorted([...lent.keys(), ...ids(rest)]), sorted(runs), "each is lent once");
      const leases = [...lent.values(), ...rest.map(({ lease }) => lease)];
      assert.deepEqual((await bench.settle(...leases.map((lease) => ({ lease, as: "succeeded" }) as const))).lost, []);
    },
  },
  {
    title: "of a rewrite and an event that wakes the run the rewrite is the last word, however sixty pairs race",
    async check(bench) {
      const other = await bench.other();
      const runs = await waiting(bench, "parked");
      const done = await race(
        runs,
        (id) => rewrite(bench, id),
        (id) => other.events.emit([{ id: bench.name(`go ${id}`), name: bench.name("go"), key: id }], bench.at),
      );
      assert.ok(done.every(([did]) => did));
      const found = await bench.take({ limit: 2 * PAIRS });
      assert.deepEqual(sorted(ids(found)), sorted(runs), "each is lent once");
      for (const { wake } of found) assert.equal(wake, undefined);
      for (const id of runs) assert.equal((await values(bench, id)).length, 1);
    },
  },
  {
    title: "of a rewrite and a cancel both are done, in one order or the other, however sixty pairs race",
    async check(bench) {
      const other = await bench.other();
      const runs = await waiting(bench, "parked");
      const done = await race(
        runs,
        (id) => rewrite(bench, id),
        (id) => other.jobs.change({ ids: [id] }, { to: "cancelled", reason: "stop" }, bench.at),
      );
      const revived: string[] = [];
      for (const [i, [did, { answers }]] of done.entries()) {
        const { as, was } = one(answers);
        const state = await bench.state(runs[i]!);
        assert.deepEqual([did, as, state], [true, "changed", was === "parked" ? "ready" : "cancelled"]);
        if (state === "ready") revived.push(runs[i]!);
        assert.equal((await values(bench, runs[i]!)).length, 1);
      }
      assert.deepEqual(sorted(ids(await bench.take({ limit: 2 * PAIRS }))), sorted(revived));
    },
  },
];
