import { JOB_STATES, LOOKED, markOf, noCounts, PAGE, placeOf, RecordPage } from "../../contract/index.js";
import type { CountFilter, JobFilter, JobRecord, Page, StateCounts } from "../../contract/index.js";
import { sweep } from "./prune.js";
import { recordOf, type Row } from "./rows.js";
import type { Store } from "./store.js";

/** One page of the records that fit. */
export function listJobs(store: Store, filter: JobFilter, now: number): Page<JobRecord> {
  const page = new RecordPage(Math.min(filter.limit ?? 100, PAGE));
  const next = look(store, filter, now, page, (row) => page.add(recordOf(row, now)));
  return { items: page.records, ...(next !== undefined && { next }) };
}

/** The ids of jobs that fit, up to `most`, and where to go on. */
export function idsIn(
  store: Store,
  filter: JobFilter,
  now: number,
  most: number,
): { readonly ids: readonly string[]; readonly next: string | undefined } {
  const ids: string[] = [];
  const page = { isFull: false };
  const next = look(store, filter, now, page, ({ id }) => {
    page.isFull = ids.push(id) >= most;
    return true;
  });
  return { ids, next };
}

/** How many jobs of a filter are in which state. */
export function countJobs(store: Store, filter: CountFilter, now: number): StateCounts {
  sweep(store, now);
  const total = noCounts();
  if (filter.task !== undefined || filter.group !== undefined) {
    for (const row of newestFirst(store, filter, undefined)) {
      if (!fits(row, filter, now)) continue;
      total[row.state]++;
      if (isDelayed(row, now)) total.delayed++;
    }
    return total;
  }
  for (const queue of store.queues.values()) {
    if (filter.queue !== undefined && filter.queue !== queue.name) continue;
    for (const state of JOB_STATES) total[state] += queue.counts[state];
    store.promote(queue, now);
    total.delayed += queue.delayedCount;
  }
  return total;
}

/**
 * Hands jobs that fit to `add`, in order, until the page is full, or `add` says that it has no place for one,
 * or enough were looked at; then it returns where to go on.
 */
function look(
  store: Store,
  filter: JobFilter,
  now: number,
  page: { readonly isFull: boolean },
  add: (row: Row) => boolean,
): string | undefined {
  const ids = filter.ids && new Set(filter.ids);
  const isWanted = (row: Row): boolean => (ids === undefined || ids.has(row.id)) && fits(row, filter, now) && !store.isGone(row, now);
  let last: Row | undefined;
  let looked = 0;
  for (const row of filter.dead === true ? latestDeathFirst(store, filter) : newestFirst(store, filter, filter.from)) {
    const isOver = page.isFull || looked++ >= LOOKED;
    if (last !== undefined && (isOver || (isWanted(row) && !add(row)))) return markAfter(last, row, filter);
    if (last === undefined && isWanted(row)) add(row);
    last = row;
  }
  return undefined;
}

/**
 * The mark has the place of the last job looked at, and the id of the one behind it, which is found at once
 * if it is there still.
 */
function markAfter(last: Row, next: Row, { dead }: JobFilter): string {
  return dead === true ? markOf("died", last.endedAt!, last.order) : markOf("stored", last.order, next.id);
}

/** Jobs that may fit, from the cursor or mark on. An unknown cursor gives none. */
function* newestFirst(store: Store, { group, cursor }: JobFilter, mark: string | undefined): Iterable<Row> {
  const from = cursor === undefined ? undefined : store.rows.get(cursor);
  if (cursor !== undefined && from === undefined) return;
  const [order, id] = mark === undefined ? [from?.order ?? Infinity] : (placeOf(mark, "stored", ["number", "string"]) as [number, string]);
  if (group !== undefined) {
    for (const row of [...(store.groups.get(group) ?? [])].toReversed()) if (row.order < order) yield row;
    return;
  }
  const behind = id === undefined ? undefined : store.rows.get(id);
  let row = behind !== undefined && behind.order < order ? behind : from === undefined ? store.newest : from.older;
  while (row !== undefined && row.order >= order) row = row.older;
  for (; row !== undefined; row = row.older) yield row;
}

/** Dead letters from the cursor or mark on; of deaths at one moment, the later stored first. */
function* latestDeathFirst(store: Store, { cursor, from: mark }: JobFilter): Iterable<Row> {
  const from = cursor === undefined ? undefined : store.rows.get(cursor);
  if (cursor !== undefined && from?.endedAt === undefined) return;
  const place = mark === undefined ? [from?.endedAt ?? Infinity, from?.order ?? Infinity] : placeOf(mark, "died", ["number", "number"]);
  const [at, order] = place as [number, number];
  // Turned round first, which is nearly the order already.
  const dead = [...store.dead].toReversed().sort((a, b) => b.endedAt! - a.endedAt! || b.order - a.order);
  for (const row of dead) if (row.endedAt! < at || (row.endedAt === at && row.order < order)) yield row;
}

/** Whether a job is one that a filter asks for, but for the ids in it and for jobs past their time. */
function fits(row: Row, { state, delayed, task, queue, group, dead, before }: JobFilter, now: number): boolean {
  return (
    (state === undefined || row.state === state) &&
    (delayed === undefined || delayed === isDelayed(row, now)) &&
    (task === undefined || row.task === task) &&
    (queue === undefined || row.queue.name === queue) &&
    (group === undefined || row.group === group) &&
    (dead === undefined || (row.state === "failed" && row.cause !== "input")) &&
    (before === undefined || (row.endedAt !== undefined && row.endedAt < before))
  );
}

function isDelayed({ state, dueAt }: Row, now: number): boolean {
  return state === "ready" && dueAt > now;
}
