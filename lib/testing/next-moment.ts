import { DECLARED } from "../core/beat/schedule.js";
import type { StemRuntime } from "../nest/runtime.js";

/**
 * When something that is stored falls due next: a job, a park's deadline, a slot.
 * Undefined: nothing is foreseen. Called after a drain, when nothing is due.
 */
export async function nextMoment(runtime: StemRuntime): Promise<number | undefined> {
  const { adapter, clock } = runtime.stem;
  const only = runtime.schedules.map(({ id }) => id);
  const { nextDueAt: slot } = await adapter.schedules.due([DECLARED], 1, { only });
  const moments = [slot, await nextJob(runtime)].filter((moment) => moment !== undefined);
  return moments.length === 0 ? undefined : Math.max(Math.min(...moments), clock.now());
}

/**
 * When the next stored job falls due.
 * Only a claim knows that; and only a claim ends waits whose deadline has passed, which until then do not
 * count as due. A job that it lends is handed back at once, as its worker leaves.
 */
export async function nextJob(runtime: StemRuntime): Promise<number | undefined> {
  const { adapter, ids } = runtime.stem;
  const queues = (await runtime.stem.queues()).map(({ queue }) => ({ queue }));
  if (queues.length === 0) return undefined;
  const worker = `test-kit:${ids()}`;
  await adapter.workers.renew({ id: worker, leaseMs: 60_000, info: { name: "test kit" } }, []);
  const { nextDueAt } = await adapter.broker.claim({ worker, from: queues, limit: 1 });
  await adapter.workers.leave(worker);
  return nextDueAt;
}
