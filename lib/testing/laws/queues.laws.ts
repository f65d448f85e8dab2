import assert from "node:assert/strict";
import type { QueueInfo } from "../../contract/index.js";
import { ids } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

const names = (infos: readonly QueueInfo[]): readonly string[] => infos.map(({ queue }) => queue);

/** Five queues that hold a job or are paused, in the order of their names. */
async function fiveQueues(bench: LawBench): Promise<readonly string[]> {
  const five = ["a", "b", "c", "d", "e"].map((letter) => bench.name(letter));
  await bench.enqueue(...five.filter((_, i) => i !== 2).map((queue) => bench.job({ queue })));
  await bench.pause(five[2]!);
  return five;
}

/** What the part `queues` promises. */
export const queueLaws: readonly Law[] = [
  {
    title: "a paused queue lends nothing to anyone until it is resumed",
    async check(bench) {
      const job = await bench.put();
      await bench.pause(bench.queue);
      await bench.pause(bench.queue);
      assert.deepEqual(await bench.take(), []);
      const other = await bench.other();
      const seen = await other.broker.claim(await bench.ask({ worker: "bob" }), bench.at);
      assert.deepEqual(seen.deliveries, []);
      assert.equal(seen.lapsed, false);
      await bench.resume(bench.queue);
      assert.deepEqual(ids(await bench.take()), [job.id]);
    },
  },
  {
    title: "a queue can be paused before it exists, and pausing passes over that queue alone",
    async check(bench) {
      const [held, open] = [bench.name("held"), bench.name("open")];
      await bench.pause(held);
      const [inHeld, inOpen] = [bench.job({ queue: held }), bench.job({ queue: open })];
      await bench.enqueue(inHeld, inOpen);
      assert.deepEqual(ids(await bench.take({ from: [{ queue: held }, { queue: open }] })), [inOpen.id]);
      assert.equal(await bench.state(inHeld.id), "ready");
    },
  },
  {
    title: "pausing a queue does not touch its running jobs",
    async check(bench) {
      const job = await bench.put();
      const delivery = await bench.takeOne();
      await bench.pause(bench.queue);
      await bench.succeed(delivery, "1");
      assert.equal(await bench.state(job.id), "succeeded");
    },
  },
  {
    title: "queues are listed by name with what they hold",
    async check(bench) {
      const [a, b, c] = [bench.name("a"), bench.name("b"), bench.name("c")];
      const [next, first] = [bench.job({ queue: b, waitsFor: 1 }), bench.job({ queue: b })];
      await bench.enqueue(...bench.jobs(5, { queue: b }), bench.job({ queue: b, delayMs: 100 }));
      await bench.enqueue({ ...first, delayMs: 900, links: [{ to: next.id, position: 0 }] }, next);
      await bench.pause(c);
      await bench.enqueue(bench.job({ queue: a, delayMs: 100 }));
      const [one, two, three] = await bench.take({ from: [{ queue: b }], limit: 3 });
      await bench.end(two!, { as: "parked", waits: [{ name: bench.name("paid"), key: "", after: 0 }] });
      await bench.fail(three!);
      assert.equal(one!.job.queue, b);
      const none = { ready: 0, delayed: 0, active: 0, blocked: 0, parked: 0, dead: 0 };
      assert.deepEqual(await bench.queues(), [
        { ...none, queue: a, paused: false, delayed: 1 },
        { queue: b, paused: false, ready: 2, delayed: 2, active: 1, blocked: 1, parked: 1, dead: 1, oldestAt: bench.now },
        { ...none, queue: c, paused: true },
      ]);
      bench.pass(100);
      const [later] = await bench.queues();
      assert.deepEqual(later, { ...none, queue: a, paused: false, ready: 1, oldestAt: bench.now }, "what was delayed is due now");
    },
  },
  {
    title: "a queue tells when the job fell due that has been due for the longest, of whatever priority",
    async check(bench) {
      const oldest = async (): Promise<number | undefined> => (await bench.queues()).find(({ queue }) => queue === bench.queue)?.oldestAt;
      const start = bench.now;
      await bench.put({ delayMs: 500 });
      assert.equal(await oldest(), undefined, "none is due");
      await bench.put({ dueAt: start - 300, priority: 2 });
      bench.pass(100);
      const gone = await bench.put({ priority: 9 });
      const [later, urgent] = [await bench.put(), await bench.put({ priority: 9, headers: { a: "b" } })];
      assert.equal(await oldest(), start - 300);
      await bench.cancel([gone.id], "not wanted");
      const taken = await bench.take({ limit: 2 });
      assert.equal(ids(taken)[0], urgent.id);
      assert.equal(await oldest(), start + 100);
      await bench.cancel([later.id], "not wanted");
      assert.equal(await oldest(), undefined, "what was cancelled is not due, nor is what runs");
      await bench.end(taken[0]!, { as: "ready", attempt: "spent", delayMs: 50 });
      bench.pass(400);
      assert.equal(await oldest(), start + 150);
    },
  },
  {
    title: "counts of queues are exact up to the bound that is asked for, and one that may go on says that it is capped",
    async check(bench) {
      const names = ["due", "later", "few"].map((word) => bench.name(word));
      const [due, later, few] = names as [string, string, string];
      await bench.enqueue(...bench.jobs(5, (i) => ({ queue: due, priority: i })), ...bench.jobs(5, { queue: later, delayMs: 100 }));
      await bench.enqueue(...bench.jobs(3, { queue: few }));
      const list = async (upTo: number): Promise<readonly (readonly [number, boolean])[]> => {
        const { items } = await bench.adapter.queues.list({ names, upTo }, bench.at);
        const counts = new Map(items.map((info) => [info.queue, [info.ready + info.delayed, info.capped === true] as const]));
        return names.map((name) => counts.get(name)!);
      };
      assert.deepEqual(await list(5), [
        [5, false],
        [5, false],
        [3, false],
      ]);
      for (const [at, [count, isCapped]] of (await list(3)).entries()) {
        const all = at === 2 ? 3 : 5;
        // Stores that keep their counts have no need to stop.
        assert.ok(isCapped ? count === 3 && all > 3 : count === all, `${count} of ${all}`);
      }
    },
  },
  {
    title: "queues are listed page by page, each once, and only a page without a next is the last",
    async check(bench) {
      const five = await fiveQueues(bench);
      const seen: string[] = [];
      let from: string | undefined;
      do {
        const page = await bench.adapter.queues.list({ limit: 2, ...(from !== undefined && { from }) }, bench.at);
        assert.ok(page.items.length <= 2, "no page is longer than was asked for");
        seen.push(...names(page.items));
        from = page.next;
        assert.ok(seen.length <= 5, "pages come to an end");
      } while (from !== undefined);
      assert.deepEqual(seen, five);
    },
  },
  {
    title: "of queues that are asked for by name those are listed that hold a job or are paused",
    async check(bench) {
      const [a, , c, d] = await fiveQueues(bench);
      const { queues } = bench.adapter;
      const asked = [d!, bench.name("unknown"), a!, c!, a!];
      assert.deepEqual(names((await queues.list({ names: asked }, bench.at)).items), [a, c, d]);
      const first = await queues.list({ names: asked, limit: 1 }, bench.at);
      assert.deepEqual(names(first.items), [a]);
      assert.deepEqual(names((await queues.list({ names: asked, from: first.next! }, bench.at)).items), [c, d]);
      assert.deepEqual(await queues.list({ names: [] }, bench.at), { items: [] });
    },
  },
  {
    title: "several queues are paused and resumed by one call, which others hold no part in",
    async check(bench) {
      const [a, b, , d] = await fiveQueues(bench);
      const { queues } = bench.adapter;
      const paused = async (): Promise<readonly string[]> => names((await bench.queues()).filter((info) => info.paused));
      await queues.change([a!, d!, a!], { paused: true }, bench.at);
      assert.deepEqual((await paused()).length, 3);
      assert.equal((await paused()).includes(b!), false);
      await queues.change([], { paused: true }, bench.at);
      await queues.change(await paused(), { paused: false }, bench.at);
      assert.deepEqual(await paused(), []);
      assert.equal((await bench.queues()).length, 4, "a queue that holds nothing is gone with its pause");
    },
  },
  {
    title: "a filter or a change of queues that is not understood is refused, and nothing is paused or resumed",
    async check(bench) {
      const [a] = await fiveQueues(bench);
      const { queues } = bench.adapter;
      await queues.change([a!], { paused: true }, bench.at);
      const before = await bench.queues();
      for (const change of [{ pausd: true }, {}, { paused: undefined }, { paused: "no" }, { paused: true, until: 1 }, undefined])
        await assert.rejects(async () => queues.change([a!], change as never, bench.at), { name: "OptionError" }, JSON.stringify(change));
      for (const filter of [{ name: [a] }, { names: a }, { limit: 0 }, { limit: Number.NaN }, { upTo: -1 }, { cursor: a }, { from: 5 }])
        await assert.rejects(async () => queues.list(filter as never, bench.at), { name: "OptionError" }, JSON.stringify(filter));
      assert.deepEqual(await bench.queues(), before);
    },
  },
];
