import type { NewEntry } from "../../contract/index.js";
import { JOURNALED } from "../relational/codes.js";
import type { Loan, Store } from "./store.js";

/** Adds entries to a run's journal inside the caller's transaction; the caller has checked the lease. */
export function append(store: Store, { seq: job }: Pick<Loan, "seq">, entries: readonly NewEntry[], now: number): void {
  const insert = store.sql(
    "INSERT INTO journal (job, seq, key, kind, state, at, value) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const { seq, key, kind, state, value } of entries) insert.run(job, seq, key, kind, state, now, value ?? null);
  // A run that makes progress is no poison: its lapses are forgotten.
  store.sql(`UPDATE jobs SET links = links | ${JOURNALED}, lapses = 0 WHERE seq = ? AND (links & ${JOURNALED} = 0 OR lapses > 0)`).run(job);
}
