import { describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import type { Delivery } from "../../../lib/contract/job.js";
import type { Ending } from "../../../lib/contract/broker.js";
import { inputsOf, payloadOf } from "../../../lib/core/canvas/payload-of.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";

/** Two Stems on one store, and a worker in slow motion. */
async function two() {
  const adapter = memory();
  await adapter.open();
  const registry = new TaskRegistry();
  for (const name of ["double", "total"]) registry.add(defineTask({ name, kind: "task", where: name, run: () => {} }, { queue: "sums" }));
  const here = new Stem({ adapter, registry });
  const there = new Stem({ adapter, registry: new TaskRegistry() });
  await adapter.workers.renew({ id: "w", leaseMs: 60_000, info: {} }, []);
  const work = async (run: (payload: unknown, delivery: Delivery) => Ending): Promise<number> => {
    const { deliveries } = await adapter.broker.claim({ worker: "w", from: [{ queue: "sums" }], limit: 1_000 });
    await adapter.broker.settle(
      deliveries.map((delivery) => ({ lease: delivery.lease, ...run(payloadOf(delivery, here.codec), delivery) })),
    );
    return deliveries.length;
  };
  return { adapter, here, there, work };
}

const ok = (value: unknown): Ending => ({ as: "succeeded", result: JSON.stringify(value) });
const sum = (payload: unknown): number => (payload as (number | undefined)[]).reduce<number>((all, one) => all + (one ?? 0), 0);

describe("On the memory adapter", () => {
  it("a result arrives at both Stems, by the hint and not by the poll", async () => {
    const { here, there, work } = await two();
    const handle = await here.enqueue("double", 4);
    const results = [handle.result({ timeout: 500 }), there.handle(handle.id).result({ timeout: 500 })];
    expect(await work((payload) => ok((payload as number) * 2))).toBe(1);
    expect(await Promise.all(results)).toEqual([8, 8]);
    expect(await here.counts()).toMatchObject({ succeeded: 1, ready: 0 });
    expect(await there.jobs({ task: "double" })).toMatchObject([{ id: handle.id, state: "succeeded" }]);
  });

  it("a chain hands each result to the next", async () => {
    const { here, work } = await two();
    const double = here.task<number, number>("double");
    const chain = await here.chain(double.signature(1), double.signature(), double.signature());
    for (let i = 0; i < 3; i++) expect(await work((payload) => ok((payload as number) * 2))).toBe(1);
    expect(await chain.result()).toBe(8);
  });

  it("a chord hands the list of results to its callback, in order, also when the members came in many batches", async () => {
    const { here, work } = await two();
    const double = here.task<number, number>("double");
    const members = Array.from({ length: 2_500 }, (_, n) => double.signature(n));
    const chord = await here.chord(members, here.signature("total"));
    let last: unknown;
    while ((await work((payload, { job }) => ok(job.task === "total" ? (last = payload) && sum(payload) : payload))) > 0);
    expect(last).toEqual(Array.from({ length: 2_500 }, (_, n) => n));
    expect(await chord.result()).toBe((2_500 * 2_499) / 2);
    expect(await here.counts({ group: chord.jobs[0]!.id.slice(0, -2) })).toMatchObject({ succeeded: 2_500 });
  });

  it("a chord passes over a failed member that says so, and its failure is among the inputs", async () => {
    const { here, work } = await two();
    const double = here.task<number, number>("double");
    const chord = await here.chord([double.signature(1), double.signature(2, { onFailure: "continue" })], here.signature("total"));
    const error = { name: "Error", message: "no" };
    await work((payload) => (payload === 2 ? { as: "failed", cause: "error", error } : ok(10)));
    let inputs: unknown;
    await work((payload, delivery) => {
      inputs = inputsOf(delivery, here.codec);
      return ok(payload);
    });
    expect(await chord.result()).toEqual([10, null]);
    expect(inputs).toMatchObject([
      { state: "succeeded", result: 10 },
      { state: "failed", error },
    ]);
  });

  it("a chord whose member fails ends with it, and the waiter hears why", async () => {
    const { here, there, work } = await two();
    const double = here.task<number, number>("double");
    const chord = await here.chord([double.signature(1)], here.signature("total"));
    const result = there.handle(chord.id).result({ timeout: 500 });
    result.catch(() => {});
    await work(() => ({ as: "failed", cause: "error", error: { name: "Error", message: "no" } }));
    await expect(result).rejects.toMatchObject({ code: "STEM_JOB_FAILED", state: "failed" });
  });

  it("a repeated canvas and a repeated event change nothing", async () => {
    const { here } = await two();
    const double = here.task<number, number>("double");
    await here.group([double.signature(1), double.signature(2)], { id: "g" });
    const again = await here.group([double.signature(1), double.signature(2)], { id: "g" });
    expect(again.jobs.map(({ duplicate }) => duplicate)).toEqual([true, true]);
    expect(await here.counts()).toMatchObject({ ready: 2 });
    expect([(await here.emit("e", "k", 1, { id: "1" })).duplicate, (await here.emit("e", "k", 1, { id: "1" })).duplicate]).toEqual([
      false,
      true,
    ]);
  });

  it("a job that keeps no result is said not to be kept once it has ended, where nobody tells how", async () => {
    const { here, work } = await two();
    const handle = await here.enqueue("double", 1, { keepResult: 0 });
    const result = handle.result({ timeout: 500 });
    result.catch(() => {});
    await work(() => ok(1));
    await expect(result).rejects.toMatchObject({ code: "STEM_RESULT_NOT_KEPT" });
  });

  it("queues pause and resume, and jobs are cancelled, through the Stem", async () => {
    const { here, work } = await two();
    await here.pause("sums");
    const { id, cancel } = await here.enqueue("double", 1).then((handle) => ({ id: handle.id, cancel: () => handle.cancel() }));
    expect(await work(() => ok(1))).toBe(0);
    expect(await here.queues()).toMatchObject([{ queue: "sums", paused: true, ready: 1 }]);
    await here.resume("sums");
    expect(await cancel()).toBe(true);
    expect(await here.cancel([id, "never"])).toMatchObject([
      { id, as: "ended" },
      { id: "never", as: "unknown" },
    ]);
    expect(await here.deadLetters.list()).toEqual([]);
  });
});
