import assert from "node:assert/strict";
import type { CountFilter, JobFilter } from "../../contract/index.js";
import { ids } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

async function listed(bench: LawBench, filter: JobFilter): Promise<readonly string[]> {
  return (await bench.adapter.jobs.list({ queue: bench.queue, ...filter }, bench.at)).items.map(({ id }) => id);
}

async function counted(bench: LawBench, filter: CountFilter): Promise<object> {
  const { ready, delayed, succeeded } = await bench.adapter.jobs.count(filter, bench.at);
  const info = (await bench.queues()).find(({ queue }) => queue === bench.queue);
  assert.deepEqual([info?.ready ?? 0, info?.delayed ?? 0], [ready - delayed, delayed]);
  return { ready, delayed, succeeded };
}

/** The difference between a job that waits for its time and one that waits for a worker. */
export const delayedLaws: readonly Law[] = [
  {
    title: "a ready job that is due later is told from one that is due, in records, lists and counts, until its time comes",
    async check(bench) {
      const retried = await bench.put();
      const [tried] = await bench.take();
      await bench.end(tried!, { as: "ready", attempt: "spent", delayMs: 3_000 });
      const done = await bench.put();
      await bench.succeed((await bench.take())[0]!);
      const later = await bench.put({ delayMs: 1_000 });
      const fixed = await bench.put({ dueAt: bench.now + 2_000, group: bench.name("group") });
      const due = await bench.put({ dueAt: bench.now - 2_000 });
      const blocked = bench.job({ waitsFor: 1, delayMs: 5_000 });
      const input = bench.job({ links: [{ to: blocked.id, position: 0 }] });
      await bench.enqueue(input, blocked);

      const delayed = async (): Promise<readonly string[]> => {
        const jobs = [retried, done, later, fixed, due, input, blocked];
        const records = await bench.adapter.jobs.get(
          jobs.map(({ id }) => id),
          bench.at,
        );
        const alike = (await bench.adapter.jobs.list({ queue: bench.queue }, bench.at)).items;
        for (const record of alike) assert.deepEqual(record, records[jobs.findIndex(({ id }) => id === record.id)]);
        for (const record of records) assert.ok(record!.delayed === undefined || record!.state === "ready");
        return records.filter((record) => record!.delayed).map((record) => record!.id);
      };
      assert.deepEqual(await delayed(), [retried.id, later.id, fixed.id]);
      assert.deepEqual(await listed(bench, { delayed: true }), [fixed.id, later.id, retried.id]);
      assert.deepEqual(await listed(bench, { state: "ready", delayed: true, limit: 2 }), [fixed.id, later.id]);
      assert.deepEqual(await listed(bench, { delayed: true, cursor: fixed.id }), [later.id, retried.id]);
      assert.deepEqual(await listed(bench, { state: "ready", delayed: false }), [input.id, due.id]);
      assert.deepEqual(await listed(bench, { delayed: false }), [blocked.id, input.id, due.id, done.id]);
      assert.deepEqual(await listed(bench, { state: "succeeded", delayed: true }), []);
      const all = { ready: 5, delayed: 3, succeeded: 1 };
      for (const filter of [{}, { queue: bench.queue }, { task: due.task }]) assert.deepEqual(await counted(bench, filter), all);
      const { ready, delayed: inGroup } = await bench.adapter.jobs.count({ group: bench.name("group") }, bench.at);
      assert.deepEqual([ready, inGroup], [1, 1]);

      bench.pass(2_000);
      assert.deepEqual(await delayed(), [retried.id], "nobody has claimed since");
      assert.deepEqual(await listed(bench, { delayed: true }), [retried.id]);
      assert.deepEqual(await listed(bench, { state: "ready", delayed: false }), [input.id, due.id, fixed.id, later.id]);
      for (const filter of [{}, { queue: bench.queue }, { task: due.task }])
        assert.deepEqual(await counted(bench, filter), { ...all, delayed: 1 });
      bench.pass(1_000);
      assert.deepEqual(await delayed(), []);
      assert.deepEqual(ids(await bench.take()).length, 5);
    },
  },
];
