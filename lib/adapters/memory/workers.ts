import { limitOf, numberFrom, pageOf, type WorkerRecord, type Workers } from "../../contract/index.js";
import { loanOf, release } from "./lease.js";
import { enterLine } from "./line.js";
import type { WorkerRow } from "./rows.js";
import type { Store } from "./store.js";

/** How long a lapsed worker is still listed. One hour. */
const REMEMBER_MS = 3_600_000;

/** Orders of one renewal, at most. */
const ORDERS = 100;

export function workers(store: Store): Workers {
  return {
    renew: async ({ id, leaseMs, info, heard = 0 }, held, options) =>
      store.step(options, (now) => {
        const known = store.workers.get(id);
        const fresh = { info: { ...info }, seenAt: now, leaseUntil: now + leaseMs };
        const worker = known === undefined ? { id, ...newcomer(store, now), ...fresh } : Object.assign(known, fresh);
        store.workers.set(id, worker);
        if (heard > 0 && worker.orders.length > 0) worker.orders = worker.orders.filter(({ no }) => no > heard);
        const lost = held.filter((lease) => loanOf(store, lease)?.worker !== worker).map(({ jobId }) => jobId);
        return { lost, orders: worker.orders.slice(0, ORDERS), now };
      }),
    leave: async (id, options) =>
      store.step(options, (now) => {
        for (const row of store.workers.get(id)?.held ?? []) {
          row.attempts--;
          release(row);
          enterLine(store, row, now);
        }
        store.workers.delete(id);
      }),
    list: async (filter, options) =>
      store.step(options, (now) => {
        const after = numberFrom(filter);
        const found = [...store.workers.values()].filter(({ no, leaseUntil }) => no > after && leaseUntil + REMEMBER_MS >= now);
        const { items, next } = pageOf(found, limitOf(filter), ({ no }) => String(no));
        return { items: items.map(recordOf), ...(next !== undefined && { next }) };
      }),
    order: async (ids, text, options) =>
      store.step(options, (now) => {
        const asked = ids === "all" ? store.workers.values() : [...new Set(ids)].map((id) => store.workers.get(id));
        const no = store.orderNo + 1;
        let count = 0;
        for (const worker of asked) {
          if (worker === undefined || worker.leaseUntil <= now) continue;
          worker.orders.push({ no, text });
          count++;
        }
        if (count > 0) store.orderNo = no;
        return count;
      }),
  };
}

function newcomer(store: Store, now: number): Pick<WorkerRow, "no" | "startedAt" | "held" | "orders"> {
  return { no: ++store.workerNo, startedAt: now, held: new Set<never>(), orders: [] };
}

function recordOf({ id, info, startedAt, seenAt, leaseUntil, held }: WorkerRow): WorkerRecord {
  return { id, info, startedAt, seenAt, leaseUntil, active: held.size };
}

/** Forgets workers that lapsed long ago and hold nothing. */
export function pruneWorkers(store: Store, now: number): void {
  for (const [id, { leaseUntil, held }] of store.workers) if (leaseUntil + REMEMBER_MS < now && held.size === 0) store.workers.delete(id);
}
