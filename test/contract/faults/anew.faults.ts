import type { Delivery, Ending, NewLife, Settlement } from "../../../lib/contract/index.js";
import { both, but, deliveriesAs, endingsAs, inBroker, inChanges, omit, recordsAs, settlementsAs } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const livesAs = (change: (life: NewLife) => Ending): Fault => endingsAs((ending) => (ending.as === "anew" ? change(ending) : ending));

/** The first delivery of a new life is not as it should be. */
const firstAs = (change: (delivery: Delivery) => Delivery): Fault => {
  const begun = new Set<string>();
  return both(
    settlementsAs((settlement) => {
      if (settlement.as === "anew") begun.add(settlement.lease.jobId);
      return settlement;
    }),
    deliveriesAs((delivery) => (begun.delete(delivery.job.id) ? change(delivery) : delivery)),
  );
};

/** New lives are carried out after the claim of the same settle. */
const afterTheClaim: Fault = inBroker(({ settle }) => ({
  async settle(settlements, next, options) {
    const lives = settlements.filter(({ as }) => as === "anew");
    if (lives.length === 0) return settle(settlements, next, options);
    const settled = await settle(
      settlements.filter(({ as }) => as !== "anew"),
      next,
      options,
    );
    const { lost } = await settle(lives, undefined, options);
    return { ...settled, lost: [...lost, ...settled.lost] };
  },
}));

export const anewFaults: Faults = {
  "a new life keeps its payload": livesAs(() => ({ as: "ready", attempt: "returned", ran: true })),
  "a new life has no headers": livesAs((life) => omit(life, "headers")),
  "a new life always has headers": livesAs((life) => ({ headers: { trace: "1" }, ...life })),
  "a new life counts its attempts on": firstAs((delivery) => but(delivery, { attempt: delivery.attempt + 1 })),
  "a new life has a journal": firstAs((delivery) => but(delivery, { journaled: true })),
  "a new life has the failure of the old": (adapter) => {
    const failed = new Map<string, Extract<Settlement, { as: "ready" }>["error"]>();
    return both(
      settlementsAs((settlement) => {
        if (settlement.as === "ready" && settlement.error) failed.set(settlement.lease.jobId, settlement.error);
        return settlement;
      }),
      recordsAs((record) => {
        const error = failed.get(record.id);
        return error === undefined ? record : Object.assign({}, record, { error });
      }),
    )(adapter);
  },
  "a new life is the end of the old": livesAs(() => ({ as: "succeeded" })),
  "a new life is due before all others": (adapter) =>
    inBroker(({ settle }) => ({
      async settle(settlements, next, options) {
        const settled = await settle(settlements, undefined, options);
        const ids = settlements.flatMap(({ as, lease }) => (as === "anew" ? [lease.jobId] : []));
        await adapter.jobs.change({ ids }, { to: "moved", priority: 9 }, options);
        return next === undefined ? settled : { ...settled, claimed: await adapter.broker.claim(next, options) };
      },
    }))(adapter),
  "a new life begins after the claim": afterTheClaim,
  "a new life may begin twice under one lease": (adapter) =>
    inBroker(({ settle }) => ({
      async settle(settlements, next, options) {
        const settled = await settle(settlements, next, options);
        const lives = settlements.filter(({ as }) => as === "anew").map(({ lease }) => lease.jobId);
        return { ...settled, lost: settled.lost.filter((id) => !lives.includes(id)) };
      },
    }))(adapter),
  "a new life does not raise the fence": firstAs((delivery) =>
    but(delivery, { lease: but(delivery.lease, { fence: delivery.lease.fence - 1 }) }),
  ),
  "headers of a new life are mended": livesAs((life) =>
    life.headers === undefined
      ? life
      : {
          ...life,
          headers: Object.fromEntries(
            Object.entries(life.headers).map(([name, value]) => [name.toWellFormed(), String(value).toWellFormed()]),
          ),
        },
  ),
  "a new life is not cancelled": inChanges(({ cancel }, { jobs }) => ({
    async cancel(ids, reason, options) {
      const records = await jobs.get(ids, options);
      const spared = ids.filter((_, i) => records[i]?.state === "ready" && records[i].payload !== "{}");
      const answers = await cancel(
        ids.filter((id) => !spared.includes(id)),
        reason,
        options,
      );
      return [...answers, ...spared.map((id) => ({ id, as: "changed", was: "ready" }) as const)];
    },
  })),
  "a lost new life still stores what travels along": (adapter) =>
    inBroker(({ settle }) => ({
      async settle(settlements, next, options) {
        const settled = await settle(settlements, next, options);
        for (const { as, enqueue = [] } of settlements) if (as === "anew") await adapter.broker.enqueue(enqueue, options);
        return settled;
      },
    }))(adapter),
};
