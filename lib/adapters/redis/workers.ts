import { json } from "./connect/json.js";
import type { At, Ended, Lease, WorkerBeat, WorkerRecord, Workers } from "../../contract/index.js";
import { placeLeases } from "./journal.js";
import type { Shard, Store } from "./store.js";

export function workers(store: Store): Workers {
  return {
    beat: async (worker, held, options) => {
      const now = store.spread ? await beatAtHome(store, worker, options) : undefined;
      const lost: string[] = [];
      const placed = await placeLeases(
        store,
        held.map((lease) => ({ lease })),
        options,
      );
      const left = new Set(held.keys());
      for (const i of [...placed.values()].flat()) left.delete(i);
      for (const i of left) lost.push(held[i]!.jobId);
      if (now === undefined) {
        const [at, gone] = await beat(store, store.home, worker, held, options);
        return { lost: gone, now: Number(at) };
      }
      const shards = new Set([...(await copiesOf(store, worker.id, false, options)), ...placed.keys()]);
      for (const shard of shards) {
        const part = (placed.get(shard) ?? []).map((i) => held[i]!);
        lost.push(...(await beat(store, shard, worker, part, options))[1]);
      }
      return { lost, now };
    },
    leave: async (id, options) => {
      store.live();
      const shards = store.spread ? await copiesOf(store, id, true, options) : [];
      for (const shard of [...shards, store.home]) await leave(store, shard, id, options);
      store.tell({ kind: "work" });
    },
    list: async (options) => {
      const found = await listed(store, store.home, options);
      if (!store.spread) return found;
      const active = new Map<string, number>();
      for (const shard of await store.shards(options))
        for (const worker of await listed(store, shard, options)) active.set(worker.id, (active.get(worker.id) ?? 0) + worker.active);
      return found.map((worker) => ({ ...worker, active: active.get(worker.id) ?? 0 }));
    },
  };
}

/** Makes sure that a shard knows a worker's lease. False: it has none that is live. */
export async function copyLease(store: Store, worker: string, shard: Shard, options: At | undefined): Promise<boolean> {
  const leaseMs = (await store.run("lease", store.home, [worker, shard], options)) as number;
  if (leaseMs <= 0) return false;
  await store.run("beat", shard, [worker, leaseMs, "{}"], options);
  return true;
}

/** Lets the shards that hold copies of lapsed workers' leases take back what those hold. */
export async function takeBackElsewhere(store: Store, options: At | undefined): Promise<readonly Ended[]> {
  const ended: Ended[] = [];
  const shards = (await store.run("copies", store.home, ["", 0], options)) as Shard[];
  for (const shard of new Set(shards)) {
    const reply = (await store.run("claim", shard, ["", 1], options)) as readonly unknown[];
    ended.push(...(await store.mail.deliver(shard, reply[7] as string[], options)).ended);
  }
  return ended;
}

async function beatAtHome(store: Store, worker: WorkerBeat, options: At | undefined): Promise<number> {
  return Number((await beat(store, store.home, worker, [], options))[0]);
}

async function copiesOf(store: Store, id: string, forget: boolean, options: At | undefined): Promise<readonly Shard[]> {
  return (await store.run("copies", store.home, [id, forget ? 1 : 0], options)) as Shard[];
}

async function beat(
  store: Store,
  shard: Shard,
  { id, leaseMs, info }: WorkerBeat,
  held: readonly Lease[],
  options: At | undefined,
): Promise<[now: string, lost: string[]]> {
  const args: (string | number)[] = [id, leaseMs, json(info)];
  for (const { jobId, fence } of held) args.push(jobId, fence);
  return (await store.run("beat", shard, args, options)) as [string, string[]];
}

async function leave(store: Store, shard: Shard, id: string, options: At | undefined): Promise<void> {
  for (let left = Infinity; ;) {
    const still = (await store.run("leave", shard, [id], options)) as number;
    // What it is said to hold but what is nowhere to be found ends the search.
    if (still <= 0 || still >= left) return;
    left = still;
  }
}

async function listed(store: Store, shard: Shard, options: At | undefined): Promise<readonly WorkerRecord[]> {
  const found = (await store.run("workers", shard, [], options)) as [string, string, string][];
  return found.map(([id, text, active]): WorkerRecord => {
    const [, leaseUntil, startedAt, seenAt] = text.split("|", 4);
    const info = JSON.parse(text.slice(text.indexOf("{"))) as Record<string, string>;
    return { id, info, startedAt: Number(startedAt), seenAt: Number(seenAt), leaseUntil: Number(leaseUntil), active: Number(active) };
  });
}
