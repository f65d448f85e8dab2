import { json } from "./connect/json.js";
import type { At, Entry, Journal, Lease, NewEntry } from "../../contract/index.js";
import { Loan } from "./rows.js";
import type { Shard, Store } from "./store.js";

export function journal(store: Store): Journal {
  return {
    read: async (runIds, options) => {
      const found: Entry[][] = runIds.map(() => []);
      for (const [shard, part] of await store.place(runIds, options)) {
        const ids = part.map((i) => runIds[i]!);
        const answers = (await store.run("journals", shard, ids, options)) as string[][];
        part.forEach((i, k) => (found[i] = entriesFrom(answers[k]!)));
      }
      return found;
    },
    append: async (writes, options?: At) => {
      const lost: string[] = [];
      const left = new Set(writes.keys());
      for (const [shard, part] of await placeLeases(store, writes, options)) {
        const args: (string | number)[] = [];
        for (const i of part) {
          const { lease, entries } = writes[i]!;
          args.push(lease.jobId, lease.fence, json(entriesOf(entries)));
          left.delete(i);
        }
        lost.push(...((await store.run("append", shard, args, options)) as string[]));
      }
      for (const i of left) lost.push(writes[i]!.lease.jobId);
      return { lost };
    },
  };
}

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

function entriesFrom(pairs: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = 1; i < pairs.length; i += 2) entries.push(entryOf(pairs[i]!));
  return entries.sort((a, b) => a.seq - b.seq);
}

/** Entries as the scripts take them: number, and the rest as text they need not look into. */
export function entriesOf(entries: readonly NewEntry[]): readonly (readonly [number, string])[] {
  return entries.map((entry) => [entry.seq, json(entry)]);
}

function entryOf(text: string): Entry {
  const colon = text.indexOf(":");
  return { ...(JSON.parse(text.slice(colon + 1)) as NewEntry), at: Number(text.slice(0, colon)) };
}
