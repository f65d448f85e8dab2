import type { Workers } from "../../contract/index.js";
import type { Store } from "./store.js";

/** How long a lapsed worker is still listed. One hour. */
const REMEMBER_MS = 3_600_000;

export function workers(store: Store): Workers {
  return {
    beat: async ({ id, leaseMs, info }, held, options) =>
      store.step(options, (now) => {
        const known = store.workers.get(id);
        const fresh = { info: { ...info }, seenAt: now, leaseUntil: now + leaseMs };
        const worker = known === undefined ? { id, startedAt: now, held: new Set<never>(), ...fresh } : Object.assign(known, fresh);
        store.workers.set(id, worker);
        const lost = held.filter((lease) => store.lentUnder(lease)?.worker !== worker).map(({ jobId }) => jobId);
        return { lost, now };
      }),
    leave: async (id, options) =>
      store.step(options, (now) => {
        for (const row of store.workers.get(id)?.held ?? []) {
          row.attempts--;
          store.release(row);
          store.makeReady(row, now);
        }
        store.workers.delete(id);
      }),
    list: async (options) =>
      store.step(options, (now) =>
        [...store.workers.values()]
          .filter(({ leaseUntil }) => leaseUntil + REMEMBER_MS >= now)
          .map(({ id, info, startedAt, seenAt, leaseUntil, held }) => ({ id, info, startedAt, seenAt, leaseUntil, active: held.size })),
      ),
  };
}

/** Forgets workers that lapsed long ago and hold nothing. */
export function pruneWorkers(store: Store, now: number): void {
  for (const [id, { leaseUntil, held }] of store.workers) if (leaseUntil + REMEMBER_MS < now && held.size === 0) store.workers.delete(id);
}
