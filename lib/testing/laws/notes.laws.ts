import assert from "node:assert/strict";
import type { Along, Delivery, NewJob, Note } from "../../contract/index.js";
import { lent, noteOf } from "./along.js";
import { failure, one, type LawBench } from "./bench.js";
import type { Law } from "./law.js";

const HALF: Note = { state: '"half"', log: ["begun", "half of it"] };

function append(bench: LawBench, { lease }: Delivery, ...notes: readonly Note[]): Promise<{ readonly lost: readonly string[] }> {
  return bench.adapter.journal.append(
    notes.map((note) => ({ lease, note })),
    bench.at,
  );
}

const lines = async (bench: LawBench, id: string): Promise<readonly string[]> =>
  (await noteOf(bench, id))?.log.map(({ line }) => line) ?? [];

const numbered = (from: number, to: number): readonly string[] => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

/** How a job that has noted something is forgotten. */
const FORGOTTEN: Readonly<Record<string, (bench: LawBench, delivery: Delivery) => Promise<unknown>>> = {
  "forgotten at its end": (bench, delivery) => bench.succeed(delivery),
  "forgotten at its end, with a last note": (bench, delivery) => bench.end(delivery, { as: "succeeded", note: HALF }),
  pruned: async (bench, delivery) => {
    await bench.fail(delivery);
    bench.pass(1_001);
    await bench.adapter.jobs.prune(undefined, bench.at);
  },
  "past its time": async (bench, delivery) => {
    await bench.fail(delivery);
    bench.pass(1_001);
  },
  "forgotten by a person": async (bench, delivery) => {
    await bench.fail(delivery);
    await bench.forget([delivery.job.id]);
  },
  "forgotten while it waits": async (bench, delivery) => {
    await bench.end(delivery, { as: "parked", waits: [{ name: bench.name("never"), key: "", after: 0 }] });
    await bench.forget([delivery.job.id]);
  },
  "stored anew": async (bench, delivery) => {
    await bench.cancel([delivery.job.id]);
    const { id, task, queue } = delivery.job;
    await bench.enqueue(bench.job({ id, task, queue, known: "again" }));
  },
};

export const noteLaws: readonly Law[] = [
  {
    title: "a note is read where it is asked for: its state takes the place of the one before, its log grows",
    async check(bench) {
      const [delivery, silent] = [await lent(bench), await lent(bench)];
      const { id, queue } = delivery.job;
      const early = bench.now;
      assert.deepEqual(await append(bench, delivery, { log: ["begun"] }), { lost: [] });
      assert.deepEqual(await noteOf(bench, id), { at: early, log: [{ at: early, line: "begun" }] });
      bench.pass(5);
      await append(bench, delivery, { state: '"ü 🦆"', log: ["half: of it", ""] });
      bench.pass(5);
      await append(bench, delivery, {}, { log: [] });
      const log = [
        { at: early, line: "begun" },
        { at: early + 5, line: "half: of it" },
        { at: early + 5, line: "" },
      ];
      assert.deepEqual(await noteOf(bench, id), { state: '"ü 🦆"', at: early + 5, log });
      await bench.end(delivery, { as: "ready", attempt: "spent", note: { state: "" } });
      assert.deepEqual(await noteOf(bench, id), { state: "", at: bench.now, log });
      await append(bench, silent, {});
      assert.equal(await noteOf(bench, silent.job.id), undefined);
      const records = await bench.adapter.jobs.get([id, silent.job.id, bench.name("nobody"), id], { ...bench.at, with: ["note"] });
      assert.deepEqual(
        records.map((record) => record?.note?.state),
        ["", undefined, undefined, ""],
      );
      // What a reader does to its copy is its own affair.
      Object.assign(records[0]!.note!, { state: "changed" });
      (records[0]!.note!.log as unknown[]).push(Object.assign(records[0]!.note!.log[0]!, { line: "changed" }));
      assert.deepEqual(await noteOf(bench, id), { state: "", at: bench.now, log });
      assert.ok(!("note" in (await bench.known(id))), "it was not asked for");
      assert.ok(!("note" in one((await bench.adapter.jobs.list({ queue }, bench.at)).items)));
      assert.equal((await bench.takeOne({ from: [{ queue }] })).journaled, false, "a note is not a journal");
    },
  },
  {
    title: "of a log the last two hundred lines are kept, however they came",
    async check(bench) {
      const delivery = await lent(bench);
      const { id } = delivery.job;
      await append(bench, delivery, { log: numbered(1, 250) });
      assert.deepEqual(await lines(bench, id), numbered(51, 250));
      await append(bench, delivery, { log: numbered(251, 280) });
      assert.deepEqual(await lines(bench, id), numbered(81, 280));
      await append(
        bench,
        delivery,
        { log: numbered(281, 290), state: "1" },
        { log: numbered(291, 300) },
        { state: "2", log: ["line 301"] },
      );
      assert.deepEqual(await lines(bench, id), numbered(102, 301));
      assert.equal((await noteOf(bench, id))?.state, "2");
    },
  },
  {
    title: "a note survives a retry, a lapse, a hand-back, a park and the end, and every handle reads it",
    async check(bench) {
      const other = await bench.other();
      await bench.hire("doomed", 100);
      const { id } = await bench.put();
      const first = await bench.takeOne({ worker: "doomed" });
      await append(bench, first, HALF);
      bench.pass(200);
      const second = await bench.takeOne();
      assert.equal(second.lapses, 1);
      const name = bench.name("go");
      const endings = [
        { as: "ready", attempt: "spent", error: failure() },
        { as: "ready", attempt: "returned", begun: false },
        { as: "parked", waits: [{ name, key: "", after: 0 }] },
        { as: "failed", cause: "error", error: failure() },
      ] as const;
      let delivery = second;
      for (const [n, ending] of endings.entries()) {
        await other.journal.append([{ lease: delivery.lease, note: { log: [`life ${n}`] } }], bench.at);
        await bench.end(delivery, ending);
        for (const { jobs } of [bench.adapter, other]) {
          const [record] = await jobs.get([id], { ...bench.at, with: ["note"] });
          assert.deepEqual([record?.note?.state, record?.note?.log.length], [HALF.state, 3 + n], ending.as);
        }
        if (ending.as === "parked") await bench.adapter.events.emit([{ id: bench.name("went"), name, key: "" }], bench.at);
        if (ending.as === "failed") await bench.retry([id]);
        delivery = await bench.takeOne();
      }
      await bench.succeed(delivery);
      assert.deepEqual(await lines(bench, id), ["begun", "half of it", "life 0", "life 1", "life 2", "life 3"]);
    },
  },
  {
    title: "a new life has no note, also none that came with its ending",
    async check(bench) {
      const delivery = await lent(bench);
      const { id, queue } = delivery.job;
      await append(bench, delivery, HALF);
      assert.equal((await noteOf(bench, id))?.state, HALF.state);
      await bench.end(delivery, { as: "anew", payload: "2", note: { state: "over", log: ["over"] } });
      assert.equal(await noteOf(bench, id), undefined);
      await append(bench, await bench.takeOne({ from: [{ queue }] }), { log: ["new"] });
      assert.deepEqual(await noteOf(bench, id), { at: bench.now, log: [{ at: bench.now, line: "new" }] });
    },
  },
  {
    title: "no note outlives its job, however it is forgotten",
    async check(bench) {
      for (const [how, forget] of Object.entries(FORGOTTEN)) {
        const over: Partial<NewJob> = { keepResultMs: 0, keepFailedMs: 1_000 };
        const delivery = await lent(bench, over);
        const { id, task, queue } = delivery.job;
        await append(bench, delivery, HALF);
        assert.equal((await noteOf(bench, id))?.state, HALF.state);
        await forget(bench, delivery);
        assert.equal(await noteOf(bench, id), undefined, how);
        await bench.enqueue(bench.job({ id, task, queue, ...over }));
        assert.equal(await noteOf(bench, id), undefined, how);
        const heir = await bench.takeOne({ from: [{ queue }] });
        assert.equal(await noteOf(bench, id), undefined, how);
        await append(bench, heir, { log: ["new"] });
        assert.deepEqual(await noteOf(bench, id), { at: bench.now, log: [{ at: bench.now, line: "new" }] }, how);
      }
    },
  },
  {
    title: "a note is as long as it may be, and a longer one, or one that is not understood, refuses the whole call",
    async check(bench) {
      const delivery = await lent(bench);
      const { id } = delivery.job;
      const wrong: readonly unknown[] = [
        { state: "x".repeat(65_537) },
        { log: ["fine", "x".repeat(4_001)] },
        { state: "half \ud83d" },
        { log: ["zero \0"] },
        { state: 5 },
        { log: "line" },
        { log: [5] },
        { stat: "1" },
        "half",
        null,
      ];
      for (const note of wrong) {
        const along = { note, enqueue: [bench.job()] } as Along;
        await assert.rejects(bench.settle({ lease: delivery.lease, as: "succeeded", ...along }), /STEM_OPTION_(?:INVALID|UNKNOWN)/);
        await assert.rejects(bench.adapter.journal.append([{ lease: delivery.lease, ...along }], bench.at), /STEM_OPTION_/);
      }
      assert.equal(await noteOf(bench, id), undefined);
      assert.deepEqual(await bench.take(), []);
      const longest = { state: "ä".repeat(65_536), log: ["€".repeat(4_000)] };
      await bench.end(delivery, { as: "succeeded", note: longest });
      const note = await noteOf(bench, id);
      assert.deepEqual([note?.state, note?.log[0]?.line], [longest.state, longest.log[0]]);
    },
  },
  {
    title: "what is to be read with records is refused if it is not known",
    async check(bench) {
      const { id } = await bench.put();
      for (const extra of ["notes", 5, null])
        await assert.rejects(bench.adapter.jobs.get([id], { ...bench.at, with: [extra as "note"] }), /STEM_OPTION_INVALID/);
      await assert.rejects(bench.adapter.jobs.get([id], { ...bench.at, with: "note" as never }), /STEM_OPTION_INVALID/);
    },
  },
];
