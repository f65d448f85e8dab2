import { expired, JOB_DEFAULTS, lapsed } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { enterLine } from "./line.js";
import { arrive, end } from "./links.js";
import type { LineRow } from "./rows.js";
import type { Store } from "./store.js";

type HeldRow = [number, string, number, number, number, number, number, number, number | null, number | null, number];

/**
 * Takes back the jobs of lapsed workers.
 * The attempt is given back, the lapse counted, and the last lapse allowed ends the job.
 */
export function takeBack(store: Store, now: number, loose: Loose[]): void {
  for (const worker of store.value("SELECT no FROM workers WHERE emptied = 0 AND lease_until <= ?").all(now) as number[]) {
    const held = store
      .rows(
        `SELECT a.seq, j.id, a.fence, a.started_at, j.lapses + 1, j.attempts, j.lane, j.links, j.max_lapses, j.keep_failed, coalesce(j.due_at, j.enqueued_at)
         FROM active a JOIN jobs j ON j.seq = a.seq WHERE a.worker = ? ORDER BY a.seq`,
      )
      .all(worker) as HeldRow[];
    for (const [seq, id, fence, startedAt, lapses, attempts, lane, links, maxLapses, keepFailed, dueAt] of held) {
      store.sql("UPDATE jobs SET lapses = ?, fence = ?, started_at = ? WHERE seq = ?").run(lapses, fence, startedAt, seq);
      if (lapses < (maxLapses ?? JOB_DEFAULTS.maxLapses)) enterLine(store, seq, lane, dueAt);
      else {
        const error = lapsed(lapses);
        end(store, { seq, id, links, attempts, fence, startedAt, keepFailed, state: "failed", cause: "lapsed", error }, now, loose);
      }
    }
    if (held.length > 0) store.sql("DELETE FROM active WHERE worker = ?").run(worker);
    store.sql("UPDATE workers SET emptied = 1 WHERE no = ?").run(worker);
  }
}

/** Ends jobs that had not started by their expiry. */
export function expire(store: Store, rows: readonly LineRow[], now: number): void {
  const loose: Loose[] = [];
  for (const [seq, , id, , , expiresAt, attempts, , fence, links, , , keepFailed] of rows) {
    const error = expired(expiresAt!);
    end(store, { seq, id, links, attempts, fence, startedAt: null, keepFailed, state: "expired", cause: null, error }, now, loose);
  }
  arrive(store, loose, now);
}
