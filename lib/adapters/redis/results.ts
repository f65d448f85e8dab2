import { fitsDelayed, isFinal, JOB_STATES, noCounts, PageOfRecords } from "../../contract/index.js";
import type { At, JobFilter, JobRecord, Results } from "../../contract/index.js";
import { merged } from "./cluster/merge.js";
import type { Reply } from "./connect/driver.js";
import { json } from "./connect/json.js";
import { endOf, hasPassed, recordOf, unpack } from "./rows.js";
import type { Shard, Store } from "./store.js";

/** Records read in one script at most. */
const PAGE = 500;

/** Counters of lua/common/base.lua by state. */
const COUNTERS = { blocked: "b", ready: "r", active: "a", parked: "p", succeeded: "s", failed: "f", cancelled: "c", expired: "e" } as const;

export function results(store: Store): Results {
  return {
    get: (ids, options) => get(store, ids, options),
    list: async (filter = {}, options) => {
      store.live();
      const page = new PageOfRecords(Math.min(filter.limit ?? 100, 1_000));
      for await (const record of newestFirst(store, filter, options)) if (!page.add(record)) break;
      return page.records;
    },
    count: async (filter = {}, options) => {
      store.live();
      await sweep(store, options);
      const total = noCounts();
      if (filter.task !== undefined || filter.group !== undefined) {
        for await (const { state, delayed } of newestFirst(store, filter, options)) {
          total[state]++;
          if (delayed) total.delayed++;
        }
        return total;
      }
      for (const { of, later } of await counted(store, filter.queue === undefined ? undefined : [filter.queue], options)) {
        for (const state of JOB_STATES) total[state] += of(COUNTERS[state]);
        total.delayed += later;
      }
      return total;
    },
    prune: (limit = 1_000, options) => prune(store, limit, options),
  };
}

async function prune(store: Store, limit: number, options: At | undefined): Promise<number> {
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

async function get(store: Store, ids: readonly string[], options: At | undefined): Promise<readonly (JobRecord | undefined)[]> {
  const found: (JobRecord | undefined)[] = ids.map(() => undefined);
  for (const [shard, all] of await store.place(ids, options))
    for (let from = 0; from < all.length;) {
      const part = all.slice(from, from + store.portion.of(PAGE));
      from += part.length;
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
  readonly segment: string;
}

/** @param even also those that have had their time */
async function read(
  store: Store,
  shard: Shard,
  ids: readonly string[],
  options: At | undefined,
  even = false,
): Promise<readonly (Read | undefined)[]> {
  type Columns = [
    bodies: (string | null)[],
    loans: (string | null)[],
    ends: (string | null)[],
    facts: (string | null)[],
    workers: string[],
    now: string,
  ];
  const [bodies, loans, ends, facts, workers, now] = (await store.run("get", shard, ids, options)) as unknown as Columns;
  store.portion.came(ids.length, bytesOfBodies(bodies, ends));
  const passed: string[] = [];
  const found = ids.map((id, i) => {
    if (bodies[i] === null) return undefined;
    const row = unpack(bodies[i]!);
    const end = ends[i];
    if (!even && typeof end === "string" && hasPassed(row, endOf(end), Number(now))) passed.push(id);
    return { record: recordOf(id, row, loans[i]!, ends[i]!, facts[i]!, workers[i]!, Number(now)), seq: row.seq, segment: row.segment };
  });
  if (passed.length === 0) return found;
  const gone = await unneeded(store, shard, passed, options);
  return found.map((one) => (one === undefined || gone.has(one.record.id) ? undefined : one));
}

function bytesOfBodies(bodies: readonly (string | null)[], ends: readonly (string | null)[]): number {
  let bytes = 0;
  for (const [i, body] of bodies.entries()) bytes += (body?.length ?? 0) + (ends[i]?.length ?? 0);
  return bytes;
}

/** Of jobs that have had their time, those that nobody needs. */
export async function unneeded(store: Store, shard: Shard, ids: readonly string[], options: At | undefined): Promise<ReadonlySet<string>> {
  const needed = (await store.run("needed", shard, ids, options)) as number[];
  return new Set(ids.filter((_, i) => needed[i] === 0));
}

/** Records that fit, newest first over all shards. An unknown cursor gives none. */
async function* newestFirst(store: Store, filter: JobFilter, options: At | undefined): AsyncGenerator<JobRecord> {
  const { state, delayed, task, queue, group, cursor } = filter;
  let before = Infinity;
  if (cursor !== undefined) {
    const [place] = await store.place([cursor], options);
    const [found] = place === undefined ? [] : await read(store, place[0], [cursor], options, true);
    if (found === undefined) return;
    before = found.seq;
  }
  const shards = store.spread && queue !== undefined ? [store.shardOf(queue)] : await store.shards(options);
  const all = merged(
    shards.map((shard) => newestOf(store, shard, filter, before, options)),
    (a, b) => b.seq - a.seq,
  );
  for await (const { record } of all)
    if (
      (state === undefined || record.state === state) &&
      fitsDelayed(record, delayed) &&
      (task === undefined || record.task === task) &&
      (queue === undefined || record.queue === queue) &&
      (group === undefined || record.group === group)
    )
      yield record;
}

/** Those of one shard that were stored before a number, read page by page along the index. */
async function* newestOf(store: Store, shard: Shard, filter: JobFilter, before: number, options: At | undefined): AsyncGenerator<Read> {
  const { state, delayed, task, group, cursor } = filter;
  const ended = delayed === true ? "-" : state === undefined ? "" : isFinal(state) ? COUNTERS[state] : "-";
  const meta = task === undefined ? "" : `:{"t":${json(task)},"q"`;
  let place = "";
  for (;;) {
    const [ids, next] = (await store.run("list", shard, [cursor ?? "", group ?? "", place, ended, meta], options)) as [string[], string];
    // An id that was stored anew is in the index twice; its record is where it was stored last.
    const once = group === undefined ? [...new Set(ids)] : ids;
    for (let from = 0; from < once.length;) {
      const part = once.slice(from, from + store.portion.of(PAGE));
      from += part.length;
      for (const found of await read(store, shard, part, options))
        if (found !== undefined && found.seq < before && (group !== undefined || found.segment === next)) yield found;
    }
    if (next === "") return;
    place = next;
  }
}
