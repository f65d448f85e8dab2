import { OptionError } from "../../contract/index.js";
import type { At, DeadLetter, DeadLetterFilter, DeadLetters } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { endOf, unpack } from "./rows.js";
import type { Store } from "./store.js";

/** Letters looked at, and ids handled, in one script. */
const PAGE = 500;

export function deadLetters(store: Store): DeadLetters {
  return {
    list: async (filter = {}, options) => {
      store.live();
      const found: DeadLetter[] = [];
      for await (const letter of find(store, filter, options)) {
        if (found.push(letter) >= Math.min(filter.limit ?? 100, 1_000)) break;
      }
      return found;
    },
    retry: async (ids, options) => {
      store.live();
      const moved: string[] = [];
      for (let from = 0; from < ids.length; from += PAGE) {
        const [part, mail] = (await store.run("retry", store.home, ids.slice(from, from + PAGE), options)) as [string[], Reply[]];
        await store.mail.deliver(store.home, mail, options);
        for (const id of part) moved.push(id);
      }
      if (moved.length > 0) store.tell({ kind: "work" });
      return moved;
    },
    purge: async (filter, options) => {
      store.live();
      if (Object.values(filter).every((value) => value === undefined))
        throw new OptionError(
          "STEM_FILTER_EMPTY",
          "A purge of dead letters was asked for without a filter.",
          "Give at least one of ids, queue, task and before, or { all: true } to forget all.",
        );
      const wanted: DeadLetterFilter = "all" in filter ? {} : filter;
      const ids: string[] = [];
      for await (const { id } of find(store, wanted, options)) {
        if (wanted.limit !== undefined && ids.length >= wanted.limit) break;
        ids.push(id);
      }
      let purged = 0;
      for (let from = 0; from < ids.length; from += PAGE)
        purged += (await store.run("purge", store.home, ids.slice(from, from + PAGE), options)) as number;
      return purged;
    },
  };
}

/** Letters that fit, latest death first, read page by page. */
async function* find(store: Store, filter: DeadLetterFilter, options: At | undefined): AsyncGenerator<DeadLetter> {
  const wanted = filter.ids && new Set(filter.ids);
  let cursor = filter.cursor ?? "";
  for (;;) {
    const before = filter.before ?? "";
    const [ids, bodies, ends] = (await store.run("dead", store.home, [PAGE, cursor, before], options)) as [string[], string[], string[]];
    for (let i = 0; i < ids.length; i++) {
      if (bodies[i] === null || ends[i] === null) continue;
      const letter = letterOf(ids[i]!, bodies[i]!, ends[i]!);
      if (
        (wanted === undefined || wanted.has(letter.id)) &&
        (filter.queue === undefined || letter.queue === filter.queue) &&
        (filter.task === undefined || letter.task === filter.task) &&
        (filter.before === undefined || letter.diedAt < filter.before)
      )
        yield letter;
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
