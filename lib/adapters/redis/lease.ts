import type { At, Lease } from "../../contract/index.js";
import type { Shard } from "./cluster/mail.js";
import { Loan } from "./rows.js";
import { Store } from "./store.js";

/** In a shard that has a copy of a lease, orders are not looked for. */
export const COPY = "";

/** As `Store.place`, for leases: those that this process was given tell their queue. */
export async function placeLeases(
  store: Store,
  held: readonly { readonly lease: Lease }[],
  options: At | undefined,
): Promise<ReadonlyMap<Shard, readonly number[]>> {
  if (!store.spread)
    return store.place(
      held.map(({ lease }) => lease.jobId),
      options,
    );
  const placed = new Map<Shard, number[]>();
  const add = (shard: Shard, i: number): void => {
    const part = placed.get(shard);
    if (part === undefined) placed.set(shard, [i]);
    else part.push(i);
  };
  const others: number[] = [];
  held.forEach(({ lease }, i) => {
    const queue = Loan.queueOf(lease);
    if (queue === undefined) others.push(i);
    else add(store.shardOf(queue), i);
  });
  const found = await store.place(
    others.map((i) => held[i]!.lease.jobId),
    options,
  );
  for (const [shard, part] of found) for (const k of part) add(shard, others[k]!);
  return placed;
}

/** Makes sure that a shard knows a worker's lease. False: the worker has no live lease. */
export async function copyLease(store: Store, worker: string, shard: Shard, options: At | undefined): Promise<boolean> {
  const leaseMs = (await store.run("lease", store.home, [worker, shard], options)) as number;
  if (leaseMs <= 0) return false;
  await store.run("renew", shard, [worker, leaseMs, "{}", COPY], options);
  return true;
}
