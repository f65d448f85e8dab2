import { checkPurge } from "../../contract/index.js";
import type { DeadLetter, DeadLetterFilter, DeadLetters } from "../../contract/index.js";
import { revive } from "./links.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

export function deadLetters(store: Store): DeadLetters {
  return {
    list: async (filter = {}, options) =>
      store.step(options, (now) => find(store, filter, now, Math.min(filter.limit ?? 100, 1_000)).map((row) => letterOf(row))),
    retry: async (ids, options) => store.step(options, (now) => ids.filter((id) => retry(store, id, now))),
    purge: async (filter, options) =>
      store.step(options, (now) => {
        const chosen = checkPurge(filter);
        const found = find(store, chosen, now, chosen.limit ?? Infinity);
        for (const row of found) store.forget(row);
        return found.length;
      }),
  };
}

/** Latest death first; of deaths at one moment, the later recorded. */
function find(store: Store, filter: DeadLetterFilter, now: number, limit: number): Row[] {
  const ids = filter.ids && new Set(filter.ids);
  const found = [...store.dead].toReversed().sort((a, b) => b.endedAt! - a.endedAt!);
  const after = filter.cursor === undefined ? 0 : found.findIndex(({ id }) => id === filter.cursor) + 1;
  if (filter.cursor !== undefined && after === 0) return [];
  return found
    .slice(after)
    .filter(
      (row) =>
        !store.isGone(row, now) &&
        (ids === undefined || ids.has(row.id)) &&
        (filter.queue === undefined || row.queue.name === filter.queue) &&
        (filter.task === undefined || row.task === filter.task) &&
        (filter.before === undefined || row.endedAt! < filter.before),
    )
    .slice(0, limit);
}

function letterOf(row: Row): DeadLetter {
  return {
    id: row.id,
    task: row.task,
    queue: row.queue.name,
    cause: row.cause === "input" || row.cause === undefined ? "error" : row.cause,
    error: row.error!,
    attempts: row.attempts,
    lapses: row.lapses,
    diedAt: row.endedAt!,
  };
}

/**
 * Whether the job moved. Its links decide where to; and it starts late by the wish of a person, so it does
 * not expire any more.
 */
function retry(store: Store, id: string, now: number): boolean {
  const row = store.find(id, now);
  if (row === undefined || row.failedLinks > 0) return false;
  if (row.state !== "failed" && row.state !== "cancelled" && row.state !== "expired") return false;
  store.reopen(row);
  row.expiresAt = undefined;
  if (row.openLinks > 0) store.move(row, "blocked");
  else {
    row.dueAt = now;
    store.makeReady(row, now);
  }
  revive(store, row);
  return true;
}
