import { describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import type { Adapter } from "../../../lib/contract/adapter.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";

/** A Stem whose store counts the questions it is asked, with a dead letter and a waiting job in it. */
async function asked() {
  const adapter = memory();
  await adapter.open();
  await adapter.workers.renew({ id: "w", leaseMs: 60_000, info: {} }, []);
  await adapter.broker.enqueue([{ id: "bad", task: "t", queue: "q", payload: "1" }]);
  const { deliveries } = await adapter.broker.claim({ worker: "w", from: [{ queue: "q" }], limit: 1 });
  await adapter.broker.settle([{ lease: deliveries[0]!.lease, as: "failed", cause: "error", error: { name: "E", message: "m" } }]);
  await adapter.broker.enqueue([{ id: "waits", task: "t", queue: "q", payload: "1" }]);
  let questions = 0;
  const counting = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (of, key) => {
        const verb = Reflect.get(of, key) as unknown;
        return typeof verb !== "function"
          ? verb
          : (...args: unknown[]) => (questions++, (verb as (...args: unknown[]) => unknown)(...args));
      },
    });
  const watched: Adapter = { ...adapter, broker: counting(adapter.broker), jobs: counting(adapter.jobs) };
  const stem = new Stem({ adapter: watched, registry: new TaskRegistry() });
  return { stem, adapter, questions: () => questions };
}

type Ask = (stem: Stem, filter: never) => Promise<unknown>;

const VERBS: Readonly<Record<string, Ask>> = {
  jobs: (stem, filter) => stem.jobs(filter),
  counts: (stem, filter) => stem.counts(filter),
  "deadLetters.list": (stem, filter) => stem.deadLetters.list(filter),
  "deadLetters.purge": (stem, filter) => stem.deadLetters.purge(filter),
};

const LISTS: Readonly<Record<string, Ask>> = {
  cancel: (stem, ids) => stem.cancel(ids),
  pause: (stem, queues) => stem.pause(queues),
  resume: (stem, queues) => stem.resume(queues),
  "deadLetters.retry": (stem, ids) => stem.deadLetters.retry(ids),
};

describe("A filter that is not understood is refused before the store hears of it:", () => {
  for (const [name, ask] of Object.entries(VERBS)) {
    it(`${name} refuses a field nobody knows, and says which is meant`, async () => {
      const { stem, adapter, questions } = await asked();
      await expect(ask(stem, { quue: "q" } as never)).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN", hint: 'Did you mean "queue"?' });
      await expect(ask(stem, { queue: "q", olderThan: "7d" } as never)).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
      expect(questions()).toBe(0);
      expect(await adapter.jobs.count()).toMatchObject({ failed: 1, ready: 1 });
    });

    it(`${name} refuses a known field of a wrong type, and what is no filter`, async () => {
      const { stem, questions } = await asked();
      for (const filter of [{ queue: 5 }, { queue: null }, { task: ["t"] }, null, "q", ["q"], 7])
        await expect(ask(stem, filter as never)).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
      expect(questions()).toBe(0);
    });
  }

  it("a state that there is not is refused, and the nearest named", async () => {
    const { stem } = await asked();
    await expect(stem.jobs({ state: "suceeded" as never })).rejects.toMatchObject({
      code: "STEM_OPTION_INVALID",
      hint: expect.stringContaining('Did you mean "succeeded"?'),
    });
  });

  it("a limit that is no whole number of 1 or more is refused", async () => {
    const { stem } = await asked();
    for (const limit of [0, -1, 1.5, Number.NaN, "5" as never]) {
      await expect(stem.jobs({ limit })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
      await expect(stem.deadLetters.list({ limit })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    }
  });

  for (const [name, ask] of Object.entries(LISTS))
    it(`${name} refuses what is no list of names`, async () => {
      const { stem, questions } = await asked();
      for (const list of [undefined, null, { queue: "q" }, ["q", undefined], [5], 5])
        await expect(ask(stem, list as never)).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
      expect(questions()).toBe(0);
    });

  it("a purge that chooses nothing is refused, whatever else it says", async () => {
    const { stem, adapter } = await asked();
    for (const filter of [{}, { queue: undefined }, { limit: 1_000 }, { queue: undefined, cursor: "bad", limit: 5 }, { all: undefined }])
      await expect(stem.deadLetters.purge(filter as never)).rejects.toMatchObject({ code: "STEM_FILTER_EMPTY" });
    for (const filter of [{ all: false }, { all: 1 }, { all: true, queue: "q" }])
      await expect(stem.deadLetters.purge(filter as never)).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    expect(await adapter.jobs.count()).toMatchObject({ failed: 1 });
  });

  it("an id alone may stand for a list of one", async () => {
    const { stem } = await asked();
    expect(await stem.deadLetters.retry("bad")).toEqual(["bad"]);
    expect(await stem.cancel("waits")).toMatchObject([{ as: "cancelled" }]);
  });

  it("what is understood is asked as it is", async () => {
    const { stem } = await asked();
    expect(await stem.jobs({ state: "failed", task: "t", queue: "q", limit: 5 })).toMatchObject([{ id: "bad" }]);
    expect(await stem.counts({ task: "t" })).toMatchObject({ failed: 1, ready: 1 });
    expect(await stem.deadLetters.list({ ids: ["bad"], before: Date.now() + 1_000 })).toMatchObject([{ id: "bad" }]);
    expect(await stem.deadLetters.purge({ queue: "q", limit: 1 })).toBe(1);
  });

  it("and TypeScript refuses what it can see", () => {
    const query: { queue?: string } = {};
    const old = { limit: 2, olderThan: "7d" };
    const calls = (stem: Stem): unknown[] => [
      // @ts-expect-error the queue may be undefined, and then nothing is chosen
      stem.deadLetters.purge({ queue: query.queue, limit: 1_000 }),
      // @ts-expect-error nothing is chosen
      stem.deadLetters.purge(query),
      // @ts-expect-error nothing known is chosen
      stem.deadLetters.purge(old),
      // @ts-expect-error all is true or left out
      stem.deadLetters.purge({ all: false }),
      // @ts-expect-error either all or some
      stem.deadLetters.purge({ all: true, queue: "q" }),
      // @ts-expect-error there is no such field
      stem.jobs({ quue: "q" }),
      // @ts-expect-error there is no such state
      stem.jobs({ state: "running" }),
      // @ts-expect-error counts are by state already
      stem.counts({ state: "failed" }),
      stem.deadLetters.purge({ queue: "q", limit: 5 }),
      stem.deadLetters.purge({ all: true, limit: 5 }),
    ];
    expect(calls).toBeInstanceOf(Function);
  });
});
