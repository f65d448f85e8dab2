import { JOB_STATES, noCounts } from "../../contract/index.js";
import type { CountFilter, Jobs, StateCounts } from "../../contract/index.js";
import { changeJobs } from "./change.js";
import { fits, isDelayed, listJobs, newestFirst, recordOf } from "./list.js";
import { prune, sweep } from "./prune.js";
import type { Store } from "./store.js";

export function jobs(store: Store): Jobs {
  return {
    get: async (ids, options) =>
      store.step(options, (now) =>
        ids.map((id) => {
          const row = store.find(id, now);
          if (row?.note === undefined || options?.with?.includes("note") !== true) return row && recordOf(row, now);
          return { ...recordOf(row, now), note: row.note };
        }),
      ),
    list: async (filter = {}, options) => store.step(options, (now) => listJobs(store, filter, now)),
    count: async (filter = {}, options) =>
      store.step(options, (now) => {
        sweep(store, now);
        return countJobs(store, filter, now);
      }),
    change: (which, change, options) => changeJobs(store, which, change, options),
    prune: async (limit = 1_000, options) => store.step(options, (now) => prune(store, limit, now)),
  };
}

function countJobs(store: Store, filter: CountFilter, now: number): StateCounts {
  const total = noCounts();
  if (filter.task !== undefined || filter.group !== undefined) {
    for (const row of newestFirst(store, filter, undefined)) {
      if (!fits(row, filter, now)) continue;
      total[row.state]++;
      if (isDelayed(row, now)) total.delayed++;
    }
    return total;
  }
  for (const queue of store.queues.values()) {
    if (filter.queue !== undefined && filter.queue !== queue.name) continue;
    for (const state of JOB_STATES) total[state] += queue.counts[state];
    store.promote(queue, now);
    total.delayed += queue.delayedCount;
  }
  return total;
}
