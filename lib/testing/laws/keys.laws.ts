import assert from "node:assert/strict";
import type { Delivery, Ending } from "../../contract/index.js";
import { failure, ids, one, type LawBench } from "./bench.js";
import { isFree, isHeld, keyed, keyLaw, latest, metBy } from "./keyed.js";
import type { Law } from "./law.js";

const FINAL: Readonly<Record<string, Ending>> = {
  "a success": { as: "succeeded" },
  "a failure": { as: "failed", cause: "error", error: failure() },
  "a cancel of its own": { as: "cancelled", error: failure() },
};

/** Pairs of calls at once, from two connections. */
const PAIRS = 30;

/** For how long a job holds its unique key. */
export const keyLaws: readonly Law[] = [
  keyLaw("until started: the key is free once the job is lent, and a second job runs beside it", async (bench) => {
    const first = latest(bench, { payload: '"first"' });
    await bench.enqueue(first);
    await isHeld(bench, first);
    const delivery = await bench.takeOne();
    const second = latest(bench, { payload: '"second"' });
    assert.equal(await metBy(bench, second), undefined);
    await bench.end(delivery, { as: "ready", attempt: "spent", error: failure() });
    assert.deepEqual(
      (await bench.take()).map(({ job }) => [job.id, job.payload]),
      [
        [first.id, '"first"'],
        [second.id, '"second"'],
      ],
    );
  }),

  keyLaw("until started: a job that is tried again, handed back or lost by its worker has not its key back", async (bench) => {
    const back: ((delivery: Delivery) => Promise<unknown>)[] = [
      (delivery) => bench.end(delivery, { as: "ready", attempt: "spent", delayMs: 9 }),
      (delivery) => bench.end(delivery, { as: "ready", attempt: "returned", begun: false, delayMs: 9 }),
      (delivery) => bench.end(delivery, { as: "anew", payload: "{}" }),
      async () => {
        bench.pass(1_000);
        await bench.take({ worker: "bob", from: [{ queue: bench.name("nothing") }] });
      },
    ];
    for (const [n, give] of back.entries()) {
      const job = latest(bench, { queue: bench.name(`back${n}`) });
      await bench.enqueue(job);
      await bench.hire("ann", 1_000);
      await give(await bench.takeOne({ from: [{ queue: job.queue }] }));
      assert.equal(await bench.state(job.id), "ready", `${n}`);
      await isFree(bench, job, `${n}`);
    }
  }),

  keyLaw("until ended: the key is held while the job runs, waits for its retry, sleeps, parks and begins anew", async (bench) => {
    const job = keyed(bench);
    await bench.enqueue(job);
    const on: Ending[] = [
      { as: "ready", attempt: "spent", error: failure() },
      { as: "ready", attempt: "returned", ran: true },
      { as: "anew", payload: "{}" },
      { as: "parked", waits: [{ name: bench.name("paid"), key: "", after: 0 }], deadline: bench.now },
    ];
    for (const ending of on) {
      const delivery = await bench.takeOne();
      await isHeld(bench, job, "it runs");
      await bench.end(delivery, ending);
      await isHeld(bench, job, `it is ${ending.as}`);
    }
    await bench.succeed(await bench.takeOne());
    await isFree(bench, job);
  }),

  keyLaw("until ended: the key is held over lapses, up to the last", async (bench) => {
    const job = keyed(bench, {}, { maxLapses: 2 });
    await bench.enqueue(job);
    for (const state of ["ready", "failed"] as const) {
      await bench.hire("ann", 1_000);
      await bench.takeOne();
      bench.pass(1_000);
      await isHeld(bench, job, "it has not been taken back");
      await bench.take({ worker: "bob", from: [{ queue: bench.name("nothing") }] });
      assert.equal(await bench.state(job.id), state);
      if (state === "ready") await isHeld(bench, job, "it has been taken back");
    }
    await isFree(bench, job);
  }),

  keyLaw("every end frees the key, and so does forgetting the job", async (bench) => {
    for (const [way, ending] of Object.entries(FINAL))
      for (const keep of [{}, { keepResultMs: 0, keepFailedMs: 0 }]) {
        const job = keyed(bench, { key: way }, keep);
        await bench.enqueue(job);
        await bench.end(await bench.takeOne(), ending);
        await isFree(bench, job, way);
      }
    for (const until of ["started", "ended"] as const) {
      const [cancelled, removed, late] = [1, 2, 3].map((n) =>
        keyed(bench, { key: `${n}`, until }, { delayMs: 5, ...(n === 3 && { expiresInMs: 6 }) }),
      );
      await bench.enqueue(cancelled!, removed!, late!);
      await bench.cancel([cancelled!.id]);
      await bench.forget([removed!.id]);
      bench.pass(6);
      assert.deepEqual(await bench.take(), []);
      assert.equal(await bench.state(late!.id), "expired");
      for (const job of [cancelled!, removed!, late!]) await isFree(bench, job, `${until} ${job.unique!.key}`);
    }
  }),

  keyLaw("a job that has expired and that nobody has claimed since does not hold its key", async (bench) => {
    for (const whenHeld of ["keep", "replace"] as const) {
      const late = latest(bench, { queue: bench.name(whenHeld), expiresInMs: 10 }, { whenHeld });
      await bench.enqueue(late);
      bench.pass(9);
      await isHeld(bench, late);
      bench.pass(1);
      const next = { ...late, id: bench.name(`next ${whenHeld}`) };
      assert.equal(await metBy(bench, next), undefined);
      assert.deepEqual(ids(await bench.take({ from: [{ queue: late.queue }] })), [next.id]);
    }
  }),

  keyLaw("a pruned job holds no key, and one that was stored under its id without one takes none over", async (bench) => {
    const first = keyed(bench, {}, { keepResultMs: 10 });
    await bench.enqueue(first);
    await bench.succeed(await bench.takeOne());
    bench.pass(10);
    await bench.adapter.jobs.prune(1_000, bench.at);
    const { unique: _, ...plain } = first;
    assert.equal(await metBy(bench, plain), undefined);
    await isFree(bench, first);
    assert.equal(await bench.state(first.id), "ready");
  }),

  keyLaw("a retry takes the key again, or is answered held and changes nothing", async (bench) => {
    for (const until of ["started", "ended"] as const) {
      const dead = keyed(bench, { key: until, until });
      await bench.enqueue(dead);
      await bench.fail(await bench.takeOne());
      const next = keyed(bench, { key: until, until }, { delayMs: 1_000 });
      assert.equal(await metBy(bench, next), undefined);
      assert.deepEqual((await bench.change({ ids: [dead.id] }, { to: "ready", payload: '"no"' })).answers, [
        { id: dead.id, as: "held", was: "failed" },
      ]);
      assert.equal((await bench.known(dead.id)).payload, "{}");
      assert.deepEqual(
        (await bench.dead()).map(({ id }) => id),
        [dead.id],
      );
      await isHeld(bench, next);
      await bench.forget([next.id]);
      assert.deepEqual(await bench.retry([dead.id]), [dead.id], until);
      await isHeld(bench, dead, until);
      const delivery = await bench.takeOne();
      if (until === "started") await isFree(bench, dead);
      else await isHeld(bench, dead);
      await bench.succeed(delivery);
      await isFree(bench, dead);
    }
  }),

  keyLaw("a retried job that waits is replaced as any other, and of two retried of one key one is held", async (bench) => {
    const [first, second] = [latest(bench), latest(bench)];
    for (const job of [first, second]) {
      await bench.enqueue(job);
      await bench.fail(await bench.takeOne());
    }
    const { answers } = await bench.change({ ids: [first.id, second.id] }, { to: "ready" });
    assert.deepEqual(
      answers.map(({ as }) => as),
      ["changed", "held"],
    );
    assert.deepEqual(await metBy(bench, latest(bench, { payload: '"new"' })), { as: "replaced", existing: first.id });
    assert.equal((await bench.takeOne()).job.payload, '"new"');
  }),

  keyLaw("a retry of a job that holds its key for some time asks nobody", async (bench) => {
    const first = keyed(bench, { until: { ms: 10 } });
    await bench.enqueue(first);
    await bench.fail(await bench.takeOne());
    bench.pass(10);
    await bench.enqueue(keyed(bench, { until: "ended" }, { delayMs: 1_000 }));
    assert.deepEqual(await bench.retry([first.id]), [first.id]);
  }),

  keyLaw("a journal is not rewritten for a run that has ended while another job holds its key", async (bench) => {
    const run = keyed(bench);
    await bench.enqueue(run);
    const rewrite = () => bench.adapter.journal.rewrite(run.id, { keepTo: 0 }, bench.at);
    assert.equal(await rewrite(), true, "it holds the key itself");
    await isHeld(bench, run);
    await bench.fail(await bench.takeOne());
    const next = keyed(bench, {}, { delayMs: 1_000 });
    await bench.enqueue(next);
    assert.equal(await rewrite(), false);
    assert.equal(await bench.state(run.id), "failed");
    await bench.cancel([next.id]);
    assert.equal(await rewrite(), true);
    await isHeld(bench, run);
    const waits = latest(bench, {}, { key: "waits" });
    await bench.enqueue(waits);
    assert.equal(await bench.adapter.journal.rewrite(waits.id, { keepTo: 0 }, bench.at), true);
    await isHeld(bench, waits, "it has not been lent yet");
  }),

  keyLaw("a job that holds a key keeps it at another place of its queue, and does not move to another queue", async (bench) => {
    const job = latest(bench);
    await bench.enqueue(job);
    const move = async (to: { readonly priority?: number; readonly dueAt?: number; readonly queue?: string }) =>
      one((await bench.change({ ids: [job.id] }, { to: "moved", ...to })).answers).as;
    assert.equal(await move({ queue: bench.name("elsewhere"), priority: 2 }), "held");
    assert.deepEqual([(await bench.known(job.id)).queue, (await bench.known(job.id)).priority], [bench.queue, 0]);
    assert.equal(await move({ priority: 5, dueAt: bench.now + 1_000, queue: bench.queue }), "changed");
    await isHeld(bench, job);
    assert.deepEqual(await metBy(bench, latest(bench, { payload: '"new"' })), { as: "replaced", existing: job.id });
    const delivery = await bench.takeOne();
    assert.deepEqual([delivery.job.payload, delivery.job.priority], ['"new"', 5]);
  }),

  keyLaw("replace against a claim: what is lent is the old payload or the new one whole, and the new one runs", async (bench) => {
    const { other, ask } = await pair(bench);
    for (let n = 0; n < PAIRS; n++) {
      const first = latest(bench, { payload: "1", headers: { no: "1" } });
      const second = latest(bench, { payload: "2", headers: { no: "2" } });
      await bench.enqueue(first);
      const [{ met }, claimed] = await Promise.all([other.broker.enqueue([second], bench.at), bench.adapter.broker.claim(ask, bench.at)]);
      const lent = [...claimed.deliveries, ...(await bench.take())];
      for (const { job } of lent) assert.equal(job.headers?.no, job.payload);
      const replaced = met.length > 0;
      if (replaced) assert.deepEqual(met, [{ id: second.id, as: "replaced", existing: first.id }]);
      assert.deepEqual(
        lent.map(({ job }) => [job.id, job.payload]),
        replaced
          ? [[first.id, "2"]]
          : [
              [first.id, "1"],
              [second.id, "2"],
            ],
      );
      await bench.settle(...lent.map(({ lease }) => ({ lease, as: "succeeded" }) as const));
    }
  }),

  keyLaw("the end against an enqueue: the new job is kept or stored, never both and never neither", async (bench) => {
    const { other } = await pair(bench);
    for (let n = 0; n < PAIRS; n++) {
      const [first, second] = [keyed(bench), keyed(bench)];
      await bench.enqueue(first);
      const { lease } = await bench.takeOne();
      const [{ met }] = await Promise.all([other.broker.enqueue([second], bench.at), bench.settle({ lease, as: "succeeded" })]);
      const rest = await bench.take();
      assert.deepEqual(met, rest.length === 0 ? [{ id: second.id, as: "kept", existing: first.id }] : []);
      assert.deepEqual(ids(rest), met.length === 0 ? [second.id] : []);
      await bench.settle(...rest.map((delivery) => ({ lease: delivery.lease, as: "succeeded" }) as const));
      await isFree(bench, first);
    }
  }),

  keyLaw("a retry against an enqueue of the same key: one of them holds it afterwards", async (bench) => {
    const { other } = await pair(bench);
    for (let n = 0; n < PAIRS; n++) {
      const [first, second] = [keyed(bench), keyed(bench)];
      await bench.enqueue(first);
      await bench.fail(await bench.takeOne());
      const [{ met }, { answers }] = await Promise.all([
        other.broker.enqueue([second], bench.at),
        bench.change({ ids: [first.id] }, { to: "ready" }),
      ]);
      const retried = one(answers).as === "changed";
      assert.deepEqual([met.length, one(answers).as], retried ? [1, "changed"] : [0, "held"]);
      const delivery = await bench.takeOne();
      assert.equal(delivery.job.id, retried ? first.id : second.id);
      await bench.succeed(delivery);
    }
  }),
];

async function pair(bench: LawBench) {
  return { other: await bench.other(), ask: await bench.ask() };
}
