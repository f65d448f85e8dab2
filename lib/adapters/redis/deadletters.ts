import { checkPurge } from "../../contract/index.js";
import type { At, DeadLetter, DeadLetterFilter, DeadLetters } from "../../contract/index.js";
import { merged } from "./cluster/merge.js";
import type { Reply } from "./connect/driver.js";
import { unneeded } from "./results.js";
import { endOf, hasPassed, unpack } from "./rows.js";
import type { Shard, Store } from "./store.js";

/** Letters looked at, and ids handled, in one script. */
const PAGE = 500;

export function deadLetters(store: Store): DeadLetters {
  return {
    list: async (filter = {}, options) => {
      store.live();
      const found: DeadLetter[] = [];
      for await (const { letter } of find(store, filter, options)) {
        if (found.push(letter) >= Math.min(filter.limit ?? 100, 1_000)) break;
      }
      return found;
    },
    retry: async (ids, options) => {
      const moved = new Set<string>();
      for (const [shard, all] of await store.place(ids, options))
        for (let from = 0; from < all.length; from += PAGE) {
          const part = all.slice(from, from + PAGE).map((i) => ids[i]!);
          const [found, mail] = (await store.run("retry", shard, part, options)) as [string[], Reply[]];
          await store.mail.deliver(shard, mail, options);
          for (const id of found) moved.add(id);
        }
      if (moved.size > 0) store.tell({ kind: "work" });
      return ids.filter((id) => moved.delete(id));
    },
    purge: async (filter, options) => {
      store.live();
      const wanted = checkPurge(filter);
      const byShard = new Map<Shard, string[]>();
      let count = 0;
      for await (const { shard, letter } of find(store, wanted, options)) {
        if (wanted.limit !== undefined && count >= wanted.limit) break;
        const ids = byShard.get(shard);
        if (ids === undefined) byShard.set(shard, [letter.id]);
        else ids.push(letter.id);
        count++;
      }
      let purged = 0;
      for (const [shard, ids] of byShard)
        for (let from = 0; from < ids.length; from += PAGE) {
          const [n, mail] = (await store.run("purge", shard, ids.slice(from, from + PAGE), options)) as [number, Reply[]];
          await store.mail.deliver(shard, mail, options);
          purged += n;
        }
      return purged;
    },
  };
}

interface Found {
  readonly shard: Shard;
  readonly letter: DeadLetter;
}

/**
 * Letters that fit, latest death first, over all shards; of deaths at one moment, those of the earlier shard
 * first.
 */
async function* find(store: Store, filter: DeadLetterFilter, options: At | undefined): AsyncGenerator<Found> {
  const shards = [...(await store.shards(options))].sort();
  const { cursor } = filter;
  if (cursor === undefined) {
    yield* merged(
      shards.map((shard) => findIn(store, shard, filter, "", filter.before, options)),
      (a, b) => b.letter.diedAt - a.letter.diedAt,
    );
    return;
  }
  const [place] = await store.place([cursor], options);
  if (place === undefined) return;
  const [shard] = place;
  const [, , [own]] = (await store.run("dead", shard, [1, "", "", cursor], options)) as [string[], string[], string[]];
  if (own === undefined || own === null) return;
  const diedAt = endOf(own).at;
  const at = shards.indexOf(shard);
  const before = (limit: number): number => Math.min(limit, filter.before ?? Infinity);
  yield* merged(
    shards.map((other, i) =>
      i === at
        ? findIn(store, other, filter, cursor, filter.before, options)
        : findIn(store, other, filter, "", before(i < at ? diedAt : diedAt + 1), options),
    ),
    (a, b) => b.letter.diedAt - a.letter.diedAt,
  );
}

/** The same of one shard, read page by page. */
async function* findIn(
  store: Store,
  shard: Shard,
  filter: DeadLetterFilter,
  from: string,
  before: number | undefined,
  options: At | undefined,
): AsyncGenerator<Found> {
  const wanted = filter.ids && new Set(filter.ids);
  let cursor = from;
  for (;;) {
    const [ids, bodies, ends, now] = (await store.run("dead", shard, [PAGE, cursor, before ?? "", ""], options)) as [
      string[],
      string[],
      string[],
      string,
    ];
    const passed = ids.filter(
      (_, i) => bodies[i] !== null && ends[i] !== null && hasPassed(unpack(bodies[i]!), endOf(ends[i]!), Number(now)),
    );
    const gone = passed.length === 0 ? undefined : await unneeded(store, shard, passed, options);
    for (let i = 0; i < ids.length; i++) {
      if (bodies[i] === null || ends[i] === null || gone?.has(ids[i]!) === true) continue;
      const letter = letterOf(ids[i]!, bodies[i]!, ends[i]!);
      if (
        (wanted === undefined || wanted.has(letter.id)) &&
        (filter.queue === undefined || letter.queue === filter.queue) &&
        (filter.task === undefined || letter.task === filter.task) &&
        (before === undefined || letter.diedAt < before)
      )
        yield { shard, letter };
    }
    if (ids.length < PAGE) return;
    cursor = ids.at(-1)!;
  }
}

function letterOf(id: string, body: string, ended: string): DeadLetter {
  const { meta } = unpack(body);
  const { cause, error, attempts, lapses, at } = endOf(ended);
  return {
    id,
    task: meta.t,
    queue: meta.q,
    cause: cause === undefined || cause === "input" ? "error" : cause,
    error: error!,
    attempts,
    lapses,
    diedAt: at,
  };
}
