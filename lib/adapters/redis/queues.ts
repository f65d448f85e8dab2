import { queuesPerPage, type At, type Page, type QueueFilter, type QueueInfo, type Queues } from "../../contract/index.js";
import { sweep } from "./prune.js";
import type { Shard, Store } from "./store.js";

/** Queues counted by one script, at most: a millisecond of the server's. */
const PART = 200;

export function queues(store: Store): Queues {
  return {
    list: async (filter = {}, options) => {
      store.live();
      await sweep(store, options);
      return list(store, filter, options);
    },
    change: async (names, { paused }, options) => {
      await change(store, names, paused, options);
      if (!paused) store.hintWork(names);
    },
  };
}

async function change(store: Store, names: readonly string[], paused: boolean, options: At | undefined): Promise<void> {
  store.live();
  if (store.spread) await store.queues.know(names);
  const byShard = new Map<Shard, string[]>();
  for (const name of names) byShard.set(store.shardOf(name), [...(byShard.get(store.shardOf(name)) ?? []), name]);
  for (const [shard, part] of byShard) await store.run("pause", shard, [paused ? 1 : 0, ...part], options);
}

async function list(store: Store, filter: QueueFilter, options: At | undefined): Promise<Page<QueueInfo>> {
  const { from } = filter;
  const asked = filter.names === undefined ? await store.queueNames(options) : [...new Set(filter.names)];
  const names = asked.filter((name) => from === undefined || name > from).sort();
  const most = queuesPerPage(filter);
  const items: QueueInfo[] = [];
  let at = 0;
  while (at < names.length && items.length < most) {
    const part = names.slice(at, at + Math.min(PART, most - items.length));
    at += part.length;
    const infos = await counted(store, part, options);
    items.push(...infos.filter(isUsed).map(infoOf));
  }
  return { items, ...(at < names.length && { next: names[at - 1]! }) };
}

type Counted = Awaited<ReturnType<typeof counted>>[number];

/** A queue of which somebody has asked may hold nothing; in a cluster, so may one that is known. */
function isUsed({ paused, isCounted }: Counted): boolean {
  return paused || isCounted;
}

function infoOf({ queue, paused, later, oldest, of }: Counted): QueueInfo {
  return {
    queue,
    paused,
    ready: of("r") - later,
    delayed: later,
    active: of("a"),
    blocked: of("b"),
    parked: of("p"),
    dead: of("d"),
    ...(oldest !== "" && { oldestAt: Number(oldest) }),
  };
}

type Counters = [queue: string, paused: number, later: number, counters: string[], oldest: string];

/** Counters of these queues; default all. */
export async function counted(store: Store, names: readonly string[] | undefined, options: At | undefined) {
  const byShard = new Map<Shard, string[]>();
  if (names === undefined) for (const shard of await store.shards(options)) byShard.set(shard, []);
  for (const name of names ?? []) {
    const part = byShard.get(store.shardOf(name));
    if (part === undefined) byShard.set(store.shardOf(name), [name]);
    else part.push(name);
  }
  const answers = (await Promise.all([...byShard].map(([shard, of]) => store.run("queues", shard, of, options)))) as Counters[][];
  return answers.flat().map(([queue, paused, later, pairs, oldest]) => {
    const counts = new Map<string, number>();
    for (let i = 0; i < pairs.length; i += 2) counts.set(pairs[i]!, Number(pairs[i + 1]));
    return { queue, paused: paused === 1, isCounted: counts.size > 0, later, oldest, of: (what: string) => counts.get(what) ?? 0 };
  });
}
