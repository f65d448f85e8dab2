import { expect } from "@jest/globals";
import type { Adapter, NewJob, Unique } from "../../lib/contract/index.js";

/** Stores jobs with keys and has them go in every way; `count` is how many keys the store has rows of. */
export async function keysAreForgotten(adapter: Adapter, count: () => Promise<number>): Promise<void> {
  const { broker, jobs, workers } = adapter;
  const now = 1_767_225_600_000;
  const at = { now };
  const job = (id: string, until: Unique["until"], over: Partial<NewJob> = {}): NewJob => ({
    id,
    task: "t",
    queue: "q",
    payload: "{}",
    unique: { key: id, until, whenHeld: "keep" },
    ...over,
  });
  await workers.renew({ id: "w", leaseMs: 60_000, info: {} }, [], at);
  const claim = { worker: "w", from: [{ queue: "q" }], limit: 10 };

  await broker.enqueue([job("quick", "ended", { keepResultMs: 0 }), job("kept", "started", { keepResultMs: 10 })], at);
  expect(await count()).toBe(2);
  const { deliveries } = await broker.claim(claim, at);
  await broker.settle(
    deliveries.map(({ lease }) => ({ lease, as: "succeeded" })),
    undefined,
    at,
  );
  expect(await count()).toBe(1);
  await jobs.prune(100, { now: now + 10 });
  expect(await count()).toBe(0);

  await broker.enqueue([job("removed", "ended"), job("timed", { ms: 1_000 }, { dueAt: now + 5_000 })], at);
  // Known, so that nothing is taken for it.
  await broker.enqueue([{ ...job("removed", "ended"), unique: { key: "other", until: "ended", whenHeld: "keep" } }], at);
  expect(await count()).toBe(2);
  await jobs.change({ ids: ["removed", "timed"] }, { to: "forgotten" }, at);
  expect(await count()).toBe(1);
  await jobs.prune(100, { now: now + 999 });
  expect(await count()).toBe(1);
  await jobs.prune(100, { now: now + 1_000 });
  expect(await count()).toBe(0);
}
