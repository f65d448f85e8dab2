import { expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import { StoreError, type Adapter } from "../../../lib/contract/index.js";
import { Stem, TaskRegistry } from "../../../lib/core/index.js";

it("Health looks at queues with a small bound, once, and counts and lists no jobs", async () => {
  const adapter = memory();
  await adapter.open();
  await adapter.broker.enqueue([{ id: "a", task: "t", queue: "mail", payload: "" }]);
  const asked: unknown[] = [];
  const refuse = (): never => {
    throw new Error("Health asked for jobs.");
  };
  const watched: Adapter = {
    ...adapter,
    queues: { ...adapter.queues, list: (filter, options) => (asked.push(filter), adapter.queues.list(filter, options)) },
    jobs: { ...adapter.jobs, count: refuse, list: refuse },
    broker: { ...adapter.broker, claim: refuse },
  };
  expect(await new Stem({ adapter: watched, registry: new TaskRegistry() }).health()).toMatchObject({
    ok: true,
    queues: [{ queue: "mail", ready: 1 }],
  });
  expect(asked).toEqual([{ upTo: 1_000 }]);
  await adapter.close();
});

it("The health of a store that answers and takes no writes is bad, with the reason, and leaves nothing behind where it is good", async () => {
  const adapter = memory();
  await adapter.open();
  const sound = new Stem({ adapter, registry: new TaskRegistry() });
  expect(await sound.health()).toMatchObject({ ok: true });
  expect(await sound.health()).toMatchObject({ ok: true });
  const full = new StoreError("STEM_STORE_FAILED", "The disk is full.", "Free some space.");
  const refusing: Adapter = { ...adapter, locks: { ...adapter.locks, acquire: () => Promise.reject(full) } };
  expect(await new Stem({ adapter: refusing, registry: new TaskRegistry() }).health()).toMatchObject({
    ok: false,
    code: "STEM_STORE_FAILED",
    error: expect.stringContaining("Free some space"),
  });
  const released: string[] = [];
  const watched: Adapter = {
    ...adapter,
    locks: { ...adapter.locks, release: (lock) => (released.push(lock.name), adapter.locks.release(lock)) },
  };
  await new Stem({ adapter: watched, registry: new TaskRegistry() }).health();
  expect(released).toHaveLength(1);
  await adapter.close();
});
