import { limitOf, numberFrom, pageOf } from "../../contract/index.js";
import type { At, Lease, Order, Renewal, Renewed, WorkerBeat, WorkerRecord, Workers } from "../../contract/index.js";
import { json } from "./connect/json.js";
import { COPY, placeLeases } from "./lease.js";
import type { Shard, Store } from "./store.js";

export function workers(store: Store): Workers {
  return {
    renew: async (worker, held, options) => {
      const atHome = store.spread ? await renew(store, store.home, worker, worker.heard ?? 0, [], options) : undefined;
      const lost: string[] = [];
      const placed = await placeLeases(
        store,
        held.map((lease) => ({ lease })),
        options,
      );
      const left = new Set(held.keys());
      for (const i of [...placed.values()].flat()) left.delete(i);
      for (const i of left) lost.push(held[i]!.jobId);
      if (atHome === undefined) return renew(store, store.home, worker, worker.heard ?? 0, held, options);
      const shards = new Set([...(await copiesOf(store, worker.id, false, options)), ...placed.keys()]);
      for (const shard of shards) {
        const part = (placed.get(shard) ?? []).map((i) => held[i]!);
        lost.push(...(await renew(store, shard, worker, COPY, part, options)).lost);
      }
      return { ...atHome, lost };
    },
    leave: async (id, options) => {
      store.live();
      const shards = store.spread ? await copiesOf(store, id, true, options) : [];
      for (const shard of [...shards, store.home]) await leave(store, shard, id, options);
      store.tell({ kind: "work" });
    },
    list: async (filter, options) => {
      const [after, limit] = [numberFrom(filter), limitOf(filter)];
      const { items, next } = pageOf(await listed(store, store.home, after, limit + 1, options), limit, ({ no }) => String(no));
      const found = { items: items.map(({ record }) => record), ...(next !== undefined && { next }) };
      if (!store.spread || items.length === 0) return found;
      const active = new Map<string, number>();
      for (const shard of await store.shards(options))
        for (const { record } of await listed(store, shard, 0, "", options))
          active.set(record.id, (active.get(record.id) ?? 0) + record.active);
      return { ...found, items: found.items.map((worker) => ({ ...worker, active: active.get(worker.id) ?? 0 })) };
    },
    order: async (ids, text, options) =>
      (await store.run("order", store.home, ids === "all" ? [text, "all"] : [text, "", ...ids], options)) as number,
  };
}

async function copiesOf(store: Store, id: string, forget: boolean, options: At | undefined): Promise<readonly Shard[]> {
  return (await store.run("copies", store.home, [id, forget ? 1 : 0], options)) as Shard[];
}

async function renew(
  store: Store,
  shard: Shard,
  { id, leaseMs, info }: WorkerBeat,
  heard: NonNullable<Renewal["heard"]> | typeof COPY,
  held: readonly Lease[],
  options: At | undefined,
): Promise<Renewed> {
  const args: (string | number)[] = [id, leaseMs, json(info), heard];
  for (const { jobId, fence } of held) args.push(jobId, fence);
  const [now, lost, orders] = (await store.run("renew", shard, args, options)) as [string, string[], string[]];
  return { lost, orders: orders.map(orderOf), now: Number(now) };
}

function orderOf(text: string): Order {
  const bar = text.indexOf("|");
  return { no: Number(text.slice(0, bar)), text: text.slice(bar + 1) };
}

async function leave(store: Store, shard: Shard, id: string, options: At | undefined): Promise<void> {
  for (let left = Infinity; ;) {
    const still = (await store.run("leave", shard, [id], options)) as number;
    // A job that it is said to hold but that is nowhere to be found ends the search.
    if (still <= 0 || still >= left) return;
    left = still;
  }
}

async function listed(
  store: Store,
  shard: Shard,
  after: number,
  limit: number | "",
  options: At | undefined,
): Promise<{ readonly no: number; readonly record: WorkerRecord }[]> {
  const found = (await store.run("workers", shard, [after, limit], options)) as [string, string, string][];
  return found.map(([id, text, active]) => {
    const [no, leaseUntil, startedAt, seenAt] = text.split("|", 4);
    const info = JSON.parse(text.slice(text.indexOf("{"))) as Record<string, string>;
    const record = {
      id,
      info,
      startedAt: Number(startedAt),
      seenAt: Number(seenAt),
      leaseUntil: Number(leaseUntil),
      active: Number(active),
    };
    return { no: Number(no), record };
  });
}
