import { checkJobs, UnsupportedError } from "../../contract/index.js";
import type { Adapter, At, Broker, QueueInfo } from "../../contract/index.js";
import { cancel } from "./cancel.js";
import { claim } from "./claim.js";
import { deadLetters } from "./deadletters.js";
import { enqueue } from "./enqueue.js";
import { remove } from "./remove.js";
import { counted, sweep } from "./results.js";
import { checkSettlements, settle } from "./settle.js";
import type { Shard, Store } from "./store.js";

/** What `checkJobs` needs to know of the adapter. */
export type Self = Pick<Adapter, "name" | "honours">;

export function broker(store: Store, self: Self): Broker {
  return {
    enqueue: async (jobs, options) => {
      if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
      checkJobs(jobs, self);
      return enqueue(store, jobs, options);
    },
    claim: (request, options) => claim(store, request, options),
    settle: async (settlements, next, options) => {
      checkSettlements(settlements, self);
      return settle(store, settlements, next, options);
    },
    remove: (ids, options) => remove(store, ids, options),
    cancel: (ids, reason, options) => cancel(store, ids, reason, options),
    pause: (names, options) => pause(store, names, true, options),
    resume: async (names, options) => {
      await pause(store, names, false, options);
      store.hintWork(names);
    },
    queues: (options) => queues(store, options),
    deadLetters: deadLetters(store),
  };
}

async function pause(store: Store, names: readonly string[], stop: boolean, options: At | undefined): Promise<void> {
  store.live();
  if (store.spread) await store.queues.know(names);
  const byShard = new Map<Shard, string[]>();
  for (const name of names) byShard.set(store.shardOf(name), [...(byShard.get(store.shardOf(name)) ?? []), name]);
  for (const [shard, part] of byShard) await store.run("pause", shard, [stop ? 1 : 0, ...part], options);
}

async function queues(store: Store, options: At | undefined): Promise<readonly QueueInfo[]> {
  store.live();
  await sweep(store, options);
  const found = await counted(store, undefined, options);
  return found
    .sort((a, b) => (a.queue < b.queue ? -1 : 1))
    .map(({ queue, paused, later, of }) => ({
      queue,
      paused,
      ready: of("r") - later,
      delayed: later,
      active: of("a"),
      blocked: of("b"),
      parked: of("p"),
      dead: of("d"),
    }));
}
