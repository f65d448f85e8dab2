import assert from "node:assert/strict";
import { cancelled, expired, inputEnded, lapsed } from "../../contract/index.js";
import type { Failure, NewJob } from "../../contract/index.js";
import { one, type LawBench } from "./bench.js";
import { chain } from "./canvas.js";
import type { Law } from "./law.js";

const BOOM: Failure = { name: "RangeError", message: "boom", code: "E_BOOM" };

async function errorOf(bench: LawBench, { id }: { readonly id: string }): Promise<Failure | undefined> {
  return (await bench.known(id)).error;
}

/**
 * The failures that a store writes by itself: the same names, codes and words in every store.
 * Users branch on them.
 */
export const failureLaws: readonly Law[] = [
  {
    title: "a job that expired, lapsed or was cancelled says so by the same name, code and words on every store",
    async check(bench) {
      for (const at of [Date.UTC(2024, 1, 29, 23, 59, 59, 7), Date.UTC(2026, 11, 31), Date.UTC(2100, 2, 1, 0, 0, 0, 999)]) {
        bench.now = at - 1;
        const late = await bench.put({ expiresAt: at });
        bench.pass(1);
        assert.deepEqual(await bench.take(), []);
        assert.deepEqual(await errorOf(bench, late), expired(at));
      }
      for (const maxLapses of [1, 3]) {
        const poison = await bench.put({ maxLapses });
        for (let life = 0; life < maxLapses; life++) {
          await bench.hire(`doomed${maxLapses}${life}`, 100);
          one(await bench.take({ worker: `doomed${maxLapses}${life}` }));
          bench.pass(200);
        }
        await bench.hire("sweeper");
        assert.deepEqual(await bench.take({ worker: "sweeper" }), []);
        assert.deepEqual(await errorOf(bench, poison), lapsed(maxLapses));
        assert.deepEqual(one(await bench.dead({ ids: [poison.id] })).error, lapsed(maxLapses));
      }
      const stopped = await bench.put();
      await bench.cancel([stopped.id], 'the "customer" left – ü');
      assert.deepEqual(await errorOf(bench, stopped), cancelled('the "customer" left – ü'));
    },
  },
  {
    title: "a job that ended with its input names it, and down the line the reason of the first, in the same words on every store",
    async check(bench) {
      const [a, b, c] = chain(bench, 3) as [NewJob, NewJob, NewJob];
      await bench.enqueue(a, b, c);
      await bench.end(await bench.takeOne(), { as: "failed", cause: "error", error: BOOM });
      assert.deepEqual(await errorOf(bench, b), inputEnded(a.id, "failed", BOOM));
      assert.deepEqual(await errorOf(bench, c), inputEnded(b.id, "failed", BOOM));
      const [d, e] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(d, e);
      await bench.cancel([d.id], "stop");
      assert.deepEqual(await errorOf(bench, e), inputEnded(d.id, "cancelled", cancelled("stop")));
      const [f, g] = chain(bench, 2) as [NewJob, NewJob];
      const at = bench.now + 1;
      await bench.enqueue({ ...f, expiresAt: at }, g);
      bench.pass(1);
      assert.deepEqual(await bench.take(), []);
      assert.deepEqual(await errorOf(bench, g), inputEnded(f.id, "expired", expired(at)));
    },
  },
  {
    title: "a job linked from one that had failed before it was stored says why as well",
    async check(bench) {
      const early = await bench.put();
      await bench.end(await bench.takeOne(), { as: "failed", cause: "error", error: BOOM });
      const late = bench.job({ waitsFor: 1 });
      await bench.enqueue({ ...early, links: [{ to: late.id, position: 0 }] }, late);
      assert.equal(await bench.state(late.id), "failed");
      assert.deepEqual(await errorOf(bench, late), inputEnded(early.id, "failed", BOOM));
    },
  },
];
