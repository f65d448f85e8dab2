import { FROM, STANDS, STATES } from "./rows.js";
import { present } from "./prune.js";
import type { Store } from "./store.js";

/** Where a job stands, and what changing it needs to know. */
export interface Found {
  readonly seq: number;
  readonly was: ReturnType<typeof stateOf>;
  readonly lane: number;
  readonly dueAt: number;
  readonly attempts: number;
  readonly fence: number;
  readonly startedAt: number | null;
  readonly keepFailed: number | null;
  readonly links: number;
  readonly open: number;
  readonly failed: number;
  readonly cause: string | null;
}

const stateOf = (stands: number) => STATES[stands]!;

/** Finds a job by its id; undefined where nothing is stored. */
export function find(store: Store, id: string, now: number): Found | undefined {
  const row = store
    .sql(
      `SELECT j.seq, ${STANDS} AS stands, j.lane, coalesce(j.due_at, j.enqueued_at) AS dueAt, j.attempts + (a.seq IS NOT NULL) AS attempts,
         coalesce(a.fence, j.fence) AS fence, coalesce(a.started_at, j.started_at) AS startedAt, j.keep_failed AS keepFailed, j.links,
         j.open, j.failed, e.cause ${FROM} WHERE j.id = ? AND ${present("e")}`,
    )
    .get({ now }, id) as (Omit<Found, "was"> & { readonly stands: number }) | undefined;
  return row && { ...row, was: stateOf(row.stands) };
}

/** Takes a ready job out of its line. */
export function leaveLine(store: Store, { lane, dueAt, seq }: Pick<Found, "lane" | "dueAt" | "seq">): void {
  store.sql("DELETE FROM line WHERE lane = ? AND due_at = ? AND seq = ?").run(lane, dueAt, seq);
}
