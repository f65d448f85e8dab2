import { checkAlong, withEnded } from "../../contract/index.js";
import type { Entry, Journal, NewEntry } from "../../contract/index.js";
import { carryOut } from "./along.js";
import { spreadAll } from "./links.js";
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
          carryOut(store, along, loose, now);
        }
        spreadAll(store, loose, now);
        return withEnded({ lost }, store.takeEnded());
      }),
  };
}

/** The entries with higher numbers, looked for from the end, as most readers have the others. */
function entriesAfter(entries: readonly Entry[], after: number): readonly Entry[] {
  return entries.slice(entries.findLastIndex(({ seq }) => seq <= after) + 1);
}

/**
 * Adds entries in `seq` order; a number that is taken stays as it is.
 * A run that makes progress is no poison: its lapses are forgotten.
 */
export function write(row: Row, entries: readonly NewEntry[], now: number): void {
  if (entries.length > 0) row.lapses = 0;
  for (const entry of entries) {
    const log = (row.journal ??= []);
    // Nearly always the entry comes last; otherwise its place is looked for from the end.
    let place = log.length;
    while (place > 0 && log[place - 1]!.seq > entry.seq) place--;
    if (place > 0 && log[place - 1]!.seq === entry.seq) continue;
    log.splice(place, 0, Object.freeze({ ...entry, at: now }));
  }
}
