import assert from "node:assert/strict";
import { isLaterLease } from "../../contract/index.js";
import type { Delivery, Ending, Lease, NewEntry, NewJob } from "../../contract/index.js";
import { failure, one, type LawBench } from "./bench.js";
import type { Law } from "./law.js";

const ENTRY: NewEntry = { seq: 1, key: "charge", kind: "step", state: "done", value: '"late"' };

/** Any way to end a delivery. */
const ENDINGS: readonly Ending[] = [
  { as: "succeeded", result: '"late"' },
  { as: "failed", cause: "error", error: failure("late") },
  { as: "cancelled", error: failure("late") },
  { as: "ready", attempt: "spent" },
  { as: "parked", waits: [{ name: "never", key: "", after: 0 }] },
];

/**
 * Every way in which a job on loan is forgotten, so that its id is free again.
 * The worker that holds it is not notified.
 */
const FORGOTTEN: Readonly<Record<string, (bench: LawBench, held: Delivery) => Promise<unknown>>> = {
  "ended by its heir, and kept for no time": async (bench, { job }) => {
    await bench.succeed(await heirOf(bench, job.id));
    assert.equal(await bench.record(job.id), undefined);
  },
  "settled by its own worker, whose answer was lost": (bench, held) => bench.succeed(held),
  "ended by its heir, and pruned": async (bench, { job }) => {
    await bench.fail(await heirOf(bench, job.id));
    await prune(bench);
  },
  "ended by its heir, and purged": async (bench, { job }) => {
    await bench.fail(await heirOf(bench, job.id));
    await bench.purge({ ids: [job.id] });
  },
  "cancelled, and pruned": async (bench, { job }) => {
    await bench.cancel([job.id], "not wanted");
    await prune(bench);
  },
  "given back by its worker that signed off, and ended by another": async (bench) => {
    await bench.adapter.workers.leave("frozen", bench.at);
    await bench.succeed(await bench.takeOne({ worker: "bob" }));
  },
  "dead by its lapses, and pruned": async (bench, { job }) => {
    for (let life = 0; life < 4; life++) {
      bench.pass(LEASE_MS + 1);
      await bench.hire(`doomed${life}`, LEASE_MS);
      await bench.takeOne({ worker: `doomed${life}` });
    }
    bench.pass(LEASE_MS + 1);
    await bench.take({ from: [{ queue: bench.name("elsewhere") }] });
    assert.equal(await bench.record(job.id), undefined, "kept for no time");
    await prune(bench);
  },
};

const LEASE_MS = 1_000;

/**
 * Stores a job of this id, lends it to a worker that then freezes, and forgets it.
 * Returns the lease that the worker still holds.
 */
async function lateLease(bench: LawBench, id: string, way: string): Promise<Lease> {
  await bench.hire("frozen", LEASE_MS);
  await bench.enqueue(again(bench, id, 0));
  const held = await bench.takeOne({ worker: "frozen" });
  await FORGOTTEN[way]!(bench, held);
  assert.equal(await bench.record(id), undefined, way);
  return held.lease;
}

async function heirOf(bench: LawBench, id: string): Promise<Delivery> {
  bench.pass(LEASE_MS + 1);
  const heir = await bench.takeOne({ worker: "bob" });
  assert.equal(heir.job.id, id);
  return heir;
}

async function prune(bench: LawBench): Promise<void> {
  bench.pass(1);
  await bench.adapter.jobs.prune(undefined, bench.at);
}

/** A job of this id, kept after its end for so long. */
function again(bench: LawBench, id: string, keepMs = 1e6, over: Partial<NewJob> = {}): NewJob {
  return bench.job({ id, keepResultMs: keepMs, keepFailedMs: keepMs, ...over });
}

/** Does something for every way of forgetting, each with a new id. */
async function forEachWay(bench: LawBench, use: (id: string, late: Lease, way: string) => Promise<void>): Promise<void> {
  for (const [n, way] of Object.keys(FORGOTTEN).entries()) {
    const id = bench.name(`order-${n}`);
    await use(id, await lateLease(bench, id, way), way);
  }
}

export const leaseLaws: readonly Law[] = [
  {
    title: "a late settle of a forgotten job touches nothing of a new job with its id, however the first was forgotten",
    async check(bench) {
      await forEachWay(bench, async (id, late, way) => {
        await bench.enqueue(again(bench, id));
        const right = await bench.takeOne({ worker: "bob" });
        const before = await bench.known(id);
        for (const ending of ENDINGS) {
          const { lost } = await bench.settle({ lease: late, journal: [ENTRY], ...ending });
          assert.deepEqual(lost, [id], `${ending.as}, ${way}`);
          assert.deepEqual(await bench.known(id), before, `${ending.as}, ${way}`);
        }
        assert.deepEqual(await bench.adapter.journal.read([{ id }], bench.at), [[]], way);
        await bench.succeed(right, '"right"');
        assert.equal((await bench.known(id)).result, '"right"', way);
      });
    },
  },
  {
    title: "a late settle is refused by every handle of the store, also together with that of the right worker",
    async check(bench) {
      const other = await bench.other();
      await forEachWay(bench, async (id, late, way) => {
        for (const [n, adapter] of [bench.adapter, other].entries()) {
          await bench.enqueue(again(bench, id, 0, { keepFailedMs: 1e6 }));
          const right = await bench.takeOne({ worker: "bob" });
          const settlements = [
            { lease: late, as: "failed", cause: "error", error: failure("late") },
            { lease: right.lease, as: "succeeded" },
          ] as const;
          const { lost } = await adapter.broker.settle(n === 0 ? settlements : settlements.toReversed(), undefined, bench.at);
          assert.deepEqual(lost, [id], way);
          assert.equal(await bench.record(id), undefined, `${way}: the right one ended it, and it is kept for no time`);
        }
      });
    },
  },
  {
    title: "a late append of a forgotten run adds nothing to the journal of a new run with its id",
    async check(bench) {
      const other = await bench.other();
      await forEachWay(bench, async (id, late, way) => {
        await bench.enqueue(again(bench, id));
        const right = await bench.takeOne({ worker: "bob" });
        for (const { journal } of [bench.adapter, other]) {
          const writes = [
            { lease: late, journal: [ENTRY] },
            { lease: right.lease, journal: [{ ...ENTRY, seq: 2, key: "right" }] },
          ];
          assert.deepEqual((await journal.append(writes, bench.at)).lost, [id], way);
          assert.deepEqual(
            one(await journal.read([{ id }], bench.at)).map(({ key }) => key),
            ["right"],
            way,
          );
        }
        await bench.succeed(right);
      });
    },
  },
  {
    title: "a renewal says that the lease of a forgotten job is lost, although a new job with its id is held",
    async check(bench) {
      await forEachWay(bench, async (id, late, way) => {
        await bench.enqueue(again(bench, id));
        const beat = (...held: Lease[]) => bench.adapter.workers.renew({ id: "frozen", leaseMs: LEASE_MS, info: {} }, held, bench.at);
        await beat();
        const right = await bench.takeOne({ worker: "frozen" });
        assert.deepEqual((await beat(late)).lost, [id], way);
        assert.deepEqual((await beat(right.lease, late)).lost, [id], way);
        assert.deepEqual((await beat(right.lease)).lost, [], way);
        await bench.succeed(right);
      });
    },
  },
  {
    title: "the lease of a job that is stored anew is above all earlier ones of its id, in whichever queue",
    async check(bench) {
      const id = bench.name("order");
      const seen: Lease[] = [];
      const note = ({ lease }: Delivery, how: string): void => {
        assert.ok(
          seen.every((earlier) => isLaterLease(lease, earlier)),
          `${how}: ${JSON.stringify(lease)} after ${JSON.stringify(seen)}`,
        );
        seen.push({ jobId: lease.jobId, fence: lease.fence, job: lease.job });
      };
      for (const [round, over] of [{}, { delayMs: 1 }, { queue: bench.name("other") }, { priority: 3 }, {}].entries()) {
        const job = again(bench, id, 0, over);
        const from = [{ queue: job.queue }];
        await bench.enqueue(job);
        bench.pass(1);
        for (const ending of [{ as: "ready", attempt: "spent" }, { as: "ready", attempt: "returned" }, { as: "succeeded" }] as const) {
          const delivery = await bench.takeOne({ from, worker: "bob" });
          note(delivery, `round ${round}, before ${ending.as}`);
          await bench.end(delivery, ending);
        }
        assert.equal(await bench.record(id), undefined);
      }
    },
  },
];
