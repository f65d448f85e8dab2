import { checkAlong, checkJobs, UnsupportedError, withEnded, type Broker, type Self } from "../../contract/index.js";
import { claim } from "./claim.js";
import { takeEnded } from "./ended.js";
import { enqueue } from "./enqueue.js";
import { settle } from "./settle.js";
import type { Store } from "./store.js";

export function broker(store: Store, self: Self): Broker {
  return {
    enqueue: async (jobs, options) =>
      store.step(options, (now) => {
        if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
        checkJobs(jobs, self);
        return withEnded({ met: enqueue(store, jobs, now, true) }, takeEnded(store));
      }),
    claim: async (request, options) => claim(store, request, options),
    settle: async (settlements, next, options) =>
      store.step(options, (now) => {
        checkAlong(settlements, self);
        return withEnded(settle(store, settlements, next, now), takeEnded(store));
      }),
  };
}
