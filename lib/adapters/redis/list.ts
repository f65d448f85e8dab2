import { fitsDelayed, isFinal, JOB_STATES, LOOKED, markOf, noCounts, PAGE, placeOf, RecordPage } from "../../contract/index.js";
import type { At, CountFilter, JobFilter, JobRecord, Page, StateCounts } from "../../contract/index.js";
import { merged } from "./cluster/merge.js";
import { json } from "./connect/json.js";
import { sweep } from "./prune.js";
import { counted } from "./queues.js";
import { AT_ONCE, read, type Read } from "./records/read.js";
import type { Shard, Store } from "./store.js";

/** Counters of lua/common/base.lua by state. */
const COUNTERS = {
  blocked: "b",
  ready: "r",
  active: "a",
  parked: "p",
  succeeded: "s",
  failed: "f",
  cancelled: "c",
  expired: "e",
} as const;

/** One page of the records that fit. */
export async function listJobs(store: Store, filter: JobFilter, options: At | undefined): Promise<Page<JobRecord>> {
  const most = Math.min(filter.limit ?? 100, PAGE);
  const page = new RecordPage(most);
  const next = await look(store, filter, options, { most, bare: false, take: ({ record }) => page.add(record) });
  return { items: page.records, ...(next !== undefined && { next }) };
}

/** A job that fits, and where it is. */
export interface Found {
  readonly id: string;
  readonly shard: Shard;
}

/** The jobs that fit, up to `most`, and where to go on. */
export async function idsIn(
  store: Store,
  filter: JobFilter,
  options: At | undefined,
  most: number,
): Promise<{ readonly found: readonly Found[]; readonly next: string | undefined }> {
  const found: Found[] = [];
  const next = await look(store, filter, options, { most, bare: true, take: ({ record: { id } }, shard) => found.push({ id, shard }) > 0 });
  return { found, next };
}

/** How many jobs of a filter are in which state. */
export async function countJobs(store: Store, filter: CountFilter, options: At | undefined): Promise<StateCounts> {
  await sweep(store, options);
  if (filter.task !== undefined || filter.group !== undefined) return countFitting(store, filter, options);
  const total = noCounts();
  for (const { of, later } of await counted(store, filter.queue === undefined ? undefined : [filter.queue], options)) {
    for (const state of JOB_STATES) total[state] += of(COUNTERS[state]);
    total.delayed += later;
  }
  return total;
}

/** How many jobs that fit there are in each state. */
async function countFitting(store: Store, filter: JobFilter, options: At | undefined): Promise<StateCounts> {
  const total = noCounts();
  for await (const { found } of walk(store, filter, undefined, true, options)) {
    if (found === undefined || !fits(found.record, filter)) continue;
    total[found.record.state]++;
    if (found.record.delayed) total.delayed++;
  }
  return total;
}

/** Where in a list over all shards: behind this the next page begins. `id` counts for dead letters alone. */
interface Place {
  /** Number by arrival, or the time of death. */
  readonly at: number;
  readonly shard: Shard;
  readonly id: string;
}

/** What a list comes by: a job that may fit, or how many were looked at down to a place. */
interface Item {
  readonly at: number;
  readonly id: string;
  readonly shard: Shard;
  readonly found?: Read;
  readonly looked: number;
}

/**
 * Hands jobs that fit to `take`, in order: `most` at most, while it takes them, and until about 10,000 were
 * looked at. Returns where to go on.
 *
 * @param want.bare jobs may come without payloads
 */
async function look(
  store: Store,
  filter: JobFilter,
  options: At | undefined,
  want: { readonly most: number; readonly bare: boolean; readonly take: (found: Read, shard: Shard) => boolean },
): Promise<string | undefined> {
  const start = await startOf(store, filter, options);
  if (start === "nowhere") return undefined;
  const mark = ({ at, shard, id }: Place): string => (filter.dead === true ? markOf("died", at, shard, id) : markOf("stored", at, shard));
  let last: Place | undefined = start;
  let [looked, left] = [0, want.most];
  for await (const item of walk(store, filter, start, want.bare, options)) {
    if (item.found === undefined) {
      looked += item.looked;
      last = item;
      if (looked >= LOOKED) return mark(last);
      continue;
    }
    if (!fits(item.found.record, filter)) continue;
    if (!want.take(item.found, item.shard)) return mark(last!);
    last = item;
    if (--left === 0) return mark(last);
  }
  return undefined;
}

/** Where a list begins; undefined: at its top. */
async function startOf(store: Store, filter: JobFilter, options: At | undefined): Promise<Place | undefined | "nowhere"> {
  const { dead, cursor, from } = filter;
  if (from !== undefined) {
    const [at, shard, id = ""] = placeOf(
      from,
      dead === true ? "died" : "stored",
      dead === true ? ["number", "string", "string"] : ["number", "string"],
    );
    return { at: at as number, shard: shard as string, id: id as string };
  }
  if (cursor === undefined) return undefined;
  const [place] = await store.place([cursor], options);
  if (place === undefined) return "nowhere";
  const [shard] = place;
  const [found] = await read(store, shard, [cursor], options, { bare: true, even: true });
  const at = dead === true ? found?.record.endedAt : found?.seq;
  return at === undefined ? "nowhere" : { at, shard, id: cursor };
}

/** Whether a record is one of those that a filter asks for, but for its ids. */
function fits(record: JobRecord, { state, delayed, task, queue, group, dead, before }: JobFilter): boolean {
  return (
    (state === undefined || record.state === state) &&
    fitsDelayed(record, delayed) &&
    (task === undefined || record.task === task) &&
    (queue === undefined || record.queue === queue) &&
    (group === undefined || record.group === group) &&
    (dead === undefined || (record.state === "failed" && record.cause !== "input")) &&
    (before === undefined || (record.endedAt !== undefined && record.endedAt < before))
  );
}

/**
 * Jobs that may fit, in order over all shards, behind a place; of those of one moment, the earlier shard's
 * first.
 */
async function* walk(
  store: Store,
  filter: JobFilter,
  start: Place | undefined,
  bare: boolean,
  options: At | undefined,
): AsyncGenerator<Item> {
  if (filter.ids !== undefined) return yield* walkIds(store, filter, start, bare, options);
  const shards = store.spread && filter.queue !== undefined ? [store.shardOf(filter.queue)] : [...(await store.shards(options))].sort();
  yield* merged(
    shards.map((shard) => {
      const from = fromIn(shard, start);
      return filter.dead === true
        ? latestDeathFirst(store, shard, from, filter.before, bare, options)
        : newestFirst(store, shard, filter, from?.at, bare, options);
    }),
    (a, b) => b.at - a.at,
  );
}

/** Where one shard goes on: behind `at`, and where there is an id, behind this job of the same moment. */
function fromIn(shard: Shard, start: Place | undefined): { readonly at: number; readonly id: string } | undefined {
  if (start === undefined) return undefined;
  if (shard === start.shard) return start;
  return { at: shard < start.shard ? start.at : start.at + 1, id: "" };
}

async function* walkIds(
  store: Store,
  { ids, dead }: JobFilter,
  start: Place | undefined,
  bare: boolean,
  options: At | undefined,
): AsyncGenerator<Item> {
  const once = [...new Set(ids)];
  const items: Item[] = [];
  for (const [shard, all] of await store.place(once, options))
    for (let from = 0; from < all.length;) {
      const part = all.slice(from, from + (bare ? AT_ONCE : store.portion.of(AT_ONCE)));
      from += part.length;
      const records = await read(
        store,
        shard,
        part.map((i) => once[i]!),
        options,
        { bare },
      );
      for (const found of records) {
        const at = dead === true ? found?.record.endedAt : found?.seq;
        if (found !== undefined && at !== undefined) items.push({ at, id: found.record.id, shard, found, looked: 0 });
      }
    }
  const compare = (a: Place, b: Place): number =>
    b.at - a.at ||
    (a.shard === b.shard ? (dead === true ? Buffer.compare(Buffer.from(b.id), Buffer.from(a.id)) : 0) : a.shard < b.shard ? -1 : 1);
  for (const item of items.sort(compare)) if (start === undefined || compare(start, item) < 0) yield item;
}

/** Those of one shard that were stored before a number, read page by page along the index. */
async function* newestFirst(
  store: Store,
  shard: Shard,
  { state, delayed, task, group }: JobFilter,
  before: number | undefined,
  bare: boolean,
  options: At | undefined,
): AsyncGenerator<Item> {
  const ended = delayed === true ? "-" : state === undefined ? "" : isFinal(state) ? COUNTERS[state] : "-";
  const meta = task === undefined ? "" : `:{"t":${json(task)},"q"`;
  let place = "";
  for (;;) {
    const reply = await store.run("list", shard, [before ?? "", group ?? "", place, ended, meta], options);
    const [ids, next, looked, floor] = reply as [string[], string, number, string];
    // An id that was stored anew is in the index twice; its record is where it was stored last.
    const once = group === undefined ? [...new Set(ids)] : ids;
    for (let from = 0; from < once.length;) {
      const part = once.slice(from, from + (bare ? AT_ONCE : store.portion.of(AT_ONCE)));
      from += part.length;
      for (const found of await read(store, shard, part, options, { bare }))
        if (found !== undefined && (before === undefined || found.seq < before) && (group !== undefined || found.segment === next))
          yield { at: found.seq, id: found.record.id, shard, found, looked: 0 };
    }
    if (next === "") return;
    if (floor !== "") yield { at: Number(floor), id: "", shard, looked };
    place = next;
  }
}

/** The dead letters of one shard behind a death, read page by page; of one moment, as the set has them. */
async function* latestDeathFirst(
  store: Store,
  shard: Shard,
  start: { readonly at: number; readonly id: string } | undefined,
  before: number | undefined,
  bare: boolean,
  options: At | undefined,
): AsyncGenerator<Item> {
  let from =
    start !== undefined && (before === undefined || start.at < before) ? start : before === undefined ? undefined : { at: before, id: "" };
  for (;;) {
    const most = bare ? AT_ONCE : store.portion.of(AT_ONCE);
    const pairs = (await store.run("dead", shard, [most, from?.at ?? "", from?.id ?? ""], options)) as string[];
    const ids = pairs.filter((_, i) => i % 2 === 0);
    const records = ids.length === 0 ? [] : await read(store, shard, ids, options, { bare });
    for (const [i, id] of ids.entries()) {
      const found = records[i];
      from = { at: Number(pairs[2 * i + 1]), id };
      if (found !== undefined) yield { ...from, shard, found, looked: 0 };
    }
    if (ids.length < most) return;
    yield { ...from!, shard, looked: ids.length };
  }
}
