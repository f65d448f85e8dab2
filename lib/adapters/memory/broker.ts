import { cancelledWith, checkAlong, checkJobs, metKnown, UnsupportedError, withEnded } from "../../contract/index.js";
import type { Broker } from "../../contract/index.js";
import { cancel } from "./cancel.js";
import { claim } from "./claim.js";
import { deadLetters } from "./deadletters.js";
import { enqueue, refuseTaken } from "./enqueue.js";
import { remove } from "./remove.js";
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
    remove: async (ids, options) =>
      store.step(options, (now) => {
        const answers = remove(store, ids, now);
        // Whoever removes a job knows that it has ended.
        store.takeEnded();
        return answers;
      }),
    cancel: async (ids, reason, options) => {
      const answers = store.step(options, (now) => cancelledWith(cancel(store, ids, reason, now), store.takeEnded()));
      const stopped = answers.filter(({ as, was }) => as === "cancelled" && was === "active").map(({ id }) => id);
      if (stopped.length > 0) store.bell.tell({ kind: "cancelled", ids: stopped });
      return answers;
    },
    deadLetters: deadLetters(store),
  };
}
