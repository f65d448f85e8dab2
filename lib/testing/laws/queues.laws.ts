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
        { queue: b, paused: false, ready: 2, delayed: 2, active: 1, blocked: 1, parked: 1, dead: 1 },
        { ...none, queue: c, paused: true },
      ]);
      bench.pass(100);
      const [later] = await bench.queues();
      assert.deepEqual(later, { ...none, queue: a, paused: false, ready: 1 }, "what was delayed is due now");
    },
  },
  {
    title: "queues are listed page by page, each once, and only a page without a next is the last",
    async check(bench) {
      const five = await fiveQueues(bench);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await bench.adapter.queues.list({ limit: 2, ...(cursor !== undefined && { cursor }) }, bench.at);
        assert.ok(page.items.length <= 2, "no page is longer than was asked for");
        seen.push(...names(page.items));
        cursor = page.next;
        assert.ok(seen.length <= 5, "pages come to an end");
      } while (cursor !== undefined);
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
      assert.deepEqual(names((await queues.list({ names: asked, cursor: first.next! }, bench.at)).items), [c, d]);
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
];
