import { checkAlong, checkJobs, withEnded, type Broker, type Self } from "../../contract/index.js";
import { claim } from "./claim.js";
import { takeEnded } from "./ended.js";
import { enqueue } from "./enqueue.js";
import { settle } from "./settle.js";
import type { Store } from "./store.js";
import type { CallerTransactions } from "./transaction/caller-transactions.js";

/** The line of jobs: each verb is one transaction. */
export function broker(store: Store, self: Self, callers: CallerTransactions): Broker {
  return {
    enqueue: async (jobs, options) => {
      checkJobs(jobs, self);
      const now = store.clock(options);
      if (options?.transaction !== undefined)
        return callers.run(options.transaction, (inside) => {
          const met = enqueue(inside, jobs, now, true);
          // Whether they have ended is known when the caller has committed.
          inside.ended = [];
          return { met };
        });
      if (jobs.length === 0) return { met: [] };
      return store.write(() => withEnded({ met: enqueue(store, jobs, now, true) }, takeEnded(store)));
    },
    claim: async (request, options) => claim(store, request, store.clock(options)),
    settle: async (settlements, next, options) => {
      checkAlong(settlements, self);
      const now = store.clock(options);
      if (settlements.length === 0 && next !== undefined) return { lost: [], claimed: claim(store, next, now) };
      return store.write(() => withEnded(settle(store, settlements, next, now), takeEnded(store)));
    },
  };
}
