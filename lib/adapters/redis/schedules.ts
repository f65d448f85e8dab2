import { checkJobs, limitOf, pageOf, RUN_TIME } from "../../contract/index.js";
import type {
  At,
  Due,
  DueOptions,
  Fired,
  NewSchedule,
  PutFrom,
  Schedule,
  ScheduleFilter,
  SchedulePage,
  Schedules,
  Self,
  Shot,
} from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { enqueueArgs } from "./enqueue.js";
import type { Store } from "./store.js";

/** How long the ids of a list are kept for its next page. */
const KEPT_MS = 10_000;

export function schedules(store: Store, self: Self): Schedules {
  return {
    put: (given, from, options) => put(store, given, from, options),
    due: (owners, limit, options) => due(store, owners, limit, options),
    fire: async (shots, options) => {
      checkJobs(
        shots.flatMap(({ job }) => job ?? []),
        self,
      );
      return fire(store, shots, options);
    },
    list: lister(store),
    change: async (changes, options) => {
      const args = changes.flatMap((one) => [one.id, one.to, (one.to === "resumed" ? one.nextAt : undefined) ?? ""]);
      return ((await act(store, "change", args, options)) as number[]).map((found) => found === 1);
    },
  };
}

function act(store: Store, verb: string, args: readonly (string | number)[], options?: At): Promise<Reply> {
  return store.run("schedules", store.home, [verb, ...args], options);
}

async function put(
  store: Store,
  given: readonly NewSchedule[],
  { owner, deployment = 0, retire = false }: PutFrom,
  options: At | undefined,
): Promise<boolean> {
  const list = given.flatMap(({ id, spec, nextAt }) => [id, spec, nextAt ?? ""]);
  return (await act(store, "put", [owner, deployment, retire ? "1" : "", ...list], options)) === 1;
}

async function due(store: Store, owners: readonly string[], limit: number, options: DueOptions | undefined): Promise<Due> {
  const asked = new Set(owners);
  const only = options?.only;
  for (;;) {
    const [now, pairs, mended] = (await (only === undefined
      ? act(store, "due", [limit + 1, ...asked], options)
      : act(store, "only", [limit + 1, ...only], options))) as [string, string[], number];
    // What an old process has moved stood in the way of others.
    if (mended > 0) continue;
    const standing = [...schedulesOf(pairs).values()]
      .filter(({ owner, paused, nextAt }) => (owner === RUN_TIME || asked.has(owner)) && !paused && nextAt !== undefined)
      .sort((a, b) => a.nextAt! - b.nextAt!);
    const ready = standing.slice(0, limit).filter(({ nextAt }) => nextAt! <= Number(now));
    return { schedules: ready, nextDueAt: standing[ready.length]?.nextAt, now: Number(now) };
  }
}

async function fire(store: Store, shots: readonly Shot[], options: At | undefined): Promise<readonly Fired[]> {
  if (shots.length === 0) return (store.live(), []);
  const args: (string | number)[] = [shots.length];
  const known = new Set<Shot>();
  for (const shot of shots) {
    const { id, slot, nextAt, spec, job } = shot;
    const stored = job && (await enqueueArgs(store, [job], [], store.home, options));
    if (stored !== undefined && [...stored.listed].length > 0) known.add(shot);
    args.push(id, slot, nextAt ?? "", spec, stored?.args.length ?? 0, ...(stored?.args ?? []));
  }
  const [answers, mail] = (await store.run("fire", store.home, args, options)) as [number[], Reply[]];
  const moved = shots.filter((_, i) => answers[i] !== 0);
  for (const met of (await store.mail.deliver(store.home, mail, options)).duplicates) {
    const shot = moved.findLast((one) => one.job?.id === met && !known.has(one));
    if (shot !== undefined) known.add(shot);
  }
  const queues = new Set(moved.flatMap(({ job }) => job?.queue ?? []));
  if (queues.size > 0) store.hintWork([...queues]);
  return shots.map((shot, i) => (answers[i] === 0 ? "gone" : answers[i] === 2 || known.has(shot) ? "known" : "fired"));
}

/** Redis has the ids in no order: those of a list are kept for its next page. */
function lister(store: Store): Schedules["list"] {
  let kept: { readonly ids: readonly string[]; readonly until: number } | undefined;
  const idsFor = async ({ ids, from }: ScheduleFilter): Promise<readonly string[]> => {
    if (ids !== undefined) return [...new Set(ids)].sort();
    if (from !== undefined && kept !== undefined && performance.now() < kept.until) return kept.ids;
    const all = ((await act(store, "ids", [])) as string[]).sort();
    kept = { ids: all, until: performance.now() + KEPT_MS };
    return all;
  };
  return async (filter = {}, options): Promise<SchedulePage> => {
    const { from = "", owner } = filter;
    const [ids, limit] = [await idsFor(filter), limitOf(filter)];
    const first = ids.findIndex((id) => id > from);
    const { items, ...next } = pageOf(first < 0 ? [] : ids.slice(first, first + limit + 1), limit, (id) => id);
    if (ids === kept?.ids && next.next === undefined) kept = undefined;
    const [now, pairs] = (await act(store, "get", items, options)) as [string, string[]];
    const found = [...schedulesOf(pairs).values()].filter((one) => owner === undefined || one.owner === owner);
    return { items: found, ...next, now: Number(now) };
  };
}

/** By id; an id may come twice, as one that was asked for and as one made at run time. */
function schedulesOf(pairs: readonly string[]): Map<string, Schedule> {
  const found = new Map<string, Schedule>();
  for (let i = 0; i < pairs.length; i += 2) {
    const { spec, nextAt, paused, lastAt, fires, dynamic, owner = "app", deployment = 0 } = JSON.parse(pairs[i + 1]!) as Stored;
    const whose = dynamic === true ? RUN_TIME : owner;
    found.set(pairs[i]!, { id: pairs[i]!, spec, nextAt, owner: whose, deployment: Number(deployment), paused, lastAt, fires });
  }
  return found;
}

/** As version 0.1 writes it, and with what it says nothing of. */
type Stored = Omit<Schedule, "id" | "owner" | "deployment"> & {
  readonly dynamic?: boolean;
  readonly owner?: string;
  readonly deployment?: string;
};
