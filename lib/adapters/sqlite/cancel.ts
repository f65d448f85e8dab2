import { cancelled, type Cancelled } from "../../contract/index.js";
import { endBadly, followLinks, type Loose } from "./links.js";
import { present } from "./results.js";
import { FROM, STANDS, STATES } from "./rows.js";
import type { Store } from "./store.js";

type CancelRow = [
  seq: number,
  stands: number,
  lane: number,
  dueAt: number,
  attempts: number,
  fence: number,
  startedAt: number | null,
  keepFailed: number | null,
  links: number,
];

/**
 * Ends unfinished jobs inside the caller's transaction, and then whoever waits for them.
 *
 * @param later takes those whose links the caller will follow itself
 */
export function cancelAll(store: Store, ids: readonly string[], reason: string, now: number, later?: Loose[]): readonly Cancelled[] {
  const loose = later ?? [];
  const answers = ids.map((id) => cancelOne(store, id, reason, now, loose));
  // After all of them, so that one that was asked for by name is not ended as somebody's dependant.
  if (later === undefined) followLinks(store, loose, now);
  return answers;
}

function cancelOne(store: Store, id: string, reason: string, now: number, loose: Loose[]): Cancelled {
  const row = store
    .rows(
      `SELECT j.seq, ${STANDS}, j.lane, coalesce(j.due_at, j.enqueued_at), j.attempts + (a.seq IS NOT NULL), coalesce(a.fence, j.fence),
         coalesce(a.started_at, j.started_at), j.keep_failed, j.links ${FROM} WHERE j.id = ? AND ${present("e")}`,
    )
    .get({ now }, id) as CancelRow | undefined;
  if (row === undefined) return { id, as: "unknown" };
  const [seq, stands, lane, dueAt, attempts, fence, startedAt, keepFailed, links] = row;
  const was = STATES[stands]!;
  switch (was) {
    case "ready":
      store.sql("DELETE FROM line WHERE lane = ? AND due_at = ? AND seq = ?").run(lane, dueAt, seq);
      break;
    case "active":
      store.sql("DELETE FROM active WHERE seq = ?").run(seq);
      break;
    case "parked":
      store.sql("DELETE FROM parked WHERE seq = ?").run(seq);
      store.sql("DELETE FROM waits WHERE seq = ?").run(seq);
      break;
    case "blocked":
      break;
    default:
      return { id, as: "ended", was };
  }
  const error = cancelled(reason);
  endBadly(store, { seq, id, links, attempts, fence, startedAt, keepFailed, state: "cancelled", cause: null, error }, now, loose);
  return { id, as: "cancelled", was };
}
