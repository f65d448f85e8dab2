import type { NewEntry } from "../../contract/index.js";
import type { Row } from "./rows.js";

/**
 * Adds entries in `seq` order; a number that is taken stays as it is.
 * A run that makes progress is no poison: its lapses are forgotten.
 */
export function append(row: Row, entries: readonly NewEntry[], now: number): void {
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
