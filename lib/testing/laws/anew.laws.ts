import assert from "node:assert/strict";
import type { Delivery, Lease, NewEntry } from "../../contract/index.js";
import { lent } from "./along.js";
import { failure, ids, one, sorted, type LawBench } from "./bench.js";
import { chain, good } from "./canvas.js";
import type { Law } from "./law.js";

const NEXT = { as: "anew", payload: '"next ü 🦆, and longer"', headers: { trace: '2/"ä"' } } as const;

const ENTRY: NewEntry = { seq: 1, key: "step", kind: "step", state: "done", value: "1" };

/** How many pairs race. */
const PAIRS = 60;

/** A run that has failed once, lapsed once and has an entry; with an input, and one that waits for it. */
async function run(bench: LawBench) {
  const [input, job, heir] = chain(bench, 3);
  const over = { group: bench.name("group"), priority: 3, headers: { trace: "1", tenant: "a" }, expiresInMs: 60_000, keepResultMs: 5e6 };
  await bench.enqueue(input!, { ...job!, ...over }, heir!);
  await bench.succeed(await bench.takeOne(), '"in"');
  await bench.end(await bench.takeOne(), { as: "ready", attempt: "spent", error: failure() });
  await bench.hire("doomed", 100);
  await bench.takeOne({ worker: "doomed" });
  bench.pass(200);
  const delivery = await bench.takeOne();
  assert.deepEqual([delivery.attempt, delivery.lapses], [2, 1]);
  await bench.adapter.journal.append([{ lease: delivery.lease, journal: [ENTRY] }], bench.at);
  return { input: input!, job: { ...job!, ...over }, heir: heir!, delivery };
}

export const anewLaws: readonly Law[] = [
  {
    title: "a new life leaves of the old one only id, place, group, inputs and who waits for it",
    async check(bench) {
      const { input, job, heir, delivery } = await run(bench);
      const before = await bench.known(job.id);
      assert.equal(one(await bench.adapter.journal.read([{ id: job.id }], bench.at)).length, 1);
      bench.pass(10);
      await bench.end(delivery, { ...NEXT, journal: [{ ...ENTRY, seq: 2 }] });
      const { id, task, queue, priority, group, enqueuedAt } = before;
      const { payload, headers } = NEXT;
      const kept = { id, task, queue, priority, group, enqueuedAt };
      const expected = { ...kept, state: "ready", payload, headers, attempts: 0, lapses: 0, dueAt: bench.now };
      assert.deepEqual(await bench.known(job.id), expected);
      assert.deepEqual(await bench.adapter.journal.read([{ id }], bench.at), [[]]);
      assert.equal(await bench.state(heir.id), "blocked");
      assert.equal((await bench.adapter.jobs.list({ group: job.group }, bench.at)).items.length, 1);
      const again = await bench.takeOne();
      assert.deepEqual(again.job, { ...kept, payload, headers, dueAt: bench.now });
      assert.deepEqual([again.attempt, again.lapses, again.wake, again.journaled], [1, 0, undefined, false]);
      assert.deepEqual(again.inputs, [good(input, '"in"')]);
      assert.deepEqual(await bench.adapter.journal.read([{ id }], bench.at), [[]]);
      await bench.succeed(again, '"out"');
      const next = await bench.takeOne();
      assert.deepEqual([next.job.id, next.inputs], [heir.id, [good(job, '"out"')]]);
    },
  },
  {
    title: "a new life without headers has none, and may have a life after it, and an end that is forgotten at once",
    async check(bench) {
      const job = await bench.put({ headers: { trace: "1" }, keepResultMs: 0 });
      for (let life = 2; life < 6; life++) {
        await bench.end(await bench.takeOne(), { as: "anew", payload: String(life), journal: [ENTRY] });
        const { payload, headers, attempts } = await bench.known(job.id);
        assert.deepEqual([payload, headers, attempts], [String(life), undefined, 0]);
      }
      const counts = await bench.adapter.jobs.count({ queue: job.queue }, bench.at);
      assert.deepEqual([counts.ready, counts.active, counts.succeeded], [1, 0, 0]);
      const last = await bench.takeOne();
      assert.ok(!("headers" in last.job));
      await bench.succeed(last);
      assert.equal(await bench.record(job.id), undefined);
    },
  },
  {
    title: "a new life is due at once, behind what was due before it and at its old place among what is due with it",
    async check(bench) {
      const job = await bench.put();
      const delivery = await bench.takeOne();
      const early = await bench.put();
      bench.pass(10);
      const beside = await bench.put();
      await bench.end(delivery, { as: "anew", payload: "2" });
      assert.deepEqual(ids(await bench.take({ limit: 3 })), [early.id, job.id, beside.id]);
    },
  },
  {
    title: "new lives travel in one list with other endings, and are lent on the way out of the same settle",
    async check(bench) {
      await bench.enqueue(...bench.jobs(5));
      const found = await bench.take();
      const endings = [
        NEXT,
        { as: "succeeded", result: "1" },
        { as: "anew", payload: "second" },
        { as: "failed", cause: "error", error: failure() },
        { as: "ready", attempt: "spent", delayMs: 1_000 },
      ] as const;
      const settlements = found.map(({ lease }, i) => ({ lease, ...endings[i]! }));
      const { lost, claimed } = await bench.adapter.broker.settle([...settlements, settlements[0]!], await bench.ask(), bench.at);
      assert.deepEqual(lost, [found[0]!.job.id], "the second of the same lease");
      assert.deepEqual(
        claimed!.deliveries.map(({ job, attempt }) => [job.id, job.payload, job.headers, attempt]),
        [
          [found[0]!.job.id, NEXT.payload, NEXT.headers, 1],
          [found[2]!.job.id, "second", undefined, 1],
        ],
      );
      assert.deepEqual(await bench.states(...found.map(({ job }) => job)), ["active", "succeeded", "active", "failed", "ready"]);
    },
  },
  {
    title: "the lease of a new life is above all earlier ones, and those write nothing any more",
    async check(bench) {
      const { job, delivery } = await run(bench);
      await bench.end(delivery, NEXT);
      const now = await bench.takeOne();
      assert.equal(now.lease.job, delivery.lease.job);
      assert.ok(now.lease.fence >= delivery.lease.fence + 2, "the ending has raised it, and so has the delivery");
      const late: readonly Lease[] = [delivery.lease, { ...delivery.lease, fence: delivery.lease.fence + 1 }];
      for (const lease of late) {
        assert.deepEqual((await bench.adapter.journal.append([{ lease, journal: [ENTRY] }], bench.at)).lost, [job.id]);
        assert.deepEqual((await bench.settle({ lease, as: "anew", payload: "late" })).lost, [job.id]);
      }
      assert.equal((await bench.known(job.id)).payload, NEXT.payload);
      assert.deepEqual(await bench.adapter.journal.read([{ id: job.id }], bench.at), [[]]);
      await bench.succeed(now);
    },
  },
  {
    title: "a lost lease begins no new life",
    async check(bench) {
      await bench.hire("doomed", 100);
      const job = await bench.put({ headers: { trace: "1" } });
      const late = await bench.takeOne({ worker: "doomed" });
      await bench.adapter.journal.append([{ lease: late.lease, journal: [ENTRY] }], bench.at);
      bench.pass(200);
      const heir = await bench.takeOne();
      const before = await bench.known(job.id);
      assert.deepEqual((await bench.settle({ lease: late.lease, ...NEXT, enqueue: [bench.job()] })).lost, [job.id]);
      assert.deepEqual(await bench.known(job.id), before);
      assert.equal(one(await bench.adapter.journal.read([{ id: job.id }], bench.at)).length, 1);
      await bench.cancel([job.id]);
      assert.deepEqual((await bench.settle({ lease: heir.lease, ...NEXT })).lost, [job.id]);
      assert.equal(await bench.state(job.id), "cancelled");
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "a signal that was sent before a new life is there for it, and a new life does not expire",
    async check(bench) {
      const delivery = await lent(bench, { expiresInMs: 1_000 });
      const { id, queue } = delivery.job;
      const [name, from] = [bench.name("signal"), [{ queue }]];
      await bench.adapter.events.emit([{ id: bench.name("sent"), name, key: id, payload: '"kept"' }], bench.at);
      await bench.end(delivery, NEXT);
      bench.pass(2_000);
      await bench.end(await bench.takeOne({ from }), { as: "parked", waits: [{ name, key: id, after: 0 }] });
      const { wake } = await bench.takeOne({ from });
      assert.ok(wake?.by === "event" && wake.payload === '"kept"');
    },
  },
  {
    title: "a new life whose payload or header would not come back as it was given is refused with the whole call",
    async check(bench) {
      await bench.enqueue(...bench.jobs(2));
      const [a, b] = await bench.take();
      const odd = [{ "half \ud83d": "1" }, { trace: "half \ud83d" }, { trace: 5 }, 5, ["trace"]].map((headers) => ({
        payload: "2",
        headers,
      }));
      for (const life of [...odd, ...[5, null, undefined, {}].map((payload) => ({ payload }))]) {
        const refused = bench.settle(
          { lease: a!.lease, as: "succeeded" },
          { lease: b!.lease, as: "anew", ...(life as { payload: string }) },
        );
        await assert.rejects(refused, { code: "STEM_JOB_INVALID" });
      }
      assert.deepEqual(await bench.states(a!.job, b!.job), ["active", "active"]);
    },
  },
  {
    title: "of a new life and a cancel the cancel is the last word, however sixty pairs race",
    async check(bench) {
      const other = await bench.other();
      await bench.enqueue(...bench.jobs(PAIRS));
      const found = await bench.take({ limit: PAIRS });
      const begin = ({ lease }: Delivery) => bench.adapter.broker.settle([{ lease, ...NEXT, journal: [ENTRY] }], undefined, bench.at);
      const done = await Promise.all(
        found.map(async (delivery, i) => {
          const early = i % 2 === 0 ? begin(delivery) : undefined;
          const late = other.jobs.change({ ids: [delivery.job.id] }, { to: "cancelled", reason: "stop" }, bench.at);
          return Promise.all([early ?? begin(delivery), late]);
        }),
      );
      for (const [i, [{ lost }, { answers }]] of done.entries()) {
        const { job } = found[i]!;
        const { was, as } = one(answers);
        assert.deepEqual([as, lost], ["changed", was === "active" ? [job.id] : []]);
        const { state, payload } = await bench.known(job.id);
        assert.deepEqual([state, payload], ["cancelled", was === "active" ? "{}" : NEXT.payload]);
        assert.deepEqual(await bench.adapter.journal.read([{ id: job.id }], bench.at), [[]]);
      }
      assert.deepEqual(sorted(ids(await bench.take({ limit: PAIRS }))), []);
    },
  },
];
