import assert from "node:assert/strict";
import type { Delivery, Ending } from "../../contract/index.js";
import { one } from "./bench.js";
import type { Law } from "./law.js";

export const lapseLaws: readonly Law[] = [
  {
    title: "attempts, deliveries and lapses are counted apart",
    async check(bench) {
      const job = await bench.put();
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "spent" });
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "returned" });
      await bench.hire("doomed", 100);
      const { lease } = await bench.takeOne({ worker: "doomed" });
      assert.equal((await bench.known(job.id)).attempts, 2, "the attempt counts from the claim on");
      bench.pass(200);
      const delivery = await bench.takeOne({ worker: "bob" });
      assert.deepEqual([delivery.attempt, delivery.lapses], [2, 1]);
      assert.ok(delivery.lease.fence > lease.fence);
      const { attempts, lapses, worker } = await bench.known(job.id);
      assert.deepEqual({ attempts, lapses, worker }, { attempts: 2, lapses: 1, worker: "bob" });
    },
  },
  {
    title: "a lapsed worker's jobs are lent again, and its late settle is refused",
    async check(bench) {
      await bench.hire("ann", 1_000);
      const job = await bench.put();
      const late = await bench.takeOne();
      bench.pass(2_000);
      const heir = await bench.takeOne({ worker: "bob" });
      assert.equal(heir.job.id, job.id);
      assert.ok(heir.lease.fence > late.lease.fence);
      assert.equal(heir.lapses, 1);
      const { lost } = await bench.settle({ lease: late.lease, as: "succeeded", result: '"late"' });
      assert.deepEqual(lost, [job.id]);
      assert.equal(await bench.state(job.id), "active");
      await bench.succeed(heir, '"heir"');
      assert.equal((await bench.known(job.id)).result, '"heir"');
    },
  },
  {
    title: "a worker that renews its lease in time keeps its jobs",
    async check(bench) {
      await bench.hire("ann", 1_000);
      const job = await bench.put();
      const delivery = await bench.takeOne();
      for (let tick = 0; tick < 5; tick++) {
        bench.pass(600);
        await bench.hire("ann", 1_000);
        bench.pass(600);
        assert.deepEqual(await bench.take({ worker: "bob" }), []);
        await bench.hire("ann", 1_000);
      }
      await bench.succeed(delivery);
      assert.equal((await bench.known(job.id)).lapses, 0);
    },
  },
  {
    title: "a job that loses its worker too often is dead with the cause lapsed",
    async check(bench) {
      const poison = await bench.put({ maxLapses: 2 });
      for (const doomed of ["first", "second"]) {
        await bench.hire(doomed, 100);
        one(await bench.take({ worker: doomed }));
        bench.pass(200);
      }
      assert.deepEqual(await bench.take(), []);
      const record = await bench.known(poison.id);
      assert.equal(record.state, "failed");
      assert.equal(record.cause, "lapsed");
      assert.equal(record.lapses, 2);
      assert.equal(record.attempts, 0, "a lapse gives the attempt back");
      assert.ok(record.error);
      assert.equal(one(await bench.dead()).cause, "lapsed");
    },
  },
  {
    title: "by default the fifth lapse is the last",
    async check(bench) {
      const poison = await bench.put();
      for (let lapse = 1; lapse <= 5; lapse++) {
        await bench.hire(`doomed${lapse}`, 100);
        assert.equal((await bench.takeOne({ worker: `doomed${lapse}` })).lapses, lapse - 1);
        bench.pass(200);
      }
      assert.deepEqual(await bench.take(), []);
      assert.equal((await bench.known(poison.id)).cause, "lapsed");
    },
  },
  {
    title: "a job may snooze and park without end: only lapses quarantine",
    async check(bench) {
      await bench.put({ maxLapses: 2 });
      for (let round = 0; round < 20; round++) await bench.end(await bench.takeOne(), { as: "ready", attempt: "returned" });
      const delivery = await bench.takeOne();
      assert.deepEqual([delivery.attempt, delivery.lapses], [1, 0]);
    },
  },
  {
    title: "lapses are forgotten when an entry is added to the journal, so that a run that gets on in every life is no poison",
    async check(bench) {
      const run = await bench.put({ maxLapses: 2 });
      const entry = (seq: number) => ({ seq, key: `part${seq}`, kind: "step", state: "done" }) as const;
      const live = async (worker: string): Promise<Delivery> => {
        await bench.hire(worker, 100);
        return bench.takeOne({ worker });
      };
      for (let n = 1; n <= 6; n++) {
        const delivery = await live(`doomed${n}`);
        assert.equal(delivery.lapses, n === 1 ? 0 : 1);
        const { lost } = await bench.adapter.journal.append([{ lease: delivery.lease, journal: [entry(n)] }], bench.at);
        assert.deepEqual(lost, []);
        assert.equal((await bench.known(run.id)).lapses, 0, `entry ${n}`);
        bench.pass(200);
      }
      const handed = await live("back");
      await bench.settle({ lease: handed.lease, journal: [entry(7)], as: "ready", attempt: "returned" });
      assert.equal((await bench.known(run.id)).lapses, 0, "also one that travels with a settlement");
      const late = await live("late");
      bench.pass(200);
      assert.equal((await live("idle")).lapses, 1);
      const writes = [{ lease: late.lease, journal: [entry(8)] }];
      assert.deepEqual((await bench.adapter.journal.append(writes, bench.at)).lost, [run.id]);
      bench.pass(200);
      assert.deepEqual(await bench.take(), []);
      assert.equal((await bench.known(run.id)).cause, "lapsed", "an entry that was refused forgets nothing");
    },
  },
  {
    title: "lapses are forgotten once a handler came to an end of its own, and kept over a hand-back",
    async check(bench) {
      const job = await bench.put();
      const wait = { name: bench.name("event"), key: "", after: 0 };
      const ends: readonly (readonly [Ending, number])[] = [
        [{ as: "ready", attempt: "returned" }, 1],
        [{ as: "ready", attempt: "spent", ran: true }, 0],
        [{ as: "ready", attempt: "returned", ran: true }, 0],
        [{ as: "parked", waits: [wait], deadline: bench.now }, 0],
      ];
      for (const [n, [ending, left]] of ends.entries()) {
        await bench.hire(`doomed${n}`, 100);
        one(await bench.take({ worker: `doomed${n}` }));
        bench.pass(200);
        await bench.hire("bob", 1_000);
        const delivery = await bench.takeOne({ worker: "bob" });
        assert.equal(delivery.lapses, 1);
        await bench.end(delivery, ending);
        assert.equal((await bench.known(job.id)).lapses, left, JSON.stringify(ending));
        if (left > 0) await bench.end(await bench.takeOne({ worker: "bob" }), { as: "ready", attempt: "returned", ran: true });
      }
    },
  },
];
