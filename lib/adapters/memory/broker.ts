import { checkAlong, checkJobs, metKnown, UnsupportedError, withEnded } from "../../contract/index.js";
import type { Broker } from "../../contract/index.js";
import { claim } from "./claim.js";
import { enqueue, refuseTaken } from "./enqueue.js";
import { settle } from "./settle.js";
import type { Self, Store } from "./store.js";

export function broker(store: Store, self: Self): Broker {
  return {
    enqueue: async (jobs, options) =>
      store.step(options, (now) => {
        if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
        checkJobs(jobs, self);
        refuseTaken(store, jobs, now);
        return withEnded({ met: metKnown(enqueue(store, jobs, now)) }, store.takeEnded());
      }),
    claim: async (request, options) => store.step(options, (now) => withEnded(claim(store, request, now), store.takeEnded())),
    settle: async (settlements, next, options) =>
      store.step(options, (now) => {
        checkAlong(settlements, self);
        return withEnded(settle(store, settlements, next, now), store.takeEnded());
      }),
  };
}
