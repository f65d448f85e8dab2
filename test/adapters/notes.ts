import type { Adapter, Delivery, NewJob } from "../../lib/contract/index.js";

/** Rows of the notes below: one for the state, and one for each line. */
const ROWS = 3;

/**
 * Has jobs note something, through one handle and through another, and then forgets them in every way.
 * `expectRows` looks for rows of notes in the store.
 */
export async function noteAndForget(adapter: Adapter, other: Adapter, expectRows: (count: number) => Promise<void>): Promise<void> {
  await adapter.workers.renew({ id: "ann", leaseMs: 3_600_000, info: {} }, []);
  let serial = 0;
  const noted = async (over: Partial<NewJob>, by: Adapter): Promise<Delivery> => {
    await adapter.broker.enqueue([{ id: `job${++serial}`, task: "t", queue: "q", payload: "{}", ...over }]);
    const { deliveries } = await adapter.broker.claim({ worker: "ann", from: [{ queue: "q" }], limit: 1 });
    const [delivery] = deliveries;
    await by.journal.append([{ lease: delivery!.lease, note: { state: "half", log: ["one", "two"] } }]);
    await expectRows(ROWS);
    return delivery!;
  };
  for (const by of [adapter, other]) {
    // The plain way to end a job, through the handle that has lent it.
    const plain = await noted({ keepResultMs: 0 }, by);
    await adapter.broker.settle([{ lease: plain.lease, as: "succeeded" }]);
    await expectRows(0);
    const last = await noted({ keepResultMs: 0 }, by);
    await adapter.broker.settle([{ lease: last.lease, as: "succeeded", note: { log: ["last"] } }]);
    await expectRows(0);
    const retried = await noted({ keepResultMs: 0 }, by);
    await adapter.broker.settle([{ lease: retried.lease, as: "ready", attempt: "spent" }]);
    const { deliveries: again } = await adapter.broker.claim({ worker: "ann", from: [{ queue: "q" }], limit: 1 });
    await adapter.broker.settle([{ lease: again[0]!.lease, as: "succeeded" }]);
    await expectRows(0);
    const anew = await noted({}, by);
    await adapter.broker.settle([{ lease: anew.lease, as: "anew", payload: "2", note: { log: ["last"] } }]);
    await expectRows(0);
    await adapter.jobs.change({ ids: [anew.job.id] }, { to: "forgotten" });
    const kept = await noted({ keepResultMs: 1 }, by);
    await adapter.broker.settle([{ lease: kept.lease, as: "succeeded" }]);
    await expectRows(ROWS);
    await adapter.jobs.prune(undefined, { now: Date.now() + 1_000 });
    await expectRows(0);
    const replaced = await noted({ keepResultMs: 1_000_000 }, by);
    await adapter.broker.settle([{ lease: replaced.lease, as: "succeeded" }]);
    const { id, task, queue } = replaced.job;
    await adapter.broker.enqueue([{ id, task, queue, payload: "{}", known: "again" }]);
    await expectRows(0);
    await adapter.jobs.change({ ids: [id] }, { to: "forgotten" });
  }
}
