import type { GetOptions, JobRecord, Jobs } from "../../contract/index.js";
import { changeJobs, type Write } from "./change.js";
import { countJobs, listJobs } from "./list.js";
import { notedBy } from "./notes.js";
import { prune } from "./prune.js";
import { FROM, present, RECORD, toRecord, type RecordRow } from "./rows.js";
import type { Store } from "./store.js";

/** @param write runs a transaction once no caller of this process holds the write lock */
export function jobs(store: Store, write: Write): Jobs {
  return {
    async get(ids: readonly string[], options?: GetOptions): Promise<readonly (JobRecord | undefined)[]> {
      const now = store.clock(options);
      return store.read(() =>
        ids.map((id) => {
          const row = store.rows(`${RECORD} ${FROM} WHERE j.id = ? AND ${present("e")}`).get({ now }, id) as RecordRow | undefined;
          if (row === undefined) return undefined;
          const record = toRecord(store, row, now);
          const note = options?.with?.includes("note") === true ? notedBy(store, id) : undefined;
          return note === undefined ? record : { ...record, note };
        }),
      );
    },
    list: async (filter = {}, options) => listJobs(store, filter, store.clock(options)),
    count: async (filter = {}, options) => countJobs(store, filter, store.clock(options)),
    change: (which, change, options) => changeJobs(store, which, change, options, write),
    prune: (limit = 1_000, options) => write(() => prune(store, limit, store.clock(options))),
  };
}
