import type { At, GetOptions, JobRecord, Jobs } from "../../contract/index.js";
import { changeJobs } from "./change.js";
import { countJobs, listJobs } from "./list.js";
import { notedBy } from "./notes.js";
import { prune } from "./prune.js";
import { AT_ONCE, read } from "./records/read.js";
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
      return countJobs(store, filter, options);
    },
    change: async (which, change, options) => {
      store.live();
      return changeJobs(store, which, change, options);
    },
    prune: (limit = 1_000, options) => prune(store, limit, options),
  };
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
