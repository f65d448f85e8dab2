import { checkAlong, withEnded } from "../../contract/index.js";
import type { Entry, Journal } from "../../contract/index.js";
import { carryOut } from "./along.js";
import { write } from "./entries.js";
import { spreadAll } from "./links.js";
import { takeNote } from "./notes.js";
import { rewrite } from "./rewrite.js";
import type { Row } from "./rows.js";
import type { Self, Store } from "./store.js";

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
          const row = store.lentUnder(lease);
          if (row === undefined) {
            lost.push(lease.jobId);
            continue;
          }
          if (entries !== undefined) write(row, entries, now);
          if (along.note !== undefined) takeNote(row, along.note, now);
          carryOut(store, along, loose, now);
        }
        spreadAll(store, loose, now);
        return withEnded({ lost }, store.takeEnded());
      }),
    rewrite: async (runId, how, options) => store.step(options, (now) => rewrite(store, runId, how, now)),
  };
}

/** The entries with higher numbers, looked for from the end, as most readers have the others. */
function entriesAfter(entries: readonly Entry[], after: number): readonly Entry[] {
  return entries.slice(entries.findLastIndex(({ seq }) => seq <= after) + 1);
}
