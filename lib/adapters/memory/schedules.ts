import { checkJobs } from "../../contract/index.js";
import type { NewSchedule, Schedule, Schedules, Shot } from "../../contract/index.js";
import { enqueue } from "./enqueue.js";
import type { Self, Store } from "./store.js";

export function schedules(store: Store, self: Self): Schedules {
  return {
    upsert: async (given, options) =>
      store.step(options, () => {
        for (const schedule of given) upsert(store, schedule);
      }),
    due: async (ids, limit, options) =>
      store.step(options, (now) => {
        const standing = waiting(store, ids);
        const due = standing.filter(({ nextAt }) => nextAt! <= now).slice(0, limit);
        return { schedules: due, nextDueAt: standing[due.length]?.nextAt, now };
      }),
    fire: async (shots, options) =>
      store.step(options, (now) => {
        checkJobs(
          shots.map(({ job }) => job),
          self,
        );
        return shots.filter((shot) => fire(store, shot, now)).map(({ id }) => id);
      }),
    list: async (options) =>
      store.step(options, () => [...store.schedules.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((row) => copyOf(row))),
    pause: async (id, options) => store.step(options, () => change(store, id, { paused: true })),
    resume: async (id, nextAt, options) => store.step(options, () => change(store, id, { paused: false, nextAt })),
    remove: async (id, options) => store.step(options, () => store.schedules.delete(id)),
  };
}

function upsert(store: Store, { id, spec, nextAt }: NewSchedule): void {
  const known = store.schedules.get(id);
  if (known === undefined) store.schedules.set(id, { id, spec, nextAt, paused: false, lastAt: undefined, fires: 0 });
  else if (known.spec !== spec) Object.assign(known, { spec, nextAt });
}

/** Those of the ids that will be due some time, earliest first. */
function waiting(store: Store, ids: readonly string[]): Schedule[] {
  const found: Schedule[] = [];
  for (const id of new Set(ids)) {
    const row = store.schedules.get(id);
    if (row !== undefined && !row.paused && row.nextAt !== undefined) found.push(copyOf(row));
  }
  return found.sort((a, b) => a.nextAt! - b.nextAt!);
}

/** Whether the schedule still stood at the slot. */
function fire(store: Store, { id, slot, nextAt, job }: Shot, now: number): boolean {
  const row = store.schedules.get(id);
  if (row === undefined || row.paused || row.nextAt !== slot) return false;
  Object.assign(row, { nextAt, lastAt: slot, fires: row.fires + 1 });
  enqueue(store, [job], now);
  return true;
}

function change(store: Store, id: string, to: Partial<Schedule>): boolean {
  const row = store.schedules.get(id);
  if (row !== undefined) Object.assign(row, to);
  return row !== undefined;
}

function copyOf({ id, spec, nextAt, paused, lastAt, fires }: Schedule): Schedule {
  return { id, spec, nextAt, paused, lastAt, fires };
}
