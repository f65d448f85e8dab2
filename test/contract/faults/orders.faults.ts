import type { Order, Renewal, Renewed } from "../../../lib/contract/index.js";
import { but, inWorkers } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const renewedAs = (change: (renewed: Renewed, renewal: Renewal) => Renewed): Fault =>
  inWorkers(({ renew }) => ({ renew: async (renewal, held, options) => change(await renew(renewal, held, options), renewal) }));

/**
 * Orders are kept beside the store, where they outlive their workers.
 *
 * @param most of one renewal
 * @param pause between number and storing
 */
const beside = (most: number, pause?: (no: number) => Promise<void>): Fault =>
  inWorkers(({ renew, order, list }) => {
    const kept = new Map<string, readonly Order[]>();
    let last = 0;
    return {
      order: async (ids, text, options) => {
        const no = ++last;
        await pause?.(no);
        const live = ids === "all" ? (await list({}, options)).items.map(({ id }) => id) : ids;
        const count = await order(ids, text, options);
        if (count > 0) for (const id of live) kept.set(id, [...(kept.get(id) ?? []), { no, text }]);
        return count;
      },
      renew: async (renewal, held, options) => {
        const left = (kept.get(renewal.id) ?? []).filter((one) => one.no > (renewal.heard ?? 0));
        kept.set(renewal.id, left);
        return but(await renew(renewal, held, options), { orders: left.slice(0, most) });
      },
    };
  });

/** Faults of `workers.order`, and of what renewals answer of orders. */
export const orderFaults: Faults = {
  "an order reaches the first worker only": inWorkers(({ order, list }) => ({
    order: async (ids, text, options) => {
      const live = (await list({}, options)).items.filter(({ leaseUntil }) => leaseUntil > (options?.now ?? 0));
      const asked = ids === "all" ? live.map(({ id }) => id) : ids;
      await order(asked.slice(0, 1), text, options);
      return asked.length;
    },
  })),
  "an order is answered once": (adapter) => {
    const given = new Set<number>();
    return renewedAs((renewed) => {
      const orders = renewed.orders.filter(({ no }) => !given.has(no));
      for (const { no } of orders) given.add(no);
      return but(renewed, { orders });
    })(adapter);
  },
  "what is heard is answered again": inWorkers(({ renew }) => ({
    renew: ({ id, leaseMs, info }, held, options) => renew({ id, leaseMs, info }, held, options),
  })),
  "hearing one order forgets all": inWorkers(({ renew }) => ({
    renew: (renewal, held, options) => renew(renewal.heard === undefined ? renewal : but(renewal, { heard: 1e12 }), held, options),
  })),
  "orders come latest first": renewedAs((renewed) => but(renewed, { orders: renewed.orders.toReversed() })),
  "all orders come at once": beside(Number.POSITIVE_INFINITY),
  "orders outlive their workers": beside(100),
  "orders are numbered before they are stored": beside(100, (no) => new Promise((resolve) => setTimeout(resolve, no % 2 === 0 ? 0 : 5))),
  "orders are for live workers alone": inWorkers(({ renew, list }) => ({
    renew: async (renewal, held, options) => {
      const known = (await list({}, options)).items.find(({ id }) => id === renewal.id);
      const renewed = await renew(renewal, held, options);
      return known !== undefined && known.leaseUntil <= (options?.now ?? 0) ? but(renewed, { orders: [] }) : renewed;
    },
  })),
  "an order to all waits for those that come later": inWorkers(({ renew, order }) => {
    const orders: Order[] = [];
    return {
      order: async (ids, text, options) => {
        orders.push({ no: orders.length + 1, text });
        return order(ids, text, options);
      },
      renew: async (renewal, held, options) =>
        but(await renew(renewal, held, options), { orders: orders.filter(({ no }) => no > (renewal.heard ?? 0)) }),
    };
  }),
  "unknown and lapsed workers count as ordered": inWorkers(({ order }) => ({
    order: async (ids, text, options) => {
      const count = await order(ids, text, options);
      return ids === "all" ? count : ids.length;
    },
  })),
  "each worker's orders have numbers of their own": (adapter) => {
    const first = new Map<string, number>();
    return renewedAs((renewed, { id }) => {
      const [order] = renewed.orders;
      if (order !== undefined && !first.has(id)) first.set(id, order.no - 1 - first.size);
      return but(renewed, { orders: renewed.orders.map(({ no, text }) => ({ no: no - (first.get(id) ?? 0), text })) });
    })(adapter);
  },
  "what was heard is taken for a number, whatever it is": inWorkers(({ renew }) => ({
    renew: (worker, held, options) => {
      const heard = Math.ceil(Number(worker.heard ?? 0));
      return renew({ ...worker, heard: heard > 0 ? Math.min(heard, Number.MAX_SAFE_INTEGER) : 0 }, held, options);
    },
  })),
  "what a page of workers does not know it leaves out": inWorkers(({ list }) => ({
    list: ({ limit, from } = {}, options) =>
      list({ ...(limit !== undefined && limit > 0 && { limit }), ...(from !== undefined && { from }) }, options),
  })),
};
