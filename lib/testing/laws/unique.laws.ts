import assert from "node:assert/strict";
import type { NewJob, Unique } from "../../contract/index.js";
import { WAYS, lent } from "./along.js";
import { ids, one, sorted } from "./bench.js";
import { isFree, isHeld, keyed, keyLaw, latest, metBy } from "./keyed.js";
import type { Law } from "./law.js";

const UNTIL: readonly Unique["until"][] = ["started", "ended", { ms: 60_000 }];

/** What no key may ask for. */
const WRONG: readonly Partial<Record<keyof Unique, unknown>>[] = [
  { key: "" },
  { key: "k".repeat(201) },
  { key: "a\0b" },
  { key: 7 },
  { until: "later" },
  { until: { ms: 0 } },
  { until: { ms: 1.5 } },
  { until: undefined },
  { whenHeld: "drop" },
  { whenHeld: "replace" },
  { whenHeld: "postpone" },
  { until: { ms: 5 }, whenHeld: "replace" },
  { maxWaitMs: 5 },
  { until: "started", whenHeld: "postpone", maxWaitMs: -1 },
];

/** What a new job meets whose unique key is held. */
export const uniqueLaws: readonly Law[] = [
  keyLaw("of sixty jobs of one key that are enqueued at once one is stored, and the others are told its id", async (bench) => {
    const brokers = [bench.adapter.broker, (await bench.other()).broker];
    for (const whenHeld of ["keep", "replace", "postpone"] as const) {
      const jobs = Array.from({ length: 60 }, () => latest(bench, { queue: bench.name(whenHeld) }, { whenHeld }));
      const answers = await Promise.all(jobs.map((job, i) => brokers[i % 2]!.enqueue([job], bench.at)));
      const stored = one(jobs.filter((_, i) => answers[i]!.met.length === 0));
      const as = { keep: "kept", replace: "replaced", postpone: "postponed" }[whenHeld];
      const met = answers.flatMap((answer) => answer.met);
      assert.ok(
        met.every((each) => each.as === as && each.existing === stored.id),
        whenHeld,
      );
      assert.deepEqual(sorted([...met.map(({ id }) => id), stored.id]), sorted(jobs.map(({ id }) => id)));
      assert.deepEqual(ids(await bench.take({ from: [{ queue: bench.name(whenHeld) }] })), [stored.id]);
    }
  }),

  keyLaw(
    "keep: the job that holds the key stays as it is, and nothing of the new one is stored, whatever the key is held until",
    async (bench) => {
      for (const until of UNTIL) {
        const first = keyed(bench, { until }, { queue: bench.name(JSON.stringify(until)), payload: '"first"', headers: { trace: "1" } });
        const second = { ...first, id: bench.name("second"), payload: '"second"', headers: { trace: "2" }, priority: 9, delayMs: 1_000 };
        assert.equal(await metBy(bench, first), undefined);
        assert.deepEqual(await metBy(bench, second), { as: "kept", existing: first.id });
        assert.equal(await bench.record(second.id), undefined);
        const { job } = await bench.takeOne({ from: [{ queue: first.queue }] });
        assert.deepEqual([job.id, job.payload, job.headers, job.priority], [first.id, '"first"', { trace: "1" }, 0]);
        assert.deepEqual(await bench.take({ from: [{ queue: first.queue }], worker: "bob" }), []);
      }
    },
  ),

  keyLaw("replace: the waiting job gets payload, headers, due time and expiry, and keeps all else", async (bench) => {
    const first = latest(bench, { payload: '"first"', headers: { trace: "1" }, priority: 3, group: bench.name("g"), expiresInMs: 500 });
    const before = bench.now;
    await bench.enqueue(first);
    bench.pass(100);
    const second = latest(bench, { payload: '"second"', priority: 9, delayMs: 5_000, expiresInMs: 9_000 });
    assert.deepEqual(await metBy(bench, second), { as: "replaced", existing: first.id });
    const record = await bench.known(first.id);
    assert.deepEqual([record.state, record.delayed, record.payload, record.headers], ["ready", true, '"second"', undefined]);
    assert.deepEqual([record.priority, record.group, record.enqueuedAt, record.dueAt], [3, first.group, before, before + 5_100]);
    bench.pass(4_999);
    const claimed = await bench.claim();
    assert.deepEqual([claimed.deliveries.length, claimed.nextDueAt], [0, before + 5_100]);
    bench.pass(1);
    assert.equal((await bench.takeOne()).job.payload, '"second"');
    assert.equal(await bench.record(second.id), undefined);
  }),

  keyLaw(
    "replace: a job that was to wait is due at once, one that could expire need not any more, and the place in line is by due time",
    async (bench) => {
      const first = latest(bench, { delayMs: 60_000, expiresInMs: 90_000 });
      await bench.enqueue(first);
      bench.pass(1_000);
      const [other] = bench.jobs(1) as [NewJob];
      await bench.enqueue(other);
      bench.pass(1_000);
      await bench.enqueue(latest(bench, { headers: { trace: "2" } }));
      const [one, two] = await bench.take();
      assert.deepEqual([one?.job.id, two?.job.id, two?.job.dueAt, two?.job.headers], [other.id, first.id, bench.now, { trace: "2" }]);
      const third = latest(bench, { expiresInMs: 50 });
      await bench.enqueue(third);
      await bench.enqueue(latest(bench));
      bench.pass(60);
      assert.equal((await bench.takeOne()).job.id, third.id);
    },
  ),

  keyLaw("postpone: each new job puts the waiting one off, and at most maxWaitMs from its enqueue", async (bench) => {
    const before = bench.now;
    const call = (payload: string, maxWaitMs?: number) =>
      latest(bench, { payload, delayMs: 1_000 }, { whenHeld: "postpone", ...(maxWaitMs !== undefined && { maxWaitMs }) });
    const first = call("0", 2_500);
    await bench.enqueue(first);
    for (const [n, due] of [1_500, 2_000, 2_500, 2_500].entries()) {
      bench.pass(500);
      assert.deepEqual(await metBy(bench, call(`${n + 1}`, 2_500)), { as: "postponed", existing: first.id });
      assert.equal((await bench.known(first.id)).dueAt, before + due);
      assert.deepEqual(await bench.take(), []);
    }
    bench.pass(400);
    await bench.enqueue(call("5", 100));
    assert.equal((await bench.known(first.id)).dueAt, before + 100, "the wish of the newest counts");
    await bench.enqueue(call("6"));
    assert.equal((await bench.known(first.id)).dueAt, before + 3_400);
    bench.pass(1_000);
    assert.equal((await bench.takeOne()).job.payload, "6");
    assert.deepEqual(await bench.take(), []);
  }),

  keyLaw("two jobs of one key in one call are as two calls, one after the other", async (bench) => {
    for (const whenHeld of ["keep", "replace", "postpone"] as const) {
      const queue = bench.name(whenHeld);
      const jobs = ["1", "2", "3"].map((payload) => latest(bench, { queue, payload }, { whenHeld }));
      const plain = bench.job({ queue });
      const [first, second, third] = jobs as [NewJob, NewJob, NewJob];
      const as = { keep: "kept", replace: "replaced", postpone: "postponed" }[whenHeld];
      assert.deepEqual((await bench.enqueue(first, plain, second, plain, third)).met, [
        { id: second.id, as, existing: first.id },
        { id: plain.id, as: "known", existing: plain.id },
        { id: third.id, as, existing: first.id },
      ]);
      assert.deepEqual(
        (await bench.take({ from: [{ queue }] })).map(({ job }) => [job.id, job.payload]),
        [
          [first.id, whenHeld === "keep" ? "1" : "3"],
          [plain.id, "{}"],
        ],
      );
    }
  }),

  keyLaw("a key is one of its queue, and its characters count each", async (bench) => {
    const keys = ["a", "A", "a ", "a:b", "a|b", "\u00e9", "e\u0301", "😀", "\n", "{}", "k".repeat(200)];
    const jobs = [bench.queue, bench.name("other")].flatMap((queue) => keys.map((key) => keyed(bench, { key }, { queue })));
    assert.deepEqual((await bench.enqueue(...jobs)).met, []);
    for (const job of jobs) await isHeld(bench, job, job.unique!.key);
    assert.equal((await bench.take({ limit: 100 })).length, keys.length);
  }),

  keyLaw("jobs without a key, and with others, are not touched", async (bench) => {
    const [first, other] = [latest(bench, { payload: '"first"' }), latest(bench, { payload: '"other"' }, { key: "other" })];
    const plain = bench.job({ payload: '"plain"' });
    await bench.enqueue(first, other, plain);
    await bench.enqueue(latest(bench, { payload: '"second"' }));
    assert.deepEqual(
      (await bench.take()).map(({ job }) => job.payload),
      ['"second"', '"other"', '"plain"'],
    );
  }),

  keyLaw("a job of another task is kept, not replaced", async (bench) => {
    const first = latest(bench, { payload: '"first"' });
    await bench.enqueue(first);
    for (const whenHeld of ["replace", "postpone"] as const)
      assert.deepEqual(await metBy(bench, latest(bench, { task: bench.name("another"), payload: '"no"' }, { whenHeld })), {
        as: "kept",
        existing: first.id,
      });
    assert.equal((await bench.takeOne()).job.payload, '"first"');
  }),

  keyLaw("the new job says what happens, and the stored one until when the key is held", async (bench) => {
    const first = keyed(bench, { until: "ended" }, { payload: '"first"' });
    await bench.enqueue(first);
    assert.deepEqual(await metBy(bench, latest(bench, { payload: '"no"' })), { as: "kept", existing: first.id }, "it does not wait only");
    const delivery = await bench.takeOne();
    assert.equal(delivery.job.payload, '"first"');
    assert.deepEqual(await metBy(bench, latest(bench)), { as: "kept", existing: first.id });
    await bench.succeed(delivery);
    const second = latest(bench, { payload: '"second"' });
    await bench.enqueue(second);
    assert.deepEqual(await metBy(bench, keyed(bench, { until: { ms: 5 } })), { as: "kept", existing: second.id });
    bench.pass(5);
    assert.deepEqual(await metBy(bench, latest(bench, { payload: '"third"' })), { as: "replaced", existing: second.id });
    assert.equal((await bench.takeOne()).job.payload, '"third"');
    await isFree(bench, second);
  }),

  keyLaw("for some time: the key is held from the enqueue on, whatever becomes of the job", async (bench) => {
    const first = keyed(bench, { until: { ms: 1_000 } }, { keepResultMs: 0 });
    await bench.enqueue(first);
    await bench.succeed(await bench.takeOne());
    bench.pass(999);
    assert.equal(await bench.record(first.id), undefined);
    await isHeld(bench, first, "it has succeeded and is forgotten");
    bench.pass(1);
    const second = keyed(bench, { until: { ms: 1_000 } });
    assert.equal(await metBy(bench, second), undefined);
    await bench.forget([second.id]);
    await bench.adapter.jobs.prune(1_000, bench.at);
    await isHeld(bench, second, "it was removed");
    bench.pass(1_000);
    await bench.adapter.jobs.prune(1_000, bench.at);
    await isFree(bench, second);
  }),

  keyLaw("a known id is met before its key is looked at, and takes no key", async (bench) => {
    const known = await bench.put();
    const holder = latest(bench, { payload: '"held"' });
    await bench.enqueue(holder);
    for (const key of ["tenant", "free"]) {
      const again = latest(bench, { id: known.id, payload: '"no"' }, { key });
      assert.deepEqual(await metBy(bench, again), { as: "known", existing: known.id });
    }
    assert.deepEqual(
      (await bench.take()).map(({ job }) => job.payload),
      ["{}", '"held"'],
    );
    await isFree(bench, latest(bench, {}, { key: "free" }));
  }),

  keyLaw("again: a job that has ended stays stored while another holds the key of the new one", async (bench) => {
    const first = keyed(bench);
    await bench.enqueue(first);
    await bench.succeed(await bench.takeOne(), '"done"');
    const [again, second] = [{ ...first, known: "again" } as const, keyed(bench)];
    assert.equal(await metBy(bench, second), undefined);
    assert.deepEqual(await metBy(bench, again), { as: "kept", existing: second.id });
    assert.equal((await bench.known(first.id)).result, '"done"');
    await bench.succeed(await bench.takeOne());
    assert.equal(await metBy(bench, again), undefined);
    assert.equal((await bench.takeOne()).job.id, first.id);
  }),

  keyLaw("what no key may ask for is refused before anything is stored, and so is a key in a canvas", async (bench) => {
    const fine = bench.job();
    for (const wrong of WRONG) {
      const job = keyed(bench, wrong as Partial<Unique>);
      await assert.rejects(bench.enqueue(fine, job), { code: "STEM_JOB_INVALID" }, JSON.stringify(wrong));
    }
    const [from, to] = [keyed(bench), bench.job({ waitsFor: 1 })];
    const link = { links: [{ to: to.id, position: 0 }] };
    await assert.rejects(bench.enqueue({ ...from, ...link }, to), { code: "STEM_JOB_INVALID", message: /a unique key and links/ });
    const { unique, ...plain } = from;
    await assert.rejects(bench.enqueue({ ...plain, ...link }, { ...to, unique: unique! }), { code: "STEM_JOB_INVALID" });
    assert.deepEqual(await bench.queues(), []);
  }),

  keyLaw("a job that travels along meets the key as any other does, whatever it travels with", async (bench) => {
    for (const [way, send] of Object.entries(WAYS)) {
      const queue = bench.name(way);
      const first = latest(bench, { queue, payload: '"first"' });
      const [second, third] = [latest(bench, { queue, payload: '"second"' }), latest(bench, { queue }, { whenHeld: "keep" })];
      const delivery = await lent(bench);
      await send(bench, delivery, { enqueue: [first, second, third] });
      assert.deepEqual(
        (await bench.take({ from: [{ queue }] })).map(({ job }) => [job.id, job.payload]),
        [[first.id, '"second"']],
        way,
      );
      const [late, stale] = [latest(bench, { queue, payload: '"late"' }), await lent(bench)];
      await bench.enqueue(late);
      await bench.cancel([stale.job.id]);
      await send(bench, stale, { enqueue: [latest(bench, { queue, payload: '"no"' })] });
      assert.equal((await bench.takeOne({ from: [{ queue }] })).job.payload, '"late"', way);
    }
  }),

  keyLaw("a schedule that fires moves, and its job meets the key as any other does", async (bench) => {
    const id = bench.name("tick");
    await bench.adapter.schedules.put([{ id, spec: "s", nextAt: bench.now }], { owner: "app" }, bench.at);
    const shot = (slot: number, job: NewJob) => ({ id, slot, nextAt: slot + 1, spec: "s", job });
    const [first, second] = [keyed(bench), keyed(bench)];
    assert.deepEqual(await bench.adapter.schedules.fire([shot(bench.now, first)], bench.at), ["fired"]);
    assert.deepEqual(await bench.adapter.schedules.fire([shot(bench.now + 1, second)], bench.at), ["known"]);
    assert.equal(one((await bench.adapter.schedules.list({ ids: [id] }, bench.at)).items).nextAt, bench.now + 2);
    assert.deepEqual(ids(await bench.take()), [first.id]);
  }),
];
