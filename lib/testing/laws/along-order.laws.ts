import assert from "node:assert/strict";
import type { Delivery, Hint, Settled } from "../../contract/index.js";
import { asleep, event, lent, WAYS } from "./along.js";
import { failure, ids, one, sorted, type LawBench } from "./bench.js";
import { chain } from "./canvas.js";
import { hinted } from "./hinted.js";
import type { Law } from "./law.js";

/** Jobs of the bench's queue, taken by one worker. */
async function taken(bench: LawBench, count: number, worker: string): Promise<readonly Delivery[]> {
  await bench.enqueue(...bench.jobs(count));
  return bench.take({ worker, limit: count });
}

export const alongOrderLaws: readonly Law[] = [
  {
    title: "an event emitted with a park that waits for that very event wakes it, kept or not",
    async check(bench) {
      for (const keepMs of [undefined, 0]) {
        const own = event(bench, { key: `own ${keepMs}`, payload: '"me"', ...(keepMs !== undefined && { keepMs }) });
        const delivery = await lent(bench);
        const waits = [
          { name: bench.name("never"), key: "", after: 0 },
          { name: own.name, key: own.key, after: 0 },
        ];
        await bench.end(delivery, { as: "parked", waits, emit: [own] });
        const { wake, attempt } = await bench.takeOne({ from: [{ queue: delivery.job.queue }] });
        assert.ok(wake?.by === "event" && wake.key === own.key && wake.payload === '"me"');
        assert.equal(attempt, 1);
      }
    },
  },
  {
    title: "jobs enqueued along and jobs woken along are lent on the way out of the same settle",
    async check(bench) {
      const told = event(bench);
      const sleeper = await asleep(bench, told);
      const [fresh, delivery] = [bench.job(), await lent(bench)];
      const next = await bench.ask({ from: [{ queue: sleeper.job.queue }, { queue: fresh.queue }] });
      const settlement = { lease: delivery.lease, as: "failed", cause: "error", error: failure(), enqueue: [fresh], emit: [told] } as const;
      const { claimed } = await bench.adapter.broker.settle([settlement], next, bench.at);
      assert.deepEqual(ids(claimed!.deliveries), [sleeper.job.id, fresh.id]);
    },
  },
  {
    title: "a job enqueued along and cancelled along is cancelled, in whatever queue",
    async check(bench) {
      for (const [way, send] of Object.entries(WAYS)) {
        const delivery = await lent(bench);
        const jobs = [bench.job({ queue: delivery.job.queue }), bench.job({ queue: bench.name("elsewhere") })];
        const cancel = jobs.map(({ id }) => ({ id, reason: "no" }));
        const { ended = [] } = await send(bench, delivery, { enqueue: jobs, cancel });
        assert.deepEqual(sorted(ended.map(({ id }) => id)), sorted(jobs.map(({ id }) => id)), way);
        assert.deepEqual(await bench.states(...jobs), ["cancelled", "cancelled"], way);
      }
    },
  },
  {
    title: "links are followed after a cancel along: what waits for the settled job and is cancelled by name does not die of it",
    async check(bench) {
      const [first, second, third] = chain(bench, 3);
      await bench.enqueue(first!, second!, third!);
      const delivery = await bench.takeOne();
      const cancel = [{ id: second!.id, reason: "by name" }];
      const { ended = [] } = await bench.settle({ lease: delivery.lease, as: "failed", cause: "error", error: failure(), cancel });
      const record = await bench.known(second!.id);
      assert.deepEqual([record.state, record.error?.message, record.cause], ["cancelled", "by name", undefined]);
      assert.deepEqual(sorted(ended.map(({ id }) => id)), sorted([second!.id, third!.id]));
      assert.equal(await bench.state(third!.id), "cancelled");
    },
  },
  {
    title: "a job that cancels itself along is cancelled if its ending leaves it unfinished, and else stays as it ended",
    async check(bench) {
      const ends: Readonly<Record<string, string>> = { "a success": "succeeded", "a failure": "failed" };
      for (const [way, send] of Object.entries(WAYS)) {
        const delivery = await lent(bench);
        const { id } = delivery.job;
        const { ended = [], lost } = await send(bench, delivery, { cancel: [{ id, reason: "myself" }] });
        assert.deepEqual(lost, [], way);
        const { state, error } = await bench.known(id);
        const isOver = way in ends || way === "a cancel of its own";
        assert.equal(state, ends[way] ?? "cancelled", way);
        if (!isOver) assert.equal(error?.message, "myself", way);
        assert.deepEqual(
          ended.map((end) => end.id),
          isOver ? [] : [id],
          way,
        );
        assert.deepEqual((await bench.settle({ lease: delivery.lease, as: "succeeded" })).lost, [id], way);
      }
    },
  },
  {
    title: "who has a job that is cancelled along is told, as by a cancel",
    async check(bench) {
      for (const send of [WAYS["a success"]!, WAYS["a write to its journal"]!]) {
        const [delivery, victim] = [await lent(bench), await lent(bench)];
        const isTold = (hint: Hint): boolean => hint.kind === "cancelled" && hint.ids.includes(victim.job.id);
        const cancel = [{ id: victim.job.id, reason: "stop" }];
        await hinted(bench, bench.adapter, isTold, () => send(bench, delivery, { cancel }));
      }
    },
  },
  {
    title: "of two settlements that cancel each other's jobs just one counts, however sixty pairs race",
    async check(bench) {
      const other = await bench.other();
      const cancelling = ({ lease }: Delivery, { job }: Delivery) =>
        ({ lease, as: "succeeded", cancel: [{ id: job.id, reason: "you" }] }) as const;
      const [left, right] = [await taken(bench, 60, "ann"), await taken(bench, 60, "bob")];
      const calls = left.flatMap((mine, i) => {
        const yours = right[i]!;
        const here = (): Promise<Settled> => bench.adapter.broker.settle([cancelling(mine, yours)], undefined, bench.at);
        const there = (): Promise<Settled> => other.broker.settle([cancelling(yours, mine)], undefined, bench.at);
        return i % 2 === 0 ? [here(), there()] : [there(), here()];
      });
      const lost = (await Promise.all(calls)).flatMap((settled) => settled.lost);
      assert.equal(lost.length, 60, "of each pair one");
      for (const [i, { job }] of left.entries()) {
        const pair = [job.id, right[i]!.job.id];
        const states = await Promise.all(pair.map((id) => bench.state(id)));
        assert.deepEqual(sorted(states), ["cancelled", "succeeded"]);
        assert.equal(one(lost.filter((id) => pair.includes(id))), pair[states.indexOf("cancelled")]);
      }
    },
  },
  {
    title: "of two batches that cancel each other's jobs, in opposite orders, one job of each pair is left",
    async check(bench) {
      const other = await bench.other();
      const [left, right] = [await taken(bench, 60, "ann"), await taken(bench, 60, "bob")];
      const batch = (mine: readonly Delivery[], yours: readonly Delivery[]) =>
        mine.map(({ lease }, i) => ({ lease, as: "succeeded", cancel: [{ id: yours[i]!.job.id, reason: "you" }] }) as const);
      await Promise.all([
        bench.adapter.broker.settle(batch(left, right), undefined, bench.at),
        other.broker.settle(batch(right, left).toReversed(), undefined, bench.at),
      ]);
      for (const [i, { job }] of left.entries()) {
        const states = [await bench.state(job.id), await bench.state(right[i]!.job.id)];
        assert.deepEqual(sorted(states), ["cancelled", "succeeded"]);
      }
    },
  },
];
