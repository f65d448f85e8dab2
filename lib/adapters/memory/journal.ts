import { checkAlong, withEnded, type Entry, type Journal, type Self } from "../../contract/index.js";
import { carryOut } from "./along.js";
import { takeEnded } from "./ended.js";
import { append } from "./entries.js";
import { loanOf } from "./lease.js";
import { arrive } from "./links.js";
import { takeNote } from "./notes.js";
import { rewrite } from "./rewrite.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

export function journal(store: Store, self: Self): Journal {
  return {
    read: async (reads, options) =>
      store.step(options, () => reads.map(({ id, after = 0 }) => entriesAfter(store.rows.get(id)?.journal ?? [], after))),
    append: async (writes, options) =>
      store.step(options, (now) => {
        checkAlong(writes, self);
        const lost: string[] = [];
        const loose: Row[] = [];
        for (const { lease, journal: entries, ...along } of writes) {
          const row = loanOf(store, lease);
          if (row === undefined) {
            lost.push(lease.jobId);
            continue;
          }
          if (entries !== undefined) append(row, entries, now);
          if (along.note !== undefined) takeNote(row, along.note, now);
          carryOut(store, along, loose, now);
        }
        arrive(store, loose, now);
        return withEnded({ lost }, takeEnded(store));
      }),
    rewrite: async (runId, how, options) => store.step(options, (now) => rewrite(store, runId, how, now)),
  };
}

/** The entries with higher numbers, looked for from the end, as most readers have the others. */
function entriesAfter(entries: readonly Entry[], after: number): readonly Entry[] {
  return entries.slice(entries.findLastIndex(({ seq }) => seq <= after) + 1);
}
