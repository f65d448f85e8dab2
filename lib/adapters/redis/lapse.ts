import type { At, Ended } from "../../contract/index.js";
import type { Shard } from "./cluster/mail.js";
import type { Store } from "./store.js";

/**
 * Lets the shards that hold copies of lapsed workers' leases take back what those hold; the script of a claim
 * does that in its own shard. About once a second, and always at the times of a test.
 */
export async function takeBack(store: Store, options: At | undefined): Promise<readonly Ended[]> {
  if (options?.now === undefined && !store.every("take back", 1_000)) return [];
  const ended: Ended[] = [];
  const shards = (await store.run("copies", store.home, ["", 0], options)) as Shard[];
  for (const shard of new Set(shards)) {
    const reply = (await store.run("claim", shard, ["", 1], options)) as readonly unknown[];
    ended.push(...(await store.mail.deliver(shard, reply[7] as string[], options)).ended);
  }
  return ended;
}
