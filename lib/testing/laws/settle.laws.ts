import assert from "node:assert/strict";
import type { Lease } from "../../contract/index.js";
import { failure, ids, one, sorted } from "./bench.js";
import type { Law } from "./law.js";

export const settleLaws: readonly Law[] = [
  {
    title: "a success stores the result and ends the job in one step",
    async check(bench) {
      const job = await bench.put();
      const start = bench.now;
      const delivery = await bench.takeOne();
      bench.pass(40);
      await bench.succeed(delivery, '"hi"');
      const record = await bench.known(job.id);
      assert.equal(record.state, "succeeded");
      assert.equal(record.result, '"hi"');
      assert.equal(record.attempts, 1);
      assert.equal(record.startedAt, start);
      assert.equal(record.endedAt, bench.now);
      assert.ok(!("worker" in record), "nobody holds it any more");
      assert.ok(!("cause" in record), "only a failed job has a cause");
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "a job that returned nothing has ended, and has no result",
    async check(bench) {
      const job = await bench.put();
      await bench.succeed(await bench.takeOne());
      const record = await bench.known(job.id);
      assert.equal(record.state, "succeeded");
      assert.ok(!("result" in record));
    },
  },
  {
    title: "a failure makes a dead letter with its cause and error",
    async check(bench) {
      const error = { name: "RangeError", message: "no such place", code: "E_PLACE", stack: "at here", attempt: 1 };
      for (const cause of ["error", "rejected"] as const) {
        const job = await bench.put();
        await bench.end(await bench.takeOne(), { as: "failed", cause, error });
        const record = await bench.known(job.id);
        assert.equal(record.state, "failed");
        assert.equal(record.cause, cause);
        assert.deepEqual(record.error, error);
        assert.equal(record.endedAt, bench.now);
      }
    },
  },
  {
    title: "a retry spends the attempt, says why, and comes after its delay",
    async check(bench) {
      const job = await bench.put();
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "spent", delayMs: 300, error: failure("busy") });
      const record = await bench.known(job.id);
      assert.equal(record.state, "ready");
      assert.equal(record.attempts, 1);
      assert.equal(record.dueAt, bench.now + 300);
      assert.equal(record.error?.message, "busy");
      bench.pass(299);
      assert.deepEqual(await bench.take(), []);
      bench.pass(1);
      const again = await bench.takeOne();
      assert.equal(again.job.id, job.id);
      assert.equal(again.attempt, 2);
      assert.equal(again.job.dueAt, bench.now);
    },
  },
  {
    title: "a hand-back by one that could not run the job keeps its place in line and what is said about it",
    async check(bench) {
      const job = await bench.put();
      bench.pass(10);
      const later = await bench.put();
      bench.pass(10);
      const first = await bench.takeOne({ limit: 1 });
      assert.equal(first.job.id, job.id);
      const handedBack = { first: bench.now, seen: bench.now, dueAt: first.job.dueAt, by: ["0a1b2c3d", "é"] };
      const error = { name: "UnknownTaskError", message: "not known here", code: "STEM_UNKNOWN_TASK", handedBack };
      await bench.end(first, { as: "ready", attempt: "returned", dueAt: first.job.dueAt, error });
      assert.deepEqual((await bench.known(job.id)).error, error);
      const [again, next] = await bench.take();
      assert.deepEqual([again?.job.id, next?.job.id], [job.id, later.id]);
      assert.equal(again?.attempt, 1);
      assert.equal(again?.job.dueAt, first.job.dueAt);
      assert.deepEqual((await bench.known(job.id)).error, error, "while it is lent again, too");
    },
  },
  {
    title: "a snooze gives the attempt back and comes at its time",
    async check(bench) {
      const job = await bench.put();
      const dueAt = bench.now + 5_000;
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "returned", dueAt });
      assert.equal((await bench.known(job.id)).attempts, 0);
      assert.equal((await bench.claim()).nextDueAt, dueAt);
      bench.pass(5_000);
      assert.equal((await bench.takeOne()).attempt, 1);
    },
  },
  {
    title: "a release without a delay is due at once, for anybody",
    async check(bench) {
      const job = await bench.put({ delayMs: 10 });
      bench.pass(10);
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "returned" });
      const again = await bench.takeOne({ worker: "bob" });
      assert.equal(again.job.id, job.id);
      assert.equal(again.attempt, 1);
    },
  },
  {
    title: "a handler may cancel its own job",
    async check(bench) {
      const job = await bench.put();
      await bench.end(await bench.takeOne(), { as: "cancelled", error: failure("not wanted") });
      const record = await bench.known(job.id);
      assert.equal(record.state, "cancelled");
      assert.equal(record.error?.message, "not wanted");
      assert.ok(!("cause" in record));
    },
  },
  {
    title: "the fence grows at every delivery, whatever ended the last one",
    async check(bench) {
      await bench.put();
      const leases: Lease[] = [];
      const again = { as: "ready", attempt: "spent" } as const;
      for (const ending of [again, { as: "ready", attempt: "returned" } as const, again]) {
        const delivery = await bench.takeOne();
        leases.push(delivery.lease);
        await bench.end(delivery, ending);
      }
      leases.push((await bench.takeOne()).lease);
      for (const [i, lease] of leases.entries()) {
        assert.equal(lease.job, leases[0]!.job, "it is the same job");
        if (i > 0) assert.ok(lease.fence > leases[i - 1]!.fence, "its fence has grown");
      }
    },
  },
  {
    title: "a settlement whose lease is stale writes nothing at all",
    async check(bench) {
      const job = await bench.put();
      const delivery = await bench.takeOne();
      await bench.cancel([job.id], "revoked");
      const before = await bench.known(job.id);
      bench.pass(10);
      const [follow, journal] = [bench.job(), [{ seq: 1, key: "step", kind: "step", state: "done" as const }]];
      const { lost } = await bench.settle({ lease: delivery.lease, journal, as: "succeeded", result: "1", enqueue: [follow] });
      assert.deepEqual(lost, [job.id]);
      assert.deepEqual(await bench.known(job.id), before);
      assert.equal(await bench.record(follow.id), undefined);
      assert.deepEqual(await bench.adapter.journal.read([{ id: job.id }], bench.at), [[]]);
    },
  },
  {
    title: "a lease that was made up is lost, also with the fence of a job never lent",
    async check(bench) {
      const job = await bench.put();
      const [ready, unknown] = [
        { jobId: job.id, fence: 0, job: 1 },
        { jobId: bench.name("nobody"), fence: 1, job: 1 },
      ];
      const { lost } = await bench.settle({ lease: ready, as: "succeeded" }, { lease: unknown, as: "succeeded" });
      assert.deepEqual(sorted(lost), sorted([ready.jobId, unknown.jobId]));
      assert.equal(await bench.state(job.id), "ready");
    },
  },
  {
    title: "of the same lease twice in one settle the first counts and the second is lost",
    async check(bench) {
      const job = await bench.put();
      const { lease } = await bench.takeOne();
      const { lost } = await bench.settle(
        { lease, as: "succeeded", result: '"first"' },
        { lease, as: "failed", cause: "error", error: failure() },
      );
      assert.deepEqual(lost, [job.id]);
      const record = await bench.known(job.id);
      assert.deepEqual([record.state, record.result], ["succeeded", '"first"']);
    },
  },
  {
    title: "a stale settlement in a batch does not hold up the good ones",
    async check(bench) {
      await bench.enqueue(...bench.jobs(3));
      const [a, b, c] = await bench.take();
      await bench.cancel([b!.job.id], "revoked");
      const { lost } = await bench.settle(
        { lease: a!.lease, as: "succeeded" },
        { lease: b!.lease, as: "succeeded" },
        { lease: c!.lease, as: "failed", cause: "error", error: failure() },
      );
      assert.deepEqual(lost, [b!.job.id]);
      assert.deepEqual(await bench.states(a!.job, b!.job, c!.job), ["succeeded", "cancelled", "failed"]);
    },
  },
  {
    title: "settling lends the next jobs on the way out, also what it has just made due",
    async check(bench) {
      const [held, waiting] = [await bench.put(), await bench.put()];
      const delivery = await bench.takeOne({ limit: 1 });
      const settled = await bench.adapter.broker.settle(
        [{ lease: delivery.lease, as: "ready", attempt: "spent" }],
        await bench.ask({ limit: 5 }),
        bench.at,
      );
      assert.deepEqual(sorted(ids(settled.claimed?.deliveries ?? [])), sorted([held.id, waiting.id]));
      assert.equal(settled.claimed?.now, bench.now);
      assert.equal(settled.claimed.lapsed, false);
    },
  },
  {
    title: "settling without next lends nothing",
    async check(bench) {
      await bench.enqueue(...bench.jobs(2));
      const [first] = await bench.take({ limit: 1 });
      const settled = await bench.settle({ lease: first!.lease, as: "succeeded" });
      assert.ok(!("claimed" in settled));
      one(await bench.take());
      assert.deepEqual(await bench.settle(), { lost: [] }, "nor does settling nothing");
    },
  },
  {
    title: "jobs enqueued by a success are stored in the same step, known ids are skipped",
    async check(bench) {
      const known = await bench.put({ delayMs: 500, payload: "known" });
      const parent = await bench.put();
      const body = bench.job({ waitsFor: 1 });
      const first = bench.job({ links: [{ to: body.id, position: 0 }] });
      await bench.end(await bench.takeOne(), { as: "succeeded", enqueue: [first, body, { ...known, payload: "again" }] });
      assert.deepEqual(await bench.states(parent, first, body, known), ["succeeded", "ready", "blocked", "ready"]);
      assert.equal((await bench.known(known.id)).payload, "known");
    },
  },
  {
    title: "a bad job enqueued by a settlement refuses the whole settle before anything is written",
    async check(bench) {
      await bench.enqueue(...bench.jobs(2));
      const [a, b] = await bench.take();
      const refused = bench.settle(
        { lease: a!.lease, as: "succeeded" },
        { lease: b!.lease, as: "succeeded", enqueue: [bench.job({ priority: 99 })] },
      );
      await assert.rejects(refused, { code: "STEM_JOB_INVALID" });
      assert.deepEqual(await bench.states(a!.job, b!.job), ["active", "active"]);
    },
  },
  {
    title: "many settles at once end every job once",
    async check(bench) {
      const other = await bench.other();
      await bench.enqueue(...bench.jobs(50));
      const deliveries = await bench.take({ limit: 50 });
      const rounds = await Promise.all(
        [...deliveries, ...deliveries].map((delivery, i) =>
          (i % 2 === 0 ? bench.adapter : other).broker.settle(
            [{ lease: delivery.lease, as: "succeeded", result: String(i) }],
            undefined,
            bench.at,
          ),
        ),
      );
      assert.deepEqual(sorted(rounds.flatMap(({ lost }) => lost)), sorted(ids(deliveries)), "one of the two settles of each job is lost");
      assert.equal((await bench.adapter.jobs.count({ queue: bench.queue }, bench.at)).succeeded, 50);
    },
  },
  {
    title: "half a character in a text, such as the end of a message that was cut in an emoji, stops neither its job nor others",
    async check(bench) {
      const half = `cut in the middle of a ${"🐛".slice(0, 1)}`;
      const [odd, other] = bench.jobs(2);
      const heir = bench.job({ waitsFor: 1 });
      await bench.enqueue({ ...odd!, links: [{ to: heir.id, position: 0, onFailure: "continue" }] }, other!, heir);
      const lent = await bench.take();
      assert.deepEqual(sorted(ids(lent)), sorted([odd!.id, other!.id]));
      for (const delivery of lent)
        if (delivery.job.id === other!.id) await bench.succeed(delivery);
        else await bench.end(delivery, { as: "ready", attempt: "spent", error: failure(half) });
      await bench.fail(await bench.takeOne(), half);
      assert.match((await bench.known(odd!.id)).error!.message, /^cut in the middle/);
      await bench.succeed(await bench.takeOne());
      assert.deepEqual(await bench.retry([odd!.id]), [odd!.id]);
      await bench.succeed(await bench.takeOne());
      assert.deepEqual(await bench.states(odd!, other!, heir), ["succeeded", "succeeded", "succeeded"]);
    },
  },
];
