import type { At, JobFilter, JobRecord, JobState, Results } from "../../contract/index.js";
import { counted } from "./broker.js";
import { merged } from "./cluster/merge.js";
import type { Reply } from "./connect/driver.js";
import { recordOf, unpack } from "./rows.js";
import type { Shard, Store } from "./store.js";

/** Records read in one script. */
const PAGE = 500;

/** Counters of lua/common/base.lua by state. */
const COUNTERS = { blocked: "b", ready: "r", active: "a", parked: "p", succeeded: "s", failed: "f", cancelled: "c", expired: "e" } as const;
const NONE: Readonly<Record<JobState, number>> = {
  blocked: 0,
  ready: 0,
  active: 0,
  parked: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  expired: 0,
};

export function results(store: Store): Results {
  return {
    get: (ids, options) => get(store, ids, options),
    list: async (filter = {}, options) => {
      store.live();
      const found: JobRecord[] = [];
      for await (const record of newestFirst(store, filter, options)) {
        if (found.push(record) >= Math.min(filter.limit ?? 100, 1_000)) break;
      }
      return found;
    },
    count: async (filter = {}, options) => {
      store.live();
      const total = { ...NONE };
      if (filter.task !== undefined || filter.group !== undefined) {
        for await (const { state } of newestFirst(store, filter, options)) total[state]++;
        return total;
      }
      for (const { of } of await counted(store, filter.queue, options))
        for (const state of Object.keys(total) as JobState[]) total[state] += of(COUNTERS[state]);
      return total;
    },
    prune: async (limit = 1_000, options) => {
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
    },
  };
}

async function get(store: Store, ids: readonly string[], options: At | undefined): Promise<readonly (JobRecord | undefined)[]> {
  const found: (JobRecord | undefined)[] = ids.map(() => undefined);
  for (const [shard, all] of await store.place(ids, options))
    for (let from = 0; from < all.length; from += PAGE) {
      const part = all.slice(from, from + PAGE);
      const records = await read(
        store,
        shard,
        part.map((i) => ids[i]!),
        options,
      );
      part.forEach((i, k) => (found[i] = records[k]?.record));
    }
  return found;
}

interface Read {
  readonly record: JobRecord;
  readonly seq: number;
}

async function read(store: Store, shard: Shard, ids: readonly string[], options: At | undefined): Promise<readonly (Read | undefined)[]> {
  type Columns = [
    bodies: (string | null)[],
    loans: (string | null)[],
    ends: (string | null)[],
    facts: (string | null)[],
    workers: string[],
  ];
  const [bodies, loans, ends, facts, workers] = (await store.run("get", shard, ids, options)) as unknown as Columns;
  return ids.map((id, i) => {
    if (bodies[i] === null) return undefined;
    const row = unpack(bodies[i]!);
    return { record: recordOf(id, row, loans[i]!, ends[i]!, facts[i]!, workers[i]!), seq: row.seq };
  });
}

/** Records that fit, newest first over all shards. An unknown cursor gives none. */
async function* newestFirst(store: Store, filter: JobFilter, options: At | undefined): AsyncGenerator<JobRecord> {
  const { state, task, queue, group, cursor } = filter;
  let before = Infinity;
  if (cursor !== undefined) {
    const [place] = await store.place([cursor], options);
    const [found] = place === undefined ? [] : await read(store, place[0], [cursor], options);
    if (found === undefined) return;
    before = found.seq;
  }
  const shards = store.spread && queue !== undefined ? [store.shardOf(queue)] : await store.shards(options);
  const all = merged(
    shards.map((shard) => newestOf(store, shard, group, cursor, before, options)),
    (a, b) => b.seq - a.seq,
  );
  for await (const { record } of all)
    if (
      (state === undefined || record.state === state) &&
      (task === undefined || record.task === task) &&
      (queue === undefined || record.queue === queue) &&
      (group === undefined || record.group === group)
    )
      yield record;
}

/** Those of one shard that were stored before a number, read page by page along the index. */
async function* newestOf(
  store: Store,
  shard: Shard,
  group: string | undefined,
  cursor: string | undefined,
  before: number,
  options: At | undefined,
): AsyncGenerator<Read> {
  let place = "";
  for (;;) {
    const [ids, next] = (await store.run("list", shard, [cursor ?? "", group ?? "", place], options)) as [string[], string];
    for (let from = 0; from < ids.length; from += PAGE)
      for (const found of await read(store, shard, ids.slice(from, from + PAGE), options))
        if (found !== undefined && found.seq < before) yield found;
    if (next === "") return;
    place = next;
  }
}
