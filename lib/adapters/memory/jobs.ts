import type { Jobs } from "../../contract/index.js";
import { changeJobs } from "./change.js";
import { countJobs, listJobs } from "./list.js";
import { notedBy } from "./notes.js";
import { prune } from "./prune.js";
import { recordOf } from "./rows.js";
import type { Store } from "./store.js";

export function jobs(store: Store): Jobs {
  return {
    get: async (ids, options) =>
      store.step(options, (now) =>
        ids.map((id) => {
          const row = store.find(id, now);
          if (row === undefined) return undefined;
          const note = options?.with?.includes("note") === true ? notedBy(row) : undefined;
          return { ...recordOf(row, now), ...(note !== undefined && { note }) };
        }),
      ),
    list: async (filter = {}, options) => store.step(options, (now) => listJobs(store, filter, now)),
    count: async (filter = {}, options) => store.step(options, (now) => countJobs(store, filter, now)),
    change: (which, change, options) => changeJobs(store, which, change, options),
    prune: async (limit = 1_000, options) => store.step(options, (now) => prune(store, limit, now)),
  };
}
