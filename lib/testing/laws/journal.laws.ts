import assert from "node:assert/strict";
import type { NewEntry } from "../../contract/index.js";
import { failure, one } from "./bench.js";
import type { Law } from "./law.js";

const step = (seq: number, over: Partial<NewEntry> = {}): NewEntry => ({ seq, key: `step#${seq}`, kind: "step", state: "done", ...over });

export const journalLaws: readonly Law[] = [
  {
    title: "a journal is read in the order of its numbers, with the time of each entry",
    async check(bench) {
      await bench.put();
      const { lease } = await bench.takeOne();
      const early = bench.now;
      const first = Array.from({ length: 11 }, (_, i) => step(i + 1, { value: `"${i}"` }));
      assert.deepEqual(await bench.adapter.journal.append([{ lease, journal: first }], bench.at), { lost: [] });
      bench.pass(50);
      await bench.adapter.journal.append([{ lease, journal: [step(12, { state: "open" })] }], bench.at);
      await bench.adapter.journal.append([{ lease, journal: [step(13, { key: "step#12", state: "failed", value: "odd" })] }], bench.at);
      const entries = one(await bench.adapter.journal.read([{ id: lease.jobId }], bench.at));
      assert.deepEqual(entries, [
        ...first.map((entry) => Object.assign({ at: early }, entry)),
        { ...step(12, { state: "open" }), at: bench.now },
        { ...step(13, { key: "step#12", state: "failed", value: "odd" }), at: bench.now },
      ]);
    },
  },
  {
    title: "a step that returned nothing is done, and differs from one that returned null or an empty text",
    async check(bench) {
      await bench.put();
      const { lease } = await bench.takeOne();
      await bench.adapter.journal.append([{ lease, journal: [step(1), step(2, { value: "null" }), step(3, { value: "" })] }], bench.at);
      const [nothing, nil, empty] = one(await bench.adapter.journal.read([{ id: lease.jobId }], bench.at));
      assert.ok(nothing && !("value" in nothing) && nothing.state === "done");
      assert.deepEqual([nil?.value, empty?.value], ["null", ""]);
    },
  },
  {
    title: "long journals are read whole, in one call with short ones and none",
    async check(bench) {
      const jobs = bench.jobs(4);
      await bench.enqueue(...jobs);
      const deliveries = await bench.take();
      const lengths = [501, 0, 1_000, 3];
      for (const [i, { lease }] of deliveries.entries())
        await bench.adapter.journal.append([{ lease, journal: Array.from({ length: lengths[i]! }, (_, n) => step(n + 1)) }], bench.at);
      const read = await bench.adapter.journal.read([...jobs.map(({ id }) => ({ id })), { id: bench.name("nobody") }], bench.at);
      assert.deepEqual(
        read.map((entries) => entries.map(({ seq }) => seq)),
        [...lengths, 0].map((length) => Array.from({ length }, (_, n) => n + 1)),
      );
    },
  },
  {
    title: "journals of several runs are written in one call and read in the order asked",
    async check(bench) {
      await bench.enqueue(...bench.jobs(2));
      const [a, b] = await bench.take();
      const writes = [
        { lease: a!.lease, journal: [step(1, { key: "a" })] },
        { lease: b!.lease, journal: [step(1, { key: "b1" }), step(2, { key: "b2" })] },
      ];
      await bench.adapter.journal.append(writes, bench.at);
      const read = await bench.adapter.journal.read([{ id: b!.job.id }, { id: bench.name("nobody") }, { id: a!.job.id }], bench.at);
      assert.deepEqual(
        read.map((entries) => entries.map(({ key }) => key)),
        [["b1", "b2"], [], ["a"]],
      );
    },
  },
  {
    title: "a journal is read from a number on, each run of a call from its own",
    async check(bench) {
      await bench.enqueue(...bench.jobs(2));
      const [long, short] = await bench.take();
      const upTo = (count: number): NewEntry[] => Array.from({ length: count }, (_, i) => step(i + 1, { value: `"${i + 1}"` }));
      await bench.adapter.journal.append([{ lease: long!.lease, journal: upTo(1_200) }], bench.at);
      await bench.adapter.journal.append([{ lease: short!.lease, journal: upTo(12) }], bench.at);
      const reads = [
        { id: short!.job.id, after: 9 },
        { id: long!.job.id, after: 700 },
        { id: bench.name("nobody"), after: 1 },
        { id: short!.job.id },
        { id: short!.job.id, after: 12 },
        { id: long!.job.id, after: 5_000_000_000 },
        { id: long!.job.id, after: 1_199 },
      ];
      const read = await bench.adapter.journal.read(reads, bench.at);
      assert.deepEqual(
        read.map((entries) => [entries[0]?.seq, entries.length]),
        [
          [10, 3],
          [701, 500],
          [undefined, 0],
          [1, 12],
          [undefined, 0],
          [undefined, 0],
          [1_200, 1],
        ],
      );
      for (const entries of read)
        for (const [i, { seq, value }] of entries.entries()) assert.deepEqual([seq, value], [entries[0]!.seq + i, `"${seq}"`]);
      assert.deepEqual(one(read.slice(-1).flat()), { ...step(1_200, { value: '"1200"' }), at: bench.now });
    },
  },
  {
    title: "a number that is taken is left as it is",
    async check(bench) {
      await bench.put();
      const { lease } = await bench.takeOne();
      await bench.adapter.journal.append([{ lease, journal: [step(1, { value: '"first"' })] }], bench.at);
      const again = await bench.adapter.journal.append([{ lease, journal: [step(1, { value: '"second"' }), step(2)] }], bench.at);
      assert.deepEqual(again.lost, []);
      const [first, second] = one(await bench.adapter.journal.read([{ id: lease.jobId }], bench.at));
      assert.deepEqual([first?.value, second?.seq], ['"first"', 2]);
    },
  },
  {
    title: "a write with a stale lease adds nothing and is reported, and the others of the call count",
    async check(bench) {
      await bench.hire("doomed", 100);
      await bench.put();
      const late = await bench.takeOne({ worker: "doomed" });
      bench.pass(200);
      const heir = await bench.takeOne();
      await bench.put();
      const fine = await bench.takeOne();
      const { lost } = await bench.adapter.journal.append(
        [
          { lease: late.lease, journal: [step(1, { key: "late" })] },
          { lease: fine.lease, journal: [step(1, { key: "fine" })] },
          { lease: { jobId: bench.name("nobody"), fence: 1, job: 1 }, journal: [step(1)] },
        ],
        bench.at,
      );
      assert.deepEqual([...lost].sort(), [late.job.id, bench.name("nobody")].sort());
      const [stale, good] = await bench.adapter.journal.read([{ id: heir.job.id }, { id: fine.job.id }], bench.at);
      assert.deepEqual([stale?.length, good?.length], [0, 1]);
    },
  },
  {
    title: "nobody adds to the journal of a run that has ended",
    async check(bench) {
      await bench.put();
      const delivery = await bench.takeOne();
      await bench.succeed(delivery);
      const { lost } = await bench.adapter.journal.append([{ lease: delivery.lease, journal: [step(1)] }], bench.at);
      assert.deepEqual(lost, [delivery.job.id]);
      assert.deepEqual(await bench.adapter.journal.read([{ id: delivery.job.id }], bench.at), [[]]);
    },
  },
  {
    title: "entries inside a settlement are written with it, whatever the ending",
    async check(bench) {
      const waits = [{ name: bench.name("paid"), key: "", after: 0 }];
      const endings = [
        { as: "succeeded" },
        { as: "failed", cause: "error", error: failure() },
        { as: "ready", attempt: "returned", delayMs: 60_000 },
        { as: "parked", waits },
        { as: "cancelled", error: failure() },
      ] as const;
      for (const ending of endings) {
        const job = await bench.put();
        const { lease } = await bench.takeOne();
        await bench.adapter.journal.append([{ lease, journal: [step(1)] }], bench.at);
        const { lost } = await bench.settle({ lease, journal: [step(2, { value: ending.as })], ...ending });
        assert.deepEqual(lost, []);
        const entries = one(await bench.adapter.journal.read([{ id: job.id }], bench.at));
        assert.deepEqual(entries.at(-1), { ...step(2, { value: ending.as }), at: bench.now });
        assert.equal(entries.length, 2);
      }
    },
  },
  {
    title: "a delivery says whether there is a journal to read",
    async check(bench) {
      await bench.put();
      const first = await bench.takeOne();
      assert.equal(first.journaled, false);
      await bench.end(first, { as: "ready", attempt: "returned" });
      const second = await bench.takeOne();
      assert.equal(second.journaled, false);
      await bench.adapter.journal.append([{ lease: second.lease, journal: [step(1)] }], bench.at);
      await bench.end(second, { as: "ready", attempt: "returned" });
      assert.equal((await bench.takeOne()).journaled, true);
      const other = await bench.put();
      const { lease } = await bench.takeOne();
      await bench.settle({ lease, journal: [step(1)], as: "ready", attempt: "spent" });
      const found = await bench.takeOne();
      assert.deepEqual([found.job.id, found.journaled], [other.id, true]);
    },
  },
  {
    title: "a journal is kept over redeliveries and goes with its run's record",
    async check(bench) {
      const job = await bench.put({ keepResultMs: 1_000 });
      await bench.hire("doomed", 100);
      const { lease } = await bench.takeOne({ worker: "doomed" });
      await bench.adapter.journal.append([{ lease, journal: [step(1)] }], bench.at);
      bench.pass(200);
      const delivery = await bench.takeOne();
      assert.equal(delivery.journaled, true);
      await bench.succeed(delivery);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.equal(one(await bench.adapter.journal.read([{ id: job.id }], bench.at)).length, 1);
      bench.pass(1_001);
      await bench.adapter.jobs.prune(undefined, bench.at);
      assert.deepEqual(await bench.adapter.journal.read([{ id: job.id }], bench.at), [[]]);
    },
  },
  {
    title: "a run forgotten at its end or purged leaves no journal to a later run of its id",
    async check(bench) {
      const job = await bench.put({ keepResultMs: 0 });
      const first = await bench.takeOne();
      await bench.settle({ lease: first.lease, journal: [step(1)], as: "succeeded" });
      assert.equal(await bench.record(job.id), undefined);
      await bench.enqueue(job);
      const second = await bench.takeOne();
      assert.equal(second.journaled, false);
      assert.deepEqual(await bench.adapter.journal.read([{ id: job.id }], bench.at), [[]]);
      await bench.settle({ lease: second.lease, journal: [step(1)], as: "failed", cause: "error", error: failure() });
      await bench.purge({ ids: [job.id] });
      assert.deepEqual(await bench.adapter.journal.read([{ id: job.id }], bench.at), [[]]);
    },
  },
];
