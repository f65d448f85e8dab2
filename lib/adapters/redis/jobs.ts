import { JOB_STATES, noCounts } from "../../contract/index.js";
import type { At, CountFilter, GetOptions, JobRecord, Jobs, StateCounts } from "../../contract/index.js";
import { changeJobs } from "./change.js";
import { COUNTERS, countFitting, listJobs } from "./list.js";
import { notedBy } from "./notes.js";
import { AT_ONCE, prune, read, sweep } from "./prune.js";
import type { Shard, Store } from "./store.js";

export function jobs(store: Store): Jobs {
  return {
    get: (ids, options) => get(store, ids, options),
    list: async (filter = {}, options) => {
      store.live();
      return listJobs(store, filter, options);
    },
    count: async (filter = {}, options) => {
      store.live();
      await sweep(store, options);
      return countJobs(store, filter, options);
    },
    change: async (which, change, options) => {
      store.live();
      return changeJobs(store, which, change, options);
    },
    prune: (limit = 1_000, options) => prune(store, limit, options),
  };
}

async function countJobs(store: Store, filter: CountFilter, options: At | undefined): Promise<StateCounts> {
  if (filter.task !== undefined || filter.group !== undefined) return countFitting(store, filter, options);
  const total = noCounts();
  for (const { of, later } of await counted(store, filter.queue === undefined ? undefined : [filter.queue], options)) {
    for (const state of JOB_STATES) total[state] += of(COUNTERS[state]);
    total.delayed += later;
  }
  return total;
}

type Counted = [queue: string, paused: number, later: number, counters: string[], oldest: string];

/** Counters of these queues; default all. */
export async function counted(store: Store, names: readonly string[] | undefined, options: At | undefined) {
  const byShard = new Map<Shard, string[]>();
  if (names === undefined) for (const shard of await store.shards(options)) byShard.set(shard, []);
  for (const name of names ?? []) {
    const part = byShard.get(store.shardOf(name));
    if (part === undefined) byShard.set(store.shardOf(name), [name]);
    else part.push(name);
  }
  const answers = (await Promise.all([...byShard].map(([shard, of]) => store.run("queues", shard, of, options)))) as Counted[][];
  return answers.flat().map(([queue, paused, later, pairs, oldest]) => {
    const counts = new Map<string, number>();
    for (let i = 0; i < pairs.length; i += 2) counts.set(pairs[i]!, Number(pairs[i + 1]));
    return { queue, paused: paused === 1, isCounted: counts.size > 0, later, oldest, of: (what: string) => counts.get(what) ?? 0 };
  });
}

async function get(store: Store, ids: readonly string[], options: GetOptions | undefined): Promise<readonly (JobRecord | undefined)[]> {
  const found: (JobRecord | undefined)[] = ids.map(() => undefined);
  for (const [shard, all] of await store.place(ids, options))
    for (let from = 0; from < all.length;) {
      const part = all.slice(from, from + store.portion.of(AT_ONCE));
      from += part.length;
      const records = await read(
        store,
        shard,
        part.map((i) => ids[i]!),
        options,
      );
      part.forEach((i, k) => (found[i] = records[k]?.record));
      if (options?.with?.includes("note") === true) await addNotes(store, shard, part, found, options);
    }
  return found;
}

/** Adds to the records at these places what their jobs have noted. */
async function addNotes(
  store: Store,
  shard: Shard,
  places: readonly number[],
  records: (JobRecord | undefined)[],
  options: At,
): Promise<void> {
  const stored = places.filter((i) => records[i] !== undefined);
  const notes = await notedBy(
    store,
    shard,
    stored.map((i) => records[i]!.id),
    options,
  );
  for (const [k, i] of stored.entries()) if (notes[k] !== undefined) records[i] = { ...records[i]!, note: notes[k] };
}
