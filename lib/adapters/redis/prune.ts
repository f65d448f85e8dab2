import type { At } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import type { Store } from "./store.js";

/** Forgets up to `limit` jobs past their time, and what else has had its time; returns how many jobs. */
export async function prune(store: Store, limit: number, options: At | undefined): Promise<number> {
  let pruned = 0;
  for (const shard of new Set([store.home, ...(await store.shards(options))]))
    while (pruned < limit) {
      const reply = (await store.run("prune", shard, [Math.min(limit - pruned, 1_000)], options)) as [number, number, Reply[]];
      const [n, more, mail] = reply;
      await store.mail.deliver(shard, mail, options);
      pruned += n;
      if (more === 0) break;
    }
  return pruned;
}

/**
 * What is counted is only kept as numbers, so what has had its time is forgotten first: a thousand jobs per
 * script, and at most so many per count.
 */
const SWEPT = 20_000;

/**
 * Forgets what has had its time before it is counted. Cheap while there is nothing of the kind, as when a
 * worker prunes.
 */
export async function sweep(store: Store, options: At | undefined): Promise<void> {
  await prune(store, SWEPT, options);
}
