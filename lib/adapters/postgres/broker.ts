import { checkAlong, checkJobs, metKnown, withEnded } from "../../contract/index.js";
import type { Broker, Enqueued, NewJob, Self, Within } from "../../contract/index.js";
import { claim } from "./claim.js";
import { checkNewLives, checkPayloads } from "./connect/payloads.js";
import { takeEnded } from "./ended.js";
import { enqueue, enqueueAtOnce, isLinked } from "./enqueue.js";
import { settle } from "./settle.js";
import { Announcement, type Store } from "./store.js";
import { inTransaction } from "./transaction/index.js";

/** The line of jobs. */
export function broker(store: Store, self: Self): Broker {
  return {
    enqueue: async (jobs, options) => {
      checkJobs(jobs, self);
      checkPayloads(jobs);
      if (options?.transaction !== undefined) return enqueueInside(store, jobs, options);
      if (jobs.length === 0) return { met: [] };
      const queues = jobs.map(({ queue }) => queue);
      await store.learnQueues(queues);
      const duplicates = await enqueueAtOnce(store, jobs, options?.now);
      if (duplicates === undefined)
        return store.transact(options, async (tx) => withEnded({ met: await enqueue(store, tx, jobs, "refuse") }, await takeEnded(tx)));
      const announcement = new Announcement();
      for (const queue of queues) announcement.queues.add(queue);
      announcement.isEarlier = jobs.some(({ dueAt }) => dueAt !== undefined);
      store.announce(announcement);
      return { met: metKnown(duplicates) };
    },
    claim: async (request, options) => claim(store, request, options),
    settle: async (settlements, next, options) => {
      checkAlong(settlements, self);
      for (const { enqueue: jobs } of settlements) if (jobs !== undefined) checkPayloads(jobs);
      checkNewLives(settlements);
      if (settlements.length > 0) return settle(store, settlements, next, options);
      if (next !== undefined) return { lost: [], claimed: await claim(store, next, options) };
      await store.rows("SELECT 1 WHERE false");
      return { lost: [] };
    },
  };
}

async function enqueueInside(store: Store, jobs: readonly NewJob[], options: Within): Promise<Enqueued> {
  return inTransaction(store, options, isLinked(jobs) ? "read committed" : "any isolation", async (tx) => {
    if (jobs.length === 0) return { met: [] };
    await store.learnQueues(jobs.map(({ queue }) => queue));
    return { met: await enqueue(store, tx, jobs, "in the caller's transaction") };
  });
}
