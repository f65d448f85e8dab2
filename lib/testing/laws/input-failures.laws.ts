import assert from "node:assert/strict";
import type { NewJob } from "../../contract/index.js";
import { failure, one } from "./bench.js";
import { chain, chord, good } from "./canvas.js";
import type { Law } from "./law.js";

/** The ends of jobs whose input did not succeed, and their revival. */
export const inputFailureLaws: readonly Law[] = [
  {
    title: "when an input fails, whoever waits for it fails, down the line, each naming its own input",
    async check(bench) {
      const [a, b, c] = chain(bench, 3) as [NewJob, NewJob, NewJob];
      await bench.enqueue(a, b, c);
      await bench.fail(await bench.takeOne());
      assert.deepEqual(await bench.states(a, b, c), ["failed", "failed", "failed"]);
      const [first, second, third] = [await bench.known(a.id), await bench.known(b.id), await bench.known(c.id)];
      assert.deepEqual([first.cause, second.cause, third.cause], ["error", "input", "input"]);
      assert.ok(second.error?.message.includes(a.id), "the error names the input");
      assert.ok(third.error?.message.includes(b.id), "the error names the input");
      assert.equal(second.endedAt, bench.now);
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "a chord whose member fails does not wait for the others, and those go on",
    async check(bench) {
      const { members, body } = chord(bench, 3);
      await bench.enqueue(...members, body);
      const [first, second, third] = await bench.take();
      await bench.fail(second!);
      assert.equal(await bench.state(body.id), "failed");
      await bench.succeed(first!);
      await bench.succeed(third!);
      assert.deepEqual(await bench.states(...members, body), ["succeeded", "failed", "succeeded", "failed"]);
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "a poisoned input fails whoever waits for it",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue({ ...a, maxLapses: 1 }, b);
      await bench.hire("doomed", 100);
      await bench.take({ worker: "doomed" });
      bench.pass(200);
      assert.deepEqual(await bench.take(), []);
      assert.deepEqual(await bench.states(a, b), ["failed", "failed"]);
      assert.equal((await bench.known(b.id)).cause, "input");
    },
  },
  {
    title: "an input that expires fails whoever waits for it, one that is cancelled cancels it",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      const [c, d] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue({ ...a, expiresAt: bench.now + 1 }, b, c, d);
      const late = bench.now;
      await bench.end(one((await bench.take({ limit: 2 })).filter(({ job }) => job.id === c.id)), {
        as: "cancelled",
        error: failure("stop"),
      });
      assert.deepEqual([await bench.state(d.id), (await bench.known(d.id)).cause], ["cancelled", "input"]);
      const [e, f] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue({ ...e, expiresAt: late + 1 }, f);
      bench.pass(10);
      assert.deepEqual(await bench.take(), []);
      assert.deepEqual(await bench.states(e, f), ["expired", "failed"]);
      assert.equal((await bench.known(f.id)).cause, "input");
    },
  },
  {
    title: "a link that says continue hands over the failure instead of ending the job",
    async check(bench) {
      const { members, body } = chord(bench, 4, { onFailure: "continue" });
      const [fails, cancels, expires, succeeds] = members as [NewJob, NewJob, NewJob, NewJob];
      await bench.enqueue(fails, succeeds, cancels, { ...expires, delayMs: 5, expiresAt: bench.now + 1 }, body);
      const [first, last] = await bench.take({ limit: 2 });
      await bench.fail(first!, "boom");
      await bench.succeed(last!, "4");
      await bench.cancel([cancels.id], "stop");
      assert.equal(await bench.state(body.id), "blocked");
      bench.pass(10);
      const { job, inputs } = (await bench.take())[0] ?? (await bench.takeOne());
      assert.equal(job.id, body.id);
      assert.deepEqual(inputs[0], { jobId: fails.id, state: "failed", error: failure("boom") });
      assert.deepEqual(inputs[3], good(succeeds, "4"));
      assert.deepEqual([inputs[1]?.state, inputs[2]?.state], ["cancelled", "expired"]);
      for (const input of inputs.slice(1, 3)) assert.ok(input.state !== "succeeded" && input.error, "the failure is told");
    },
  },
  {
    title: "retrying a failed input revives everything that died of it, down the line",
    async check(bench) {
      const [a, b, c, d] = chain(bench, 4) as [NewJob, NewJob, NewJob, NewJob];
      await bench.enqueue(a, b, c, d);
      await bench.fail(await bench.takeOne());
      assert.deepEqual(await bench.states(a, b, c, d), ["failed", "failed", "failed", "failed"]);
      bench.pass(1_000);
      assert.ok((await bench.retry([a.id])).includes(a.id));
      assert.deepEqual(await bench.states(a, b, c, d), ["ready", "blocked", "blocked", "blocked"]);
      const revived = await bench.known(b.id);
      assert.ok(!("cause" in revived) && !("endedAt" in revived), "it has not ended any more");
      const order = await bench.drain(({ job }) => ({ as: "succeeded", result: job.id }));
      assert.deepEqual(order, [a.id, b.id, c.id, d.id]);
    },
  },
  {
    title: "retrying a cancelled input revives what was cancelled with it",
    async check(bench) {
      const [a, b, c] = chain(bench, 3) as [NewJob, NewJob, NewJob];
      await bench.enqueue(a, b, c);
      await bench.cancel([a.id], "stop");
      await bench.retry([a.id]);
      assert.deepEqual(await bench.states(a, b, c), ["ready", "blocked", "blocked"]);
      assert.deepEqual(await bench.drain(), [a.id, b.id, c.id]);
    },
  },
  {
    title: "with two failed inputs a job comes back only when both are retried",
    async check(bench) {
      const { members, body } = chord(bench, 2);
      const [a, b] = members as [NewJob, NewJob];
      await bench.enqueue(a, b, body);
      for (const delivery of await bench.take()) await bench.fail(delivery);
      await bench.retry([a.id]);
      assert.deepEqual(await bench.states(a, b, body), ["ready", "failed", "failed"]);
      await bench.succeed(await bench.takeOne(), '"a"');
      assert.equal(await bench.state(body.id), "failed");
      await bench.retry([b.id]);
      assert.deepEqual(await bench.states(a, b, body), ["succeeded", "ready", "blocked"]);
      await bench.succeed(await bench.takeOne(), '"b"');
      assert.deepEqual((await bench.takeOne()).inputs, [good(a, '"a"'), good(b, '"b"')]);
    },
  },
  {
    title: "a job that died of its input is not retried by itself",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(a, b);
      await bench.fail(await bench.takeOne());
      assert.deepEqual(await bench.retry([b.id]), []);
      assert.deepEqual(await bench.states(a, b), ["failed", "failed"]);
    },
  },
  {
    title: "a cancelled job that still waits for its input goes back to waiting when retried",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(a, b);
      await bench.cancel([b.id], "stop");
      assert.deepEqual(await bench.states(a, b), ["ready", "cancelled"]);
      assert.deepEqual(await bench.retry([b.id]), [b.id]);
      assert.equal(await bench.state(b.id), "blocked");
      await bench.succeed(await bench.takeOne(), "1");
      assert.deepEqual((await bench.takeOne()).inputs, [good(a, "1")]);
    },
  },
  {
    title: "a cancelled job whose input arrived meanwhile is ready when retried, one whose input failed does not move",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      const [c, d] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(a, b, c, d);
      await bench.cancel([b.id, d.id], "stop");
      const [first, second] = await bench.take();
      await bench.succeed(first!, "1");
      await bench.fail(second!);
      assert.deepEqual(await bench.states(b, d), ["cancelled", "cancelled"], "the arrival of an input revives nobody");
      assert.deepEqual(await bench.retry([b.id, d.id]), [b.id]);
      assert.deepEqual(await bench.states(b, d), ["ready", "cancelled"]);
      const delivery = await bench.takeOne();
      assert.deepEqual([delivery.job.id, delivery.inputs], [b.id, [good(a, "1")]]);
    },
  },
  {
    title: "what a person cancelled is not revived by a retry of its input",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(a, b);
      await bench.cancel([b.id], "stop");
      await bench.fail(await bench.takeOne());
      await bench.retry([a.id]);
      assert.deepEqual(await bench.states(a, b), ["ready", "cancelled"]);
    },
  },
];
