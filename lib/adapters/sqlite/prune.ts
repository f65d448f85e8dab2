import { KEYED, NOTED } from "../relational/codes.js";
import { forgetNotes } from "./notes.js";
import { neededBy } from "./rows.js";
import type { Store } from "./store.js";

const HOUR_MS = 3_600_000;

/** Forgets up to `limit` jobs past their time, and what else has had its time; returns how many jobs. */
export function prune(store: Store, limit: number, now: number): number {
  const jobs = store
    .value(`SELECT seq FROM ended WHERE forget_at <= ? AND NOT ${neededBy("ended")} ORDER BY forget_at LIMIT ?`)
    .all(now, limit) as number[];
  forget(store, jobs);
  store.sql("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)").run(now, limit);
  store
    .sql(
      "DELETE FROM stem_keys WHERE (queue, key) IN (SELECT queue, key FROM stem_keys WHERE until > 0 AND until <= ? ORDER BY until LIMIT ?)",
    )
    .run(now, limit);
  store.sql("DELETE FROM workers WHERE lease_until <= ? AND no NOT IN (SELECT worker FROM active)").run(now - HOUR_MS);
  return jobs.length;
}

/**
 * Forgets jobs, wherever their record is, with their journals, notes and links. Their numbers are never given
 * to another job.
 */
export function forget(store: Store, seqs: readonly number[]): void {
  if (seqs.length === 0) return;
  const top = seqs.reduce((a, b) => Math.max(a, b));
  store.sql("UPDATE meta SET value = ? WHERE name = 'seq_floor' AND value < ? AND ? = (SELECT max(seq) FROM jobs)").run(top, top, top);
  for (const seq of seqs) {
    const links = store.value("DELETE FROM jobs WHERE seq = ? RETURNING links").get(seq) as number | undefined;
    store.sql("DELETE FROM ended WHERE seq = ?").run(seq);
    if (links === undefined || links === 0) continue;
    store.sql("DELETE FROM journal WHERE job = ?").run(seq);
    if (links & NOTED) forgetNotes(store, seq);
    if (links & KEYED) store.sql("DELETE FROM stem_keys WHERE seq = ? AND (until IS NULL OR until = 0)").run(seq);
    store.sql("DELETE FROM links WHERE from_seq = ?").run(seq);
    store.sql("DELETE FROM links WHERE to_seq = ?").run(seq);
  }
}
