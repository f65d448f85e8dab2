import { checkAlong, checkJobs, UnsupportedError, type Broker, type Self } from "../../contract/index.js";
import { claim } from "./claim.js";
import { enqueue } from "./enqueue.js";
import { settle } from "./settle.js";
import type { Store } from "./store.js";

/** The line of jobs. */
export function broker(store: Store, self: Self): Broker {
  return {
    enqueue: async (jobs, options) => {
      if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
      checkJobs(jobs, self);
      return enqueue(store, jobs, options);
    },
    claim: (request, options) => claim(store, request, options),
    settle: async (settlements, next, options) => {
      checkAlong(settlements, self);
      return settle(store, settlements, next, options);
    },
  };
}
