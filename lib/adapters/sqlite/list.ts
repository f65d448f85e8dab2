import { setImmediate as turn } from "node:timers/promises";
import { LOOKED, noCounts, PAGE, RecordPage } from "../../contract/index.js";
import type { CountFilter, JobFilter, JobRecord, Page, StateCounts } from "../../contract/index.js";
import { LEVELS, STANDS, STATES } from "../relational/codes.js";
import { conditionsOf, FIRST, GROWTH, markAt, NARROW, startAt, startOf, tableOf, type Place, type Wording } from "../relational/lists.js";
import { DUE_AT, FROM, present, RECORD, toRecord, type RecordRow } from "./rows.js";
import type { Store } from "./store.js";

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

/** The ids of jobs that fit, up to `most`, and where to go on. */
export function idsIn(
  store: Store,
  filter: JobFilter,
  now: number,
  most: number,
): { readonly ids: readonly string[]; readonly next: string | undefined } {
  const ids: string[] = [];
  const next = look(store, filter, now, { columns: "SELECT j.id", most, take: ([id]) => ids.push(id as string) > 0 });
  return { ids, next };
}

/**
 * Hands rows of jobs that fit to `take`, in order: `most` at most, while it takes them, and of the first
 * 10,000 that the list comes by. Returns where to go on. Looks in growing portions, of which the end is known
 * before: so no statement runs through all that is stored.
 */
function look(
  store: Store,
  filter: JobFilter,
  now: number,
  want: { readonly columns: string; readonly most: number; readonly take: (row: unknown[]) => boolean },
): string | undefined {
  const course = courseOf(store, filter);
  const { where, values } = conditions(filter, now);
  const sql = `${want.columns}, e.ended_at, j.seq ${course.from} WHERE ${where} ${course.between} LIMIT ?`;
  let from = beginOf(store, filter);
  let left = want.most;
  let last = from;
  for (let [looked, size] = [0, Math.max(FIRST, left)]; from !== undefined; size *= GROWTH) {
    const portion = Math.min(size, LOOKED - looked);
    const floor = course.floor(from, portion);
    const bounds = filter.dead === true ? [from.at, from.seq, floor?.at ?? 0, floor?.seq ?? 0] : [from.seq, floor?.seq ?? 0];
    for (const row of store.rows(sql).iterate(...values, ...bounds, left) as IterableIterator<unknown[]>) {
      if (!want.take(row)) return markAt(last!, filter);
      last = { at: row.at(-2) as number, seq: row.at(-1) as number };
      if (--left === 0) return markAt(last, filter);
    }
    if (floor === undefined) return undefined;
    last = from = floor;
    looked += portion;
    if (looked >= LOOKED) return markAt(floor, filter);
  }
  return undefined;
}

/** Where a list begins; undefined where its cursor is not known. */
function beginOf(store: Store, filter: JobFilter): Place | undefined {
  if (filter.from !== undefined || filter.cursor === undefined) return startOf(filter);
  const row = store.rows("SELECT e.ended_at, j.seq FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.id = ?").get(filter.cursor);
  return startAt(row as [number | null, number] | undefined, filter);
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
function courseOf(store: Store, filter: JobFilter): Course {
  const { dead, ids } = filter;
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
  if (filter.group !== undefined) return along("jobs WHERE grp = ? AND", FROM, filter.group);
  const { name, where, isUnordered } = tableOf(filter);
  if (isUnordered === true) return fewOf(store, where === undefined ? name : `${name} WHERE ${where}`) ?? along("jobs WHERE");
  return along(
    `${name} WHERE ${where === undefined ? "" : `${where} AND`}`,
    name === "active" ? FROM_ACTIVE : name === "parked" ? FROM_PARKED : FROM,
  );
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
const DELAYED = `(${STANDS} = 8 AND ${DUE_AT} > @now)`;

/** What is true of the jobs of a filter; of what has had its time nothing is. */
function conditions(filter: JobFilter, now: number): { readonly where: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [{ now }];
  const put = (value: unknown): string => (values.push(value), "?");
  const where = conditionsOf(filter, {
    present: present("e"),
    delayed: DELAYED,
    narrow: NARROWER,
    state: put,
    text: put,
    moment: put,
    oneOf: (ids) => `j.id IN (SELECT value FROM json_each(${put(JSON.stringify(ids))}))`,
    // A lane tells the queue: lanes of one queue are neighbours.
    inQueue: (name) => `j.lane / ${LEVELS} = (SELECT no FROM queues WHERE name = ${put(name)})`,
  });
  return { where, values };
}

const NARROWER: Wording["narrow"] = { ...NARROW, blocked: "j.open > 0" };

/** State, jobs in it, and how many of them are delayed. */
type Counted = [number, number, number];

/** Jobs counted in one go, so that the process is not kept from its other work for long. */
const PORTION = 5_000;

/** All are counted by table and index; those of a filter are looked at in portions, from the newest on. */
export async function countJobs(store: Store, filter: CountFilter, now: number): Promise<StateCounts> {
  const counts = noCounts();
  const add = (rows: unknown[]): void => {
    for (const [state, count, later] of rows as Counted[]) {
      counts[STATES[state]!] += count;
      counts.delayed += later;
    }
  };
  if (Object.values(filter).every((value) => value === undefined)) {
    add(store.read(() => store.rows(COUNT_ALL).all({ now })));
    return counts;
  }
  const course = courseOf(store, filter);
  const { where, values } = conditions(filter, now);
  for (let from = beginOf(store, filter); ; await turn()) {
    const floor = store.read(() => {
      const to = course.floor(from!, PORTION);
      const sql = `SELECT ${STANDS}, count(*), total(${DELAYED}) ${FROM} WHERE ${where} AND j.seq < ? AND j.seq >= ? GROUP BY 1`;
      add(store.rows(sql).all(...values, from!.seq, to?.seq ?? 0));
      return to;
    });
    if (floor === undefined) return counts;
    from = floor;
  }
}

/**
 * All jobs by where they stand, each from a small table or an index; the successes are what is left of the
 * ended. A count without a condition goes through pages and not through rows, so the delayed jobs are counted
 * apart, lane by lane.
 */
const COUNT_ALL = `
  SELECT 1, (SELECT count(*) FROM ended) - (SELECT count(*) FROM ended WHERE state > 1), 0
  UNION ALL SELECT state, count(*), 0 FROM ended WHERE state > 1 GROUP BY state
  UNION ALL SELECT 5, count(*), 0 FROM active
  UNION ALL SELECT 6, count(*), 0 FROM parked
  UNION ALL SELECT 7, count(*), 0 FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL
  UNION ALL SELECT 8, (SELECT count(*) FROM line), (
    WITH RECURSIVE lanes(lane) AS (
      SELECT min(lane) FROM line UNION ALL SELECT (SELECT min(lane) FROM line WHERE lane > lanes.lane) FROM lanes WHERE lane IS NOT NULL)
    SELECT total((SELECT count(*) FROM line WHERE line.lane = lanes.lane AND due_at > @now)) FROM lanes)
  UNION ALL SELECT state, -count(*), 0 FROM ended WHERE forget_at <= @now AND NOT ${present("ended")} GROUP BY state`;
