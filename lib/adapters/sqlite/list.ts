import { LOOKED, markOf, PAGE, placeOf, RecordPage } from "../../contract/index.js";
import type { JobFilter, JobRecord, JobState, Page } from "../../contract/index.js";
import { present } from "./prune.js";
import { DUE_AT, FROM, RECORD, STANDS, STATES, toRecord, type RecordRow } from "./rows.js";
import { LEVELS, type Store } from "./store.js";

/** One page of the records that fit. */
export function listJobs(store: Store, filter: JobFilter, now: number): Page<JobRecord> {
  const page = new RecordPage(Math.min(filter.limit ?? 100, PAGE));
  const next = store.read(() =>
    look(store, filter, now, {
      columns: RECORD,
      most: Math.min(filter.limit ?? 100, PAGE),
      take: (row) => page.add(toRecord(store, row as RecordRow, now)),
    }),
  );
  return { items: page.records, ...(next !== undefined && { next }) };
}

/** Where in a list: below this the next page begins. Only dead letters are listed by the time of death. */
interface Place {
  readonly at: number;
  readonly seq: number;
}

const TOP: Place = { at: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** Rows looked at first: most lists find all they want among these. */
const FIRST = 128;
const GROWTH = 8;

/**
 * Hands rows of jobs that fit to `take`, in order: `most` at most, while it takes them, and of the first
 * 10,000 that the list comes by. Returns where to go on. Looks in growing portions, of which the end is known
 * before: so no statement runs through all that is stored.
 */
export function look(
  store: Store,
  filter: JobFilter,
  now: number,
  want: { readonly columns: string; readonly most: number; readonly take: (row: unknown[]) => boolean },
): string | undefined {
  const isDead = filter.dead === true;
  const mark = ({ at, seq }: Place): string => (isDead ? markOf("died", at, seq) : markOf("stored", seq));
  const course = courseOf(store, filter);
  const { where, values } = conditions(filter, now);
  const sql = `${want.columns}, e.ended_at, j.seq ${course.from} WHERE ${where} ${course.between} LIMIT ?`;
  let from = startOf(store, filter);
  let left = want.most;
  let last = from;
  for (let [looked, size] = [0, Math.max(FIRST, left)]; from !== undefined; size *= GROWTH) {
    const portion = Math.min(size, LOOKED - looked);
    const floor = course.floor(from, portion);
    const bounds = isDead ? [from.at, from.seq, floor?.at ?? 0, floor?.seq ?? 0] : [from.seq, floor?.seq ?? 0];
    for (const row of store.rows(sql).iterate(...values, ...bounds, left) as IterableIterator<unknown[]>) {
      if (!want.take(row)) return mark(last!);
      last = { at: row.at(-2) as number, seq: row.at(-1) as number };
      if (--left === 0) return mark(last);
    }
    if (floor === undefined) return undefined;
    last = from = floor;
    looked += portion;
    if (looked >= LOOKED) return mark(floor);
  }
  return undefined;
}

/** Where a list begins; undefined where its cursor is not known. */
export function startOf(store: Store, { dead, before, cursor, from }: JobFilter): Place | undefined {
  if (from !== undefined) {
    const [first, second] = placeOf(from, dead === true ? "died" : "stored", dead === true ? ["number", "number"] : ["number"]) as number[];
    return dead === true ? { at: first!, seq: second! } : { at: 0, seq: first! };
  }
  if (cursor !== undefined) {
    const row = store.rows("SELECT e.ended_at, j.seq FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.id = ?").get(cursor) as
      [number | null, number] | undefined;
    if (row === undefined || (dead === true && row[0] === null)) return undefined;
    return { at: row[0] ?? 0, seq: row[1] };
  }
  return dead === true && before !== undefined ? { at: before, seq: 0 } : TOP;
}

/** What a list goes along. */
interface Course {
  readonly from: string;
  /** Bounds and order; wants the place above and the one below. */
  readonly between: string;
  /** The place of the `nth` row below `from`; undefined: there are fewer. */
  floor(from: Place, nth: number): Place | undefined;
}

const BY_DEATH = "AND (e.ended_at, e.seq) < (?, ?) AND (e.ended_at, e.seq) >= (?, ?) ORDER BY e.ended_at DESC, e.seq DESC";
const BY_NUMBER = "AND j.seq < ? AND j.seq >= ? ORDER BY j.seq DESC";
/** Of few rows that are looked up: no index is to lead for its order. */
const BY_NUMBER_OF_FEW = "AND j.seq < ? AND j.seq >= ? ORDER BY +j.seq DESC";

/**
 * The narrowest table or index that has the jobs in order. Where one has them in another order, it leads if
 * it has few.
 */
export function courseOf(store: Store, { state, delayed, group, dead, ids }: JobFilter): Course {
  if (ids !== undefined) return { from: FROM, between: dead === true ? BY_DEATH : BY_NUMBER_OF_FEW, floor: () => undefined };
  if (dead === true)
    return {
      from: FROM_DEAD,
      between: BY_DEATH,
      floor({ at, seq }, nth) {
        const row = store
          .rows(
            `SELECT ended_at, seq FROM ended WHERE state = 2 AND cause <> 'input' AND (ended_at, seq) < (?, ?)
             ORDER BY ended_at DESC, seq DESC LIMIT 1 OFFSET ?`,
          )
          .get(at, seq, nth - 1) as [number, number] | undefined;
        return row && { at: row[0], seq: row[1] };
      },
    };
  const along = (table: string, from = FROM, ...values: readonly unknown[]): Course => ({
    from,
    between: BY_NUMBER,
    floor({ seq }, nth) {
      const found = store.value(`SELECT seq FROM ${table} seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ?`).get(...values, seq, nth - 1);
      return found === undefined ? undefined : { at: 0, seq: found as number };
    },
  });
  if (group !== undefined) return along("jobs WHERE grp = ? AND", FROM, group);
  switch (delayed === true ? "ready" : state) {
    case "active":
      return along("active WHERE", FROM_ACTIVE);
    case "parked":
      return along("parked WHERE", FROM_PARKED);
    case "succeeded":
      return along("ended WHERE");
    case "failed":
      return along("ended WHERE state = 2 AND state > 1 AND");
    case "cancelled":
      return along("ended WHERE state = 3 AND state > 1 AND");
    case "expired":
      return along("ended WHERE state = 4 AND state > 1 AND");
    case "ready":
      return fewOf(store, "line") ?? along("jobs WHERE");
    case "blocked":
      return fewOf(store, "jobs WHERE open > 0") ?? along("jobs WHERE");
    default:
      return along("jobs WHERE");
  }
}

/** A course along a table that has few rows, in any order; undefined: it has many. */
function fewOf(store: Store, table: string): Course | undefined {
  if ((store.value(`SELECT count(*) FROM (SELECT 1 FROM ${table} LIMIT ${LOOKED + 1})`).get() as number) > LOOKED) return undefined;
  return { from: FROM, between: `AND j.seq IN (SELECT seq FROM ${table}) ${BY_NUMBER_OF_FEW}`, floor: () => undefined };
}

/** Small tables lead: without this all jobs would be gone through to find the few that are running. */
const FROM_ACTIVE = `FROM active a CROSS JOIN jobs j ON j.seq = a.seq LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;
const FROM_PARKED = `FROM parked p CROSS JOIN jobs j ON j.seq = p.seq LEFT JOIN ended e ON e.seq = j.seq LEFT JOIN active a ON a.seq = j.seq`;
const FROM_DEAD = `FROM ended e CROSS JOIN jobs j ON j.seq = e.seq LEFT JOIN active a ON a.seq = j.seq LEFT JOIN parked p ON p.seq = j.seq`;

/** True of a job that is ready, but due after `@now`. */
export const DELAYED = `(${STANDS} = 8 AND ${DUE_AT} > @now)`;

/** What is true of the jobs of a filter; of what has had its time nothing is. */
export function conditions(filter: JobFilter, now: number): { readonly where: string; readonly values: readonly unknown[] } {
  const where: string[] = [present("e")];
  const values: unknown[] = [{ now }];
  const add = (condition: string, value: unknown): void => {
    where.push(condition);
    values.push(value);
  };
  if (filter.dead === true) where.push("e.state = 2 AND e.cause <> 'input'");
  if (filter.state !== undefined) {
    const [state] = Object.entries(STATES).find(([, name]) => name === filter.state)!;
    const narrow = NARROW[filter.state];
    if (narrow !== undefined) where.push(narrow);
    add(`${STANDS} = ?`, Number(state));
  }
  if (filter.delayed !== undefined) where.push(filter.delayed ? DELAYED : `NOT ${DELAYED}`);
  if (filter.group !== undefined) add("j.grp = ?", filter.group);
  if (filter.task !== undefined) add("j.task = ?", filter.task);
  if (filter.before !== undefined) add("e.ended_at < ?", filter.before);
  if (filter.ids !== undefined) add("j.id IN (SELECT value FROM json_each(?))", JSON.stringify(filter.ids));
  // A lane tells the queue: lanes of one queue are neighbours.
  if (filter.queue !== undefined) add(`j.lane / ${LEVELS} = (SELECT no FROM queues WHERE name = ?)`, filter.queue);
  return { where: where.join(" AND "), values };
}

/** Conditions that say nothing new but let an index lead. */
const NARROW: Readonly<Partial<Record<JobState, string>>> = {
  succeeded: "e.seq IS NOT NULL",
  failed: "e.state = 2 AND e.state > 1",
  cancelled: "e.state = 3 AND e.state > 1",
  expired: "e.state = 4 AND e.state > 1",
  blocked: "j.open > 0",
};
