import { checkJobs } from "../../contract/index.js";
import type { Due, NewSchedule, Schedule, Schedules, Shot } from "../../contract/index.js";
import { enqueue } from "./enqueue.js";
import type { Self, Store } from "./store.js";

export function schedules(store: Store, self: Self): Schedules {
  return {
    upsert: async (given, options) =>
      store.step(options, () => {
        for (const schedule of given) upsert(store, schedule);
      }),
    due: async (ids, limit, options) => store.step(options, (now) => due(store, ids, limit, now)),
    fire: async (shots, options) =>
      store.step(options, (now) => {
        checkJobs(
          shots.flatMap(({ job }) => job ?? []),
          self,
        );
        return shots.filter((shot) => fire(store, shot, now)).map(({ id }) => id);
      }),
    get: async (ids, options) =>
      store.step(options, (now) => {
        const rows = ids.map((id) => store.schedules.get(id));
        return { schedules: rows.map((row) => row && copyOf(row)), now };
      }),
    list: async (options) =>
      store.step(options, () => [...store.schedules.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((row) => copyOf(row))),
    pause: async (id, options) => store.step(options, () => change(store, id, { paused: true })),
    resume: async (id, nextAt, options) => store.step(options, () => change(store, id, { paused: false, nextAt })),
    remove: async (id, options) => store.step(options, () => store.schedules.delete(id)),
  };
}

function upsert(store: Store, { id, spec, nextAt, dynamic = false }: NewSchedule): void {
  const known = store.schedules.get(id);
  if (known === undefined) return void store.schedules.set(id, { id, spec, nextAt, dynamic, paused: false, lastAt: undefined, fires: 0 });
  if (dynamic && !known.dynamic) return;
  Object.assign(known, { dynamic }, known.spec !== spec && { spec, nextAt });
}

/**
 * Of the ids and the dynamic ones those whose slot has come, and when the next of the others will.
 * Sorts only those that have come: there may be many that wait.
 */
function due(store: Store, ids: readonly string[], limit: number, now: number): Due {
  const asked = new Set(ids);
  const ready: Schedule[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (const row of store.schedules.values()) {
    if (row.paused || row.nextAt === undefined || !(row.dynamic || asked.has(row.id))) continue;
    if (row.nextAt <= now) ready.push(row);
    else next = Math.min(next, row.nextAt);
  }
  ready.sort((a, b) => a.nextAt! - b.nextAt!);
  const nextDueAt = ready[limit]?.nextAt ?? (next === Number.POSITIVE_INFINITY ? undefined : next);
  return { schedules: ready.slice(0, limit).map(copyOf), nextDueAt, now };
}

/** Whether the schedule still stood at the slot. */
function fire(store: Store, { id, slot, nextAt, spec, job }: Shot, now: number): boolean {
  const row = store.schedules.get(id);
  if (row === undefined || row.paused || row.nextAt !== slot || row.spec !== spec) return false;
  Object.assign(row, { nextAt }, job && { lastAt: slot, fires: row.fires + 1 });
  if (job !== undefined) enqueue(store, [job], now);
  return true;
}

function change(store: Store, id: string, to: Partial<Schedule>): boolean {
  const row = store.schedules.get(id);
  if (row !== undefined) Object.assign(row, to);
  return row !== undefined;
}

function copyOf({ id, spec, nextAt, dynamic, paused, lastAt, fires }: Schedule): Schedule {
  return { id, spec, nextAt, dynamic, paused, lastAt, fires };
}
