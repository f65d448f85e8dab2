import assert from "node:assert/strict";
import { ids, one } from "./bench.js";
import { idsMet } from "../../contract/index.js";
import type { Law } from "./law.js";

export const cancelLaws: readonly Law[] = [
  {
    title: "a job is cancelled at once in every unfinished state, and says in which",
    async check(bench) {
      const parked = await bench.put();
      await bench.end(await bench.takeOne(), { as: "parked", waits: [{ name: bench.name("paid"), key: "", after: 0 }] });
      const active = await bench.put();
      await bench.takeOne();
      const [blocked, ready, delayed] = [bench.job({ waitsFor: 1 }), bench.job(), await bench.put({ delayMs: 9_000 })];
      await bench.enqueue({ ...ready, links: [{ to: blocked.id, position: 0 }] }, blocked);
      bench.pass(5);
      const all = { blocked, parked, active, ready, delayed };
      const answers = await bench.cancel(
        Object.values(all).map(({ id }) => id),
        "not wanted",
      );
      assert.equal(answers.length, 5);
      for (const [state, job] of Object.entries(all)) {
        const { id, as, was } = one(answers.filter((answer) => answer.id === job.id));
        assert.deepEqual({ id, as, was }, { id: job.id, as: "changed", was: state === "delayed" ? "ready" : state });
        const record = await bench.known(job.id);
        assert.equal(record.state, "cancelled", state);
        assert.equal(record.endedAt, bench.now, state);
        assert.match(record.error?.message ?? "", /not wanted/, state);
        assert.ok(!("cause" in record), "ended on its own account");
        assert.ok(!("worker" in record), state);
      }
      bench.pass(10_000);
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "cancelling an ended job leaves it as it is",
    async check(bench) {
      const [good, bad] = [await bench.put(), await bench.put()];
      const [first, second] = await bench.take();
      await bench.succeed(first!, "1");
      await bench.fail(second!);
      const before = await Promise.all([bench.known(good.id), bench.known(bad.id)]);
      bench.pass(5);
      const answers = await bench.cancel([good.id, bad.id], "too late");
      assert.deepEqual(one(answers.filter(({ id }) => id === good.id)), { id: good.id, as: "ended", was: "succeeded" });
      assert.deepEqual(one(answers.filter(({ id }) => id === bad.id)), { id: bad.id, as: "ended", was: "failed" });
      assert.deepEqual(await Promise.all([bench.known(good.id), bench.known(bad.id)]), before);
    },
  },
  {
    title: "cancelling an unknown id says so and does nothing",
    async check(bench) {
      const id = bench.name("nobody");
      const answer = one(await bench.cancel([id], "why not"));
      assert.deepEqual([answer.id, answer.as], [id, "unknown"]);
      assert.equal(await bench.record(id), undefined);
      assert.deepEqual(idsMet(await bench.enqueue(bench.job({ id }))), []);
    },
  },
  {
    title: "the worker of a cancelled job is refused, and told at its next renewal",
    async check(bench) {
      const [job, kept] = [await bench.put(), await bench.put()];
      const [mine, fine] = await bench.take();
      assert.deepEqual(ids([mine!, fine!]), [job.id, kept.id]);
      await bench.cancel([job.id], "stop");
      const beat = await bench.adapter.workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, [mine!.lease, fine!.lease], bench.at);
      assert.deepEqual(beat.lost, [job.id]);
      assert.deepEqual((await bench.settle({ lease: mine!.lease, as: "succeeded", result: "1" })).lost, [job.id]);
      const entry = { seq: 1, key: "step", kind: "step", state: "done" } as const;
      assert.deepEqual((await bench.adapter.journal.append([{ lease: mine!.lease, journal: [entry] }], bench.at)).lost, [job.id]);
      assert.equal(await bench.state(job.id), "cancelled");
    },
  },
  {
    title: "whoever waits for a cancelled job is cancelled with it, down the line",
    async check(bench) {
      const [a, b, c] = [bench.job(), bench.job({ waitsFor: 1 }), bench.job({ waitsFor: 1 })];
      await bench.enqueue({ ...a, links: [{ to: b.id, position: 0 }] }, { ...b, links: [{ to: c.id, position: 0 }] }, c);
      await bench.cancel([a.id], "stop");
      assert.deepEqual(await bench.states(a, b, c), ["cancelled", "cancelled", "cancelled"]);
      const [first, second, third] = [await bench.known(a.id), await bench.known(b.id), await bench.known(c.id)];
      assert.ok(!("cause" in first));
      assert.deepEqual([second.cause, third.cause], ["input", "input"]);
      assert.ok(second.error?.message.includes(a.id), "the error names the input");
      assert.ok(third.error?.message.includes(b.id), "the error names the input");
    },
  },
  {
    title: "a cancel against a settle leaves one of the two ends, never a mixture",
    async check(bench) {
      const other = await bench.other();
      await bench.enqueue(...bench.jobs(40));
      const deliveries = await bench.take({ limit: 40 });
      await Promise.all(
        deliveries.map(async ({ job, lease }, i) => {
          const settle = () => bench.adapter.broker.settle([{ lease, as: "succeeded", result: "1" }], undefined, bench.at);
          const cancel = () => other.jobs.change({ ids: [job.id] }, { to: "cancelled", reason: "stop" }, bench.at);
          const early = i % 2 === 0 ? settle() : undefined;
          const [cancelled, settled] = await Promise.all([cancel(), early ?? settle()]);
          const record = await bench.known(job.id);
          assert.equal(record.state, settled.lost.length === 0 ? "succeeded" : "cancelled");
          assert.equal(one(cancelled.answers).as, settled.lost.length === 0 ? "ended" : "changed");
          assert.equal("result" in record, record.state === "succeeded");
        }),
      );
    },
  },
];
