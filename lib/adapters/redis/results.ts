import type { At, JobFilter, JobRecord, JobState, Results } from "../../contract/index.js";
import { counted } from "./broker.js";
import { recordOf } from "./rows.js";
import type { Store } from "./store.js";

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
      for (const { of } of await counted(store, filter.queue === undefined ? [] : [filter.queue], options))
        for (const state of Object.keys(total) as JobState[]) total[state] += of(COUNTERS[state]);
      return total;
    },
    prune: async (limit = 1_000, options) => {
      let pruned = 0;
      while (pruned < limit) {
        const [n, more] = (await store.run("prune", store.home, [Math.min(limit - pruned, 1_000)], options)) as [number, number];
        pruned += n;
        if (more === 0) break;
      }
      return pruned;
    },
  };
}

async function get(store: Store, ids: readonly string[], options: At | undefined): Promise<readonly (JobRecord | undefined)[]> {
  store.live();
  const found: (JobRecord | undefined)[] = [];
  for (let from = 0; from < ids.length; from += PAGE) {
    const part = ids.slice(from, from + PAGE);
    type Columns = [
      bodies: (string | null)[],
      loans: (string | null)[],
      ends: (string | null)[],
      facts: (string | null)[],
      workers: string[],
    ];
    const [bodies, loans, ends, facts, workers] = (await store.run("get", store.home, part, options)) as unknown as Columns;
    part.forEach((id, i) =>
      found.push(bodies[i] === null ? undefined : recordOf(id, bodies[i]!, loans[i]!, ends[i]!, facts[i]!, workers[i]!)),
    );
  }
  return found;
}

/** Records that fit, newest first, read page by page along the index. An unknown cursor gives none. */
async function* newestFirst(store: Store, filter: JobFilter, options: At | undefined): AsyncGenerator<JobRecord> {
  const { state, task, queue, group, cursor = "" } = filter;
  let place = "";
  let begun = cursor === "";
  for (;;) {
    const page = (await store.run("list", store.home, [cursor, group ?? "", place], options)) as [string[], string] | null;
    if (page === null) return;
    let ids = group === undefined ? page[0].toReversed() : page[0];
    // The first segment has the cursor somewhere in it.
    if (!begun && group === undefined) ids = ids.slice(ids.indexOf(cursor) + 1);
    begun = true;
    for (let from = 0; from < ids.length; from += PAGE)
      for (const record of await get(store, ids.slice(from, from + PAGE), options))
        if (
          record !== undefined &&
          (state === undefined || record.state === state) &&
          (task === undefined || record.task === task) &&
          (queue === undefined || record.queue === queue) &&
          (group === undefined || record.group === group)
        )
          yield record;
    if (page[1] === "") return;
    place = page[1];
  }
}
