import assert from "node:assert/strict";
import { idsMet } from "../../contract/index.js";
import type { Hint, NewEvent, NewJob } from "../../contract/index.js";
import { ids, type LawBench } from "./bench.js";
import { chord } from "./canvas.js";
import { latest } from "./keyed.js";
import { workIn, hinted } from "./hinted.js";
import type { Law } from "./law.js";
import type { LawTransaction } from "./subject.js";

/**
 * A law for adapters that take part in the caller's transactions.
 * That the others refuse them is a separate law.
 */
function law(title: string, check: (bench: LawBench) => Promise<void>): Law {
  return { title, check: async (bench) => (bench.adapter.capabilities.transactions ? check(bench) : undefined) };
}

const store = (bench: LawBench, { handle }: LawTransaction, ...jobs: NewJob[]) =>
  bench.adapter.broker.enqueue(jobs, { ...bench.at, transaction: handle });

const emit = (bench: LawBench, { handle }: LawTransaction, event: NewEvent) =>
  bench.adapter.events.emit([event], { ...bench.at, transaction: handle });

/*
 * While a transaction is open these laws only read through the adapter: on a store with one writer at a time
 * all other writes wait for its end.
 */
export const transactionLaws: readonly Law[] = [
  law("what is enqueued in a transaction is stored at its commit, as it was given", async (bench) => {
    const jobs = [bench.job({ payload: '"a"' }), bench.job({ delayMs: 1_000, headers: { trace: "1" } }), bench.job({ priority: 9 })];
    const transaction = await bench.transaction();
    assert.deepEqual(idsMet(await store(bench, transaction, ...jobs)), []);
    await transaction.commit();
    assert.deepEqual(await bench.states(...jobs), ["ready", "ready", "ready"]);
    const [a, delayed, urgent] = jobs as [NewJob, NewJob, NewJob];
    const claimed = await bench.claim();
    assert.deepEqual(ids(claimed.deliveries), [urgent.id, a.id]);
    assert.equal(claimed.nextDueAt, bench.now + 1_000);
    assert.equal(claimed.deliveries[1]!.job.payload, '"a"');
    bench.pass(1_000);
    assert.deepEqual((await bench.takeOne()).job.headers, { trace: "1" });
    assert.equal(await bench.state(delayed.id), "active");
  }),

  law("what is enqueued in a transaction that is rolled back was never stored", async (bench) => {
    const [a, b] = bench.jobs(2, { queue: bench.name("new") }) as [NewJob, NewJob];
    const transaction = await bench.transaction();
    await store(bench, transaction, a, b);
    await transaction.rollback();
    assert.equal(await bench.record(a.id), undefined);
    assert.deepEqual(await bench.queues(), []);
    // The id is free, and nothing is remembered of the queue that was first used in the transaction.
    await bench.put();
    assert.deepEqual(idsMet(await bench.enqueue(a)), []);
    const again = await bench.transaction();
    assert.deepEqual(idsMet(await store(bench, again, b)), []);
    await again.commit();
    assert.deepEqual(ids(await bench.take({ from: [{ queue: a.queue }] })), [a.id, b.id]);
  }),

  law("what is enqueued in a transaction is lent to nobody before its commit", async (bench) => {
    await bench.hire("ann");
    await bench.hire("bob");
    const other = await bench.other();
    const job = bench.job();
    const transaction = await bench.transaction();
    await store(bench, transaction, job);
    assert.deepEqual(await bench.take(), []);
    const asked = await bench.ask({ worker: "bob" });
    assert.deepEqual((await other.broker.claim(asked, bench.at)).deliveries, []);
    assert.equal(await bench.record(job.id), undefined);
    await transaction.commit();
    assert.equal((await bench.takeOne()).job.id, job.id);
  }),

  law("a known id in a transaction is reported, whether it was stored before or in the same transaction", async (bench) => {
    const known = await bench.put({ payload: "1" });
    const [a, b] = bench.jobs(2) as [NewJob, NewJob];
    const transaction = await bench.transaction();
    assert.deepEqual(idsMet(await store(bench, transaction, { ...known, payload: "2" }, a)), [known.id]);
    assert.deepEqual(idsMet(await store(bench, transaction, a, b)), [a.id]);
    await transaction.commit();
    assert.deepEqual(await bench.states(known, a, b), ["ready", "ready", "ready"]);
    assert.equal((await bench.known(known.id)).payload, "1");
    assert.deepEqual(await bench.drain(), [known.id, a.id, b.id]);
  }),

  law("all the calls of one transaction stand or fall together", async (bench) => {
    const jobs = bench.jobs(3);
    const event = { id: bench.name("e"), name: bench.name("paid"), key: "1" };
    const attempt = async (): Promise<LawTransaction> => {
      const transaction = await bench.transaction();
      await store(bench, transaction, jobs[0]!);
      await emit(bench, transaction, event);
      await store(bench, transaction, jobs[1]!, jobs[2]!);
      return transaction;
    };
    await (await attempt()).rollback();
    for (const job of jobs) assert.equal(await bench.record(job.id), undefined);
    assert.deepEqual(await bench.adapter.events.list({ name: event.name }, bench.at), []);
    await (await attempt()).commit();
    assert.deepEqual(await bench.states(...jobs), ["ready", "ready", "ready"]);
    assert.equal((await bench.adapter.events.list({ name: event.name }, bench.at)).length, 1);
  }),

  law("a batch that is refused in a transaction leaves nothing there, and the transaction goes on", async (bench) => {
    const [good, later] = bench.jobs(2) as [NewJob, NewJob];
    const transaction = await bench.transaction();
    await assert.rejects(store(bench, transaction, good, bench.job({ priority: 10 })), { code: "STEM_JOB_INVALID" });
    await store(bench, transaction, later);
    await transaction.commit();
    assert.equal(await bench.record(good.id), undefined);
    assert.equal(await bench.state(later.id), "ready");
  }),

  law("a commit hints at the work it brings, and nothing does before", async (bench) => {
    const listeners = [bench.adapter, ...(bench.adapter.capabilities.shared ? [await bench.other()] : [])];
    for (const [n, listener] of listeners.entries()) {
      const queue = bench.name(`q${n}`);
      const early: Hint[] = [];
      const names = (hint: Hint): boolean => hint.kind === "work" && hint.queues?.includes(queue) === true;
      const transaction = await bench.transaction();
      const stop = listener.hints.subscribe((hint) => names(hint) && early.push(hint));
      await store(bench, transaction, bench.job({ queue }));
      // Round trips, so that a hint that was sent too soon would have arrived.
      for (let i = 0; i < 3; i++) await listener.ping();
      stop();
      assert.deepEqual(early, [], "a hint came before the commit");
      await hinted(bench, listener, workIn(queue), () => transaction.commit());
    }
  }),

  law("a canvas that is enqueued in a transaction is stored whole at its commit, and gone at a rollback", async (bench) => {
    const { members, body } = chord(bench, 3);
    const given = await bench.transaction();
    await store(bench, given, ...members, body);
    await given.rollback();
    assert.equal(await bench.record(body.id), undefined);
    const again = await bench.transaction();
    await store(bench, again, ...members, body);
    await again.commit();
    assert.deepEqual(await bench.states(...members, body), ["ready", "ready", "ready", "blocked"]);
    const inputs: unknown[] = [];
    const order = await bench.drain(({ job, inputs: given }) => {
      if (job.id === body.id)
        inputs.push(...(given ?? []).map((input) => [input.jobId, input.state === "succeeded" ? input.result : input.state]));
      return { as: "succeeded", result: `"${job.id}"` };
    });
    assert.deepEqual(
      order,
      [...members, body].map(({ id }) => id),
    );
    assert.deepEqual(
      inputs,
      members.map(({ id }) => [id, `"${id}"`]),
    );
  }),

  law("an event that is emitted in a transaction wakes whom it concerns at its commit, and nobody at a rollback", async (bench) => {
    const job = await bench.put();
    const event = { id: bench.name("e"), name: bench.name("paid"), key: job.id, payload: "7" };
    await bench.end(await bench.takeOne(), { as: "parked", waits: [{ name: event.name, key: job.id, after: 0 }] });
    const undone = await bench.transaction();
    assert.deepEqual((await emit(bench, undone, event)).duplicates, []);
    assert.equal(await bench.state(job.id), "parked");
    await undone.rollback();
    assert.equal(await bench.state(job.id), "parked");
    const transaction = await bench.transaction();
    assert.deepEqual((await emit(bench, transaction, event)).duplicates, []);
    assert.deepEqual((await emit(bench, transaction, event)).duplicates, [event.id]);
    await transaction.commit();
    assert.equal(await bench.state(job.id), "ready");
    const { wake } = await bench.takeOne();
    assert.deepEqual({ by: wake?.by, payload: wake?.by === "event" ? wake.payload : undefined }, { by: "event", payload: "7" });
  }),

  law("a transaction that is rolled back gives a unique key back, and what it replaced is as it was", async (bench) => {
    if (!bench.adapter.honours.has("key")) return;
    const [first, second, third] = ["1", "2", "3"].map((payload) => latest(bench, { payload })) as [NewJob, NewJob, NewJob];
    const within = async (job: NewJob, end: "commit" | "rollback") => {
      const transaction = await bench.transaction();
      await store(bench, transaction, job);
      await transaction[end]();
    };
    await within(first, "rollback");
    await within(second, "commit");
    await within(third, "rollback");
    assert.equal((await bench.known(second.id)).payload, "2");
    await within(third, "commit");
    assert.deepEqual(
      (await bench.take()).map(({ job }) => [job.id, job.payload]),
      [[second.id, "3"]],
    );
  }),

  law("what is no open transaction on this store is refused with a TypeError, and nothing is stored", async (bench) => {
    const job = bench.job();
    const event = { id: bench.name("e"), name: bench.name("paid"), key: "" };
    const finished = await bench.transaction();
    await finished.rollback();
    const outside = finished.outside === undefined ? [] : [finished.outside];
    for (const handle of [{}, null, 42, "begin", () => {}, ...outside]) {
      await assert.rejects(bench.adapter.broker.enqueue([job], { ...bench.at, transaction: handle }), TypeError);
      await assert.rejects(bench.adapter.events.emit([event], { ...bench.at, transaction: handle }), TypeError);
    }
    assert.equal(await bench.record(job.id), undefined);
    assert.deepEqual(await bench.adapter.events.list({ name: event.name }, bench.at), []);
  }),
];
