import assert from "node:assert/strict";
import { idsMet } from "../../contract/index.js";
import type { Ended, NewJob } from "../../contract/index.js";
import { failure, type LawBench } from "./bench.js";
import { chain, chord } from "./canvas.js";
import type { Law } from "./law.js";

/** The ends that the answers of a law's calls have named. */
function told(...answers: readonly { readonly ended?: readonly Ended[] }[]): Ended[] {
  return answers.flatMap(({ ended = [] }) => ended);
}

/** Expects each job to be named once, with what it was, and as its record has it. */
async function expectTold(bench: LawBench, ended: readonly Ended[], jobs: readonly NewJob[]): Promise<void> {
  assert.deepEqual(ended.map(({ id }) => id).sort(), jobs.map(({ id }) => id).sort(), "each end is told once, and no other");
  for (const { id, task, queue, payload, headers } of jobs) {
    const end = ended.find((one) => one.id === id)!;
    const { state, cause, error, attempts } = await bench.known(id);
    assert.deepEqual(end, {
      id,
      task,
      queue,
      state,
      error,
      attempts,
      payload,
      ...(cause !== undefined && { cause }),
      ...(headers !== undefined && { headers }),
    });
  }
}

export const endsLaws: readonly Law[] = [
  {
    title: "a claim tells whom it ended: dead by lapses, expired, and whoever waited for them",
    async check(bench) {
      const [poison, next] = chain(bench, 2);
      const job = { ...poison!, maxLapses: 1, payload: '{"n":1}', headers: { tenant: "acme" } };
      await bench.enqueue(job, next!);
      const late = await bench.put({ expiresInMs: 50 });
      await bench.hire("gone", 100);
      await bench.takeOne({ worker: "gone", limit: 1 });
      bench.pass(200);
      const claimed = await bench.claim();
      assert.deepEqual(claimed.deliveries, []);
      await expectTold(bench, told(claimed), [job, next!, late]);
      assert.deepEqual(told(await bench.claim()), [], "once");
    },
  },
  {
    title: "a settle tells whom it ended besides: whoever waited for a failure, and what its claim ended; not what it settles itself",
    async check(bench) {
      const [first, second, third] = chain(bench, 3);
      await bench.enqueue(first!, second!, third!);
      const delivery = await bench.takeOne();
      const late = await bench.put({ expiresInMs: 50 });
      bench.pass(100);
      const ask = await bench.ask();
      const settlement = { lease: delivery.lease, as: "failed", cause: "error", error: failure() } as const;
      const settled = await bench.adapter.broker.settle([settlement], ask, bench.at);
      await expectTold(bench, told(settled, settled.claimed!), [second!, third!, late]);
      const again = await bench.adapter.broker.settle([settlement], ask, bench.at);
      assert.deepEqual(told(again, again.claimed!), [], "once");
    },
  },
  {
    title: "a cancel tells whom it ended: waiting, running, and whoever waited for them",
    async check(bench) {
      const active = await bench.put();
      await bench.takeOne();
      const [first, second] = chain(bench, 2);
      await bench.enqueue(first!, second!);
      const [delayed, ended] = [await bench.put({ delayMs: 9_000 }), await bench.put({ id: bench.name("unknown"), delayMs: 9_000 })];
      await bench.cancel([ended.id], "before");
      const ids = [active, first!, delayed, ended].map(({ id }) => id);
      await expectTold(bench, told(await bench.change({ ids }, { to: "cancelled", reason: "stop" })), [active, first!, second!, delayed]);
      assert.deepEqual(told(await bench.change({ ids }, { to: "cancelled", reason: "stop" })), [], "once");
    },
  },
  {
    title: "an enqueue tells which of its jobs ended at once, of an input that had ended before",
    async check(bench) {
      const [first, second] = chain(bench, 2);
      await bench.enqueue({ ...first!, links: [] });
      await bench.fail(await bench.takeOne());
      const enqueued = await bench.enqueue(first!, second!);
      assert.deepEqual(idsMet(enqueued), [first!.id]);
      await expectTold(bench, told(enqueued), [second!]);
    },
  },
  {
    title: "of a chord whose members fail in two settles its body is told once",
    async check(bench) {
      const { members, body } = chord(bench, 2);
      await bench.enqueue(...members, body);
      const [one, other] = await bench.take();
      const fail = (lease: typeof one) => ({ lease: lease!.lease, as: "failed", cause: "error", error: failure() }) as const;
      const answers = [await bench.settle(fail(one)), await bench.settle(fail(other))];
      await expectTold(bench, told(...answers), [body]);
    },
  },
  {
    title: "two handles that find the same lapsed worker tell each death once",
    async check(bench) {
      const other = await bench.other();
      const jobs = bench.jobs(20, { maxLapses: 1 });
      await bench.enqueue(...jobs);
      await bench.hire("gone", 100);
      await bench.take({ worker: "gone", limit: 20 });
      bench.pass(200);
      const [ann, bob] = [await bench.ask({ worker: "ann" }), await bench.ask({ worker: "bob" })];
      const answers = await Promise.all([bench.adapter.broker.claim(ann, bench.at), other.broker.claim(bob, bench.at)]);
      await expectTold(bench, told(...answers), jobs);
    },
  },
];
