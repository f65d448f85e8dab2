import { checkJobs, limitOf, pageOf, RUN_TIME } from "../../contract/index.js";
import type {
  Due,
  DueOptions,
  Fired,
  NewSchedule,
  PutFrom,
  Schedule,
  ScheduleChange,
  ScheduleFilter,
  SchedulePage,
  Schedules,
  Self,
  Shot,
} from "../../contract/index.js";
import { enqueue } from "./enqueue.js";
import type { Store } from "./store.js";

export function schedules(store: Store, self: Self): Schedules {
  return {
    put: async (given, from, options) => store.step(options, () => putAll(store, given, from)),
    due: async (owners, limit, options) => store.step(options, (now) => due(store, owners, limit, options?.only, now)),
    fire: async (shots, options) =>
      store.step(options, (now) => {
        checkJobs(
          shots.flatMap(({ job }) => job ?? []),
          self,
        );
        return shots.map((shot) => fire(store, shot, now));
      }),
    list: async (filter, options) => store.step(options, (now) => list(store, filter, now)),
    change: async (changes, options) => store.step(options, () => changes.map((one) => change(store, one))),
  };
}

function putAll(store: Store, given: readonly NewSchedule[], { owner, deployment = 0, retire = false }: PutFrom): boolean {
  if ((store.retired.get(owner) ?? 0) > deployment) return false;
  for (const schedule of given) put(store, schedule, owner, deployment);
  if (!retire) return true;
  store.retired.set(owner, deployment);
  const kept = new Set(given.map(({ id }) => id));
  for (const { id, ...row } of store.schedules.values())
    if (row.owner === owner && row.deployment < deployment && !kept.has(id)) store.schedules.delete(id);
  return true;
}

function put(store: Store, { id, spec, nextAt }: NewSchedule, owner: string, deployment: number): void {
  const known = store.schedules.get(id);
  if (known === undefined)
    return void store.schedules.set(id, { id, spec, nextAt, owner, deployment, paused: false, lastAt: undefined, fires: 0 });
  if (owner === RUN_TIME ? known.owner !== RUN_TIME : known.owner === owner && known.deployment > deployment) return;
  Object.assign(known, { owner, deployment }, known.spec !== spec && { spec, nextAt });
}

/**
 * Those whose slot has come, and when the next of the others will.
 * Sorts only those that have come: there may be many that wait.
 */
function due(store: Store, owners: readonly string[], limit: number, only: DueOptions["only"], now: number): Due {
  const [asked, these] = [new Set(owners), only && new Set(only)];
  const ready: Schedule[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (const row of store.schedules.values()) {
    if (row.paused || row.nextAt === undefined) continue;
    if (row.owner !== RUN_TIME && !(asked.has(row.owner) && these?.has(row.id) !== false)) continue;
    if (row.nextAt <= now) ready.push(row);
    else next = Math.min(next, row.nextAt);
  }
  ready.sort((a, b) => a.nextAt! - b.nextAt!);
  const nextDueAt = ready[limit]?.nextAt ?? (next === Number.POSITIVE_INFINITY ? undefined : next);
  return { schedules: ready.slice(0, limit).map(copyOf), nextDueAt, now };
}

function fire(store: Store, { id, slot, nextAt, spec, job }: Shot, now: number): Fired {
  const row = store.schedules.get(id);
  if (row === undefined || row.paused || row.nextAt !== slot || row.spec !== spec) return "gone";
  Object.assign(row, { nextAt }, job && { lastAt: slot, fires: row.fires + 1 });
  return job !== undefined && enqueue(store, [job], now).length > 0 ? "known" : "fired";
}

function list(store: Store, filter: ScheduleFilter = {}, now: number): SchedulePage {
  const { ids, owner, from } = filter;
  const asked = ids === undefined ? [...store.schedules.values()] : [...new Set(ids)].flatMap((id) => store.schedules.get(id) ?? []);
  const found = asked.filter((row) => (owner === undefined || row.owner === owner) && (from === undefined || row.id > from));
  found.sort((a, b) => (a.id < b.id ? -1 : 1));
  const { items, ...next } = pageOf(found, limitOf(filter), ({ id }) => id);
  return { items: items.map(copyOf), ...next, now };
}

function change(store: Store, one: ScheduleChange): boolean {
  if (one.to === "removed") return store.schedules.delete(one.id);
  const row = store.schedules.get(one.id);
  if (row === undefined) return false;
  row.paused = one.to === "paused";
  if (one.to === "resumed") row.nextAt = one.nextAt;
  return true;
}

function copyOf({ id, spec, nextAt, owner, deployment, paused, lastAt, fires }: Schedule): Schedule {
  return { id, spec, nextAt, owner, deployment, paused, lastAt, fires };
}
