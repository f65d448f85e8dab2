import type { Jobs } from "../../contract/index.js";
import { changeJobs } from "./change.js";
import { countJobs, listJobs } from "./list.js";
import { copyOf } from "./notes.js";
import { prune } from "./prune.js";
import { recordOf } from "./rows.js";
import type { Store } from "./store.js";

export function jobs(store: Store): Jobs {
  return {
    get: async (ids, options) =>
      store.step(options, (now) =>
        ids.map((id) => {
          const row = store.find(id, now);
          if (row?.note === undefined || options?.with?.includes("note") !== true) return row && recordOf(row, now);
          return { ...recordOf(row, now), note: copyOf(row.note) };
        }),
      ),
    list: async (filter = {}, options) => store.step(options, (now) => listJobs(store, filter, now)),
    count: async (filter = {}, options) => store.step(options, (now) => countJobs(store, filter, now)),
    change: (which, change, options) => changeJobs(store, which, change, options),
    prune: async (limit = 1_000, options) => store.step(options, (now) => prune(store, limit, now)),
  };
}
