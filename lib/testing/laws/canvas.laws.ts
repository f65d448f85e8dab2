import assert from "node:assert/strict";
import { idsMet } from "../../contract/index.js";
import type { NewJob } from "../../contract/index.js";
import { ids, one, sorted } from "./bench.js";
import { chain, chord, good } from "./canvas.js";
import type { Law } from "./law.js";

export const canvasLaws: readonly Law[] = [
  {
    title: "a chain runs in order and hands each result on",
    async check(bench) {
      const [a, b, c] = chain(bench, 3) as [NewJob, NewJob, NewJob];
      await bench.enqueue(c, a, b);
      assert.deepEqual(await bench.states(a, b, c), ["ready", "blocked", "blocked"]);
      const first = await bench.takeOne();
      assert.deepEqual([first.job.id, first.inputs], [a.id, []]);
      const next = await bench.adapter.broker.settle([{ lease: first.lease, as: "succeeded", result: "41" }], await bench.ask(), bench.at);
      const second = one(next.claimed?.deliveries ?? []);
      assert.deepEqual([second.job.id, second.inputs], [b.id, [good(a, "41")]]);
      await bench.succeed(second, "42");
      const third = await bench.takeOne();
      assert.deepEqual([third.job.id, third.inputs], [c.id, [good(b, "42")]]);
    },
  },
  {
    title: "an input that returned nothing is present, without a result",
    async check(bench) {
      const { members, body } = chord(bench, 3);
      await bench.enqueue(...members, body);
      const results = [undefined, "null", ""];
      for (const [i, delivery] of (await bench.take()).entries()) await bench.succeed(delivery, results[i]);
      const { inputs } = await bench.takeOne();
      assert.deepEqual(inputs, [good(members[0]!), good(members[1]!, "null"), good(members[2]!, "")]);
      assert.ok(!("result" in inputs[0]!));
    },
  },
  {
    title: "a chord's body starts once, after its last member, with the inputs in position order",
    async check(bench) {
      const { members, body } = chord(bench, 8);
      await bench.enqueue(body, ...members.toReversed());
      const lent = await bench.take();
      assert.equal(lent.length, 8);
      for (const delivery of lent.slice(1).toReversed()) {
        await bench.succeed(delivery, delivery.job.id);
        assert.equal(await bench.state(body.id), "blocked");
      }
      await bench.succeed(lent[0]!, lent[0]!.job.id);
      const delivery = await bench.takeOne();
      assert.equal(delivery.job.id, body.id);
      assert.deepEqual(
        delivery.inputs,
        members.map((member) => good(member, member.id)),
      );
    },
  },
  {
    title: "however many workers finish a chord's members at the same moment, its body starts once",
    async check(bench) {
      const other = await bench.other();
      const { members, body } = chord(bench, 16);
      await bench.enqueue(...members, body);
      const lent = await bench.take({ limit: 16 });
      const ask = await bench.ask();
      const turns = await Promise.all(
        lent.map(({ lease }, i) =>
          (i % 2 === 0 ? bench.adapter : other).broker.settle([{ lease, as: "succeeded", result: "1" }], ask, bench.at),
        ),
      );
      assert.equal(one(turns.flatMap(({ claimed }) => claimed?.deliveries ?? [])).job.id, body.id);
    },
  },
  {
    title: "a job may link to several, and several links of a batch may end in one settle",
    async check(bench) {
      const [x, y] = [bench.job({ waitsFor: 2 }), bench.job({ waitsFor: 2 })];
      const links = (position: number) => [x, y].map(({ id }) => ({ to: id, position }));
      const [a, b] = [bench.job({ links: links(0) }), bench.job({ links: links(1) })];
      await bench.enqueue(a, b, x, y);
      const lent = await bench.take();
      await bench.settle(...lent.map(({ job, lease }) => ({ lease, as: "succeeded" as const, result: job.id })));
      const bodies = await bench.take();
      assert.deepEqual(sorted(ids(bodies)), sorted([x.id, y.id]));
      for (const { inputs } of bodies) assert.deepEqual(inputs, [good(a, a.id), good(b, b.id)]);
    },
  },
  {
    title: "members of a group are listed and counted together",
    async check(bench) {
      const group = bench.name("group");
      const members = bench.jobs(4, { group });
      await bench.enqueue(...members, bench.job({ group: bench.name("other") }), bench.job());
      const [first, second] = await bench.take({ limit: 2 });
      await bench.succeed(first!);
      await bench.fail(second!);
      const count = await bench.adapter.jobs.count({ group }, bench.at);
      assert.deepEqual([count.ready, count.succeeded, count.failed, count.active], [2, 1, 1, 0]);
      const list = (await bench.adapter.jobs.list({ group }, bench.at)).items;
      assert.deepEqual(sorted(list.map(({ id }) => id)), sorted(members.map(({ id }) => id)));
    },
  },
  {
    title: "a thousand-fold fan-in hands over every input in its place",
    async check(bench) {
      const { members, body } = chord(bench, 1_000);
      await bench.enqueue(...members, body);
      await bench.drain(
        ({ job }) => (job.id === body.id ? { as: "ready", attempt: "returned", delayMs: 5 } : { as: "succeeded", result: job.id }),
        {
          limit: 100,
        },
      );
      bench.pass(5);
      const { inputs } = await bench.takeOne();
      assert.equal(inputs.length, 1_000);
      for (const [i, input] of inputs.entries()) assert.deepEqual(input, good(members[i]!, members[i]!.id));
    },
  },
  {
    title: "a link counts once, however often its job ends",
    async check(bench) {
      const { members, body } = chord(bench, 2, { onFailure: "continue" });
      const [a, b] = members as [NewJob, NewJob];
      await bench.enqueue(a, { ...b, delayMs: 50 }, body);
      await bench.fail(await bench.takeOne());
      await bench.retry([a.id]);
      await bench.succeed(await bench.takeOne(), '"second time"');
      assert.equal(await bench.state(body.id), "blocked", "it waits for the other still");
      bench.pass(50);
      await bench.succeed(await bench.takeOne(), "2");
      const delivery = await bench.takeOne();
      assert.deepEqual([delivery.job.id, delivery.inputs], [body.id, [good(a, '"second time"'), good(b, "2")]]);
    },
  },
  {
    title: "a job keeps its inputs over a retry, a lapse and its own death",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(a, b);
      await bench.succeed(await bench.takeOne(), "1");
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "spent" });
      await bench.hire("doomed", 100);
      assert.deepEqual((await bench.takeOne({ worker: "doomed" })).inputs, [good(a, "1")]);
      bench.pass(200);
      const again = await bench.takeOne({ worker: "bob" });
      assert.deepEqual(again.inputs, [good(a, "1")]);
      await bench.fail(again);
      await bench.retry([b.id]);
      const last = await bench.takeOne({ worker: "bob" });
      assert.deepEqual([last.job.id, last.inputs], [b.id, [good(a, "1")]]);
    },
  },
  {
    title: "a delay counts from the enqueue, also for a job that waits for others",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      const [c, d] = chain(bench, 2) as [NewJob, NewJob];
      await bench.enqueue(a, { ...b, delayMs: 1_000 }, { ...c, delayMs: 400 }, { ...d, delayMs: 100 });
      const start = bench.now;
      await bench.succeed(await bench.takeOne());
      const waiting = await bench.known(b.id);
      assert.deepEqual([waiting.state, waiting.dueAt], ["ready", start + 1_000]);
      bench.pass(400);
      await bench.succeed(await bench.takeOne());
      const overdue = await bench.takeOne();
      assert.deepEqual([overdue.job.id, overdue.job.dueAt], [d.id, start + 100], "due at once, since its time has passed");
      bench.pass(600);
      assert.deepEqual(ids(await bench.take()), [b.id]);
    },
  },
  {
    title: "enqueueing a whole canvas again changes nothing, wherever it stands",
    async check(bench) {
      const { members, body } = chord(bench, 2);
      const all = [...members, body];
      await bench.enqueue(...all);
      const [first, second] = await bench.take();
      await bench.succeed(first!, "1");
      assert.deepEqual(
        idsMet(await bench.enqueue(...all)),
        all.map(({ id }) => id),
      );
      assert.equal(await bench.state(body.id), "blocked");
      await bench.succeed(second!, "2");
      assert.deepEqual((await bench.takeOne()).inputs, [good(members[0]!, "1"), good(members[1]!, "2")]);
    },
  },
  {
    title: "a new job linked from one that was stored before gets what that one left, or will leave",
    async check(bench) {
      const [a, b] = chain(bench, 2) as [NewJob, NewJob];
      const [c, d] = chain(bench, 2) as [NewJob, NewJob];
      const [e, f] = chain(bench, 2) as [NewJob, NewJob];
      for (const { id, task, queue, payload } of [a, e, c]) await bench.enqueue({ id, task, queue, payload });
      const [first, second] = await bench.take({ limit: 2 });
      await bench.succeed(first!, "1");
      await bench.fail(second!);
      assert.deepEqual(idsMet(await bench.enqueue(a, b, c, d, e, f)), [a.id, c.id, e.id]);
      assert.deepEqual(await bench.states(b, d, f), ["ready", "blocked", "failed"]);
      const [third, body] = [...(await bench.take())].sort((x, y) => x.inputs.length - y.inputs.length);
      assert.deepEqual([body?.job.id, body?.inputs], [b.id, [good(a, "1")]]);
      await bench.succeed(third!, "3");
      assert.deepEqual((await bench.takeOne()).inputs, [good(c, "3")]);
    },
  },
];
