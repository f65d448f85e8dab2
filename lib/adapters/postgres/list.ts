import { CALL_BYTES, LOOKED, noCounts, PAGE, RecordPage } from "../../contract/index.js";
import type { At, CountFilter, JobFilter, JobRecord, Page, StateCounts } from "../../contract/index.js";
import { STANDS, STATES } from "../relational/codes.js";
import { FIRST, GROWTH, markAt, startAt, startOf, tableOf, type Place } from "../relational/lists.js";
import type { Row, Sql } from "./connect/sql.js";
import type { Value } from "./connect/values.js";
import { conditions, DELAYED, FROM, PRESENT, RECORD, toRecord } from "./rows.js";
import { CLOCK, type Store } from "./store.js";

/** One page of the records that fit. */
export async function listJobs(store: Store, filter: JobFilter, options: At | undefined): Promise<Page<JobRecord>> {
  const most = Math.min(filter.limit ?? 100, PAGE);
  const page = new RecordPage(most);
  const next = await look(store, filter, options?.now, {
    most,
    // Sizes are known without the texts; of those that are too large for one answer nothing is read.
    text: ({ from, order }, where, limit) => `
      WITH sized AS MATERIALIZED (
        SELECT e.ended_at, j.seq, octet_length(j.payload)::bigint + coalesce(octet_length(e.result), 0) AS bytes ${from} WHERE ${where}
        ORDER BY ${order} LIMIT ${limit}),
      page AS MATERIALIZED (SELECT seq, bytes, sum(bytes) OVER (ORDER BY ${order.replaceAll(/\b[ej]\./g, "")}) AS through FROM sized)
      ${RECORD}, (SELECT count(*) FROM sized)::int, e.ended_at, j.seq ${FROM}
      WHERE j.seq = ANY (ARRAY(SELECT seq FROM page WHERE through <= ${CALL_BYTES} OR through = bytes)) ORDER BY ${order}`,
    take: (row) => page.add(toRecord(row)),
    isCut: (rows) => rows.length > 0 && rows.length < (rows[0]!.at(-3) as number),
  });
  return { items: page.records, ...(next !== undefined && { next }) };
}

/** The ids of jobs that fit, up to `most`, and where to go on. */
export async function idsIn(
  tx: Sql,
  filter: JobFilter,
  now: number,
  most: number,
): Promise<{ readonly ids: string[]; readonly next: string | undefined }> {
  const ids: string[] = [];
  const next = await look(tx, filter, now, {
    most,
    text: ({ from, order }, where, limit) => `SELECT j.id, e.ended_at, j.seq ${from} WHERE ${where} ORDER BY ${order} LIMIT ${limit}`,
    take: ([id]) => ids.push(id as string) > 0,
    isCut: () => false,
  });
  return { ids, next };
}

interface Wanted {
  readonly most: number;
  /** The statement for one portion; its rows end with the time of death and the number. */
  readonly text: (way: { readonly from: string; readonly order: string }, where: string, limit: string) => string;
  readonly take: (row: Row) => boolean;
  /** Whether there were more, which did not come along. */
  readonly isCut: (rows: readonly Row[]) => boolean;
}

/**
 * Hands rows of jobs that fit to `take`, in order: `most` at most, while it takes them, and of the first
 * 10,000 that the list comes by. Returns where to go on. Looks in growing portions, of which the end is known
 * before: so no statement runs through all that is stored.
 */
async function look(sql: Sql, filter: JobFilter, now: number | undefined, want: Wanted): Promise<string | undefined> {
  const isDead = filter.dead === true;
  let from = await beginOf(sql, filter);
  const course = from === undefined ? undefined : await courseOf(sql, filter);
  let left = want.most;
  let last = from;
  for (let [looked, size] = [0, Math.max(FIRST, left)]; from !== undefined; size *= GROWTH) {
    const portion = Math.min(size, LOOKED - looked);
    const floor = await course!.floor(from, portion);
    const { where, values } = conditions(filter, now);
    const put = (value: Value): string => `$${values.push(value)}::bigint`;
    const [key, above, below] = isDead
      ? ["(e.ended_at, e.seq)", `(${put(from.at)}, ${put(from.seq)})`, `(${put(floor?.at ?? 0)}, ${put(floor?.seq ?? 0)})`]
      : ["j.seq", put(from.seq), put(floor?.seq ?? 0)];
    const bounds = `${key} < ${above} AND ${key} >= ${below}`;
    const { from: tables, order, where: further, source } = course!;
    const rows = await sql.rows(
      source === undefined
        ? want.text({ from: tables, order }, `${where}${further} AND ${bounds}`, put(left))
        : want.text({ from: fromSource(source(values), bounds.replaceAll("j.", "")), order }, where, put(left)),
      values,
    );
    for (const row of rows) {
      if (!want.take(row)) return markAt(last!, filter);
      last = { at: row.at(-2) as number, seq: row.at(-1) as number };
      if (--left === 0) return markAt(last, filter);
    }
    if (want.isCut(rows)) return markAt(last!, filter);
    if (floor === undefined) return undefined;
    last = from = floor;
    looked += portion;
    if (looked >= LOOKED) return markAt(floor, filter);
  }
  return undefined;
}

/** Where a list begins; undefined where its cursor is not known. */
async function beginOf(sql: Sql, filter: JobFilter): Promise<Place | undefined> {
  if (filter.from !== undefined || filter.cursor === undefined) return startOf(filter);
  const [row] = await sql.rows("SELECT e.ended_at, j.seq FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.id = $1::text", [
    filter.cursor,
  ]);
  return startAt(row as [number | null, number] | undefined, filter);
}

/** What a list goes along. */
interface Course {
  readonly from: string;
  readonly order: string;
  /** A further condition, or nothing. */
  readonly where: string;
  /**
   * The table, with a condition, whose rows lead; it adds its values to those of the statement. Without it
   * the planner may go through all jobs of a stretch in which few are meant.
   */
  readonly source?: (values: Value[]) => string;
  /** The place of the `nth` row below `from`; undefined: there are fewer. */
  floor(from: Place, nth: number): Promise<Place | undefined>;
}

const BY_NUMBER = "j.seq DESC";
const BY_DEATH = "e.ended_at DESC, e.seq DESC";
const NO_FLOOR = (): Promise<undefined> => Promise.resolve(undefined);

/**
 * The narrowest table or index that has the jobs in order. Where one has them in another order, it leads if
 * it has few.
 */
async function courseOf(sql: Sql, filter: JobFilter): Promise<Course> {
  const { dead, ids } = filter;
  if (ids !== undefined) return { from: FROM, order: dead === true ? BY_DEATH : BY_NUMBER, where: "", floor: NO_FLOOR };
  if (dead === true)
    return {
      from: FROM_DEAD,
      order: BY_DEATH,
      where: "",
      async floor({ at, seq }, nth) {
        const [row] = await sql.rows(
          `SELECT ended_at, seq FROM stem.ended WHERE state = 2 AND cause <> 'input' AND (ended_at, seq) < ($1::bigint, $2::bigint)
           ORDER BY ended_at DESC, seq DESC OFFSET $3::int LIMIT 1`,
          [at, seq, nth - 1],
        );
        return row && { at: row[0] as number, seq: row[1] as number };
      },
    };
  const along = (table: string, ...values: readonly Value[]): Course => ({
    from: FROM,
    order: BY_NUMBER,
    where: "",
    ...(!table.startsWith("stem.jobs") && { source: () => table }),
    async floor({ seq }, nth) {
      const [row] = await sql.rows(`SELECT seq FROM ${table} seq < $1::bigint ORDER BY seq DESC OFFSET $2::int LIMIT 1`, [
        seq,
        nth - 1,
        ...values,
      ]);
      return row && { at: 0, seq: row[0] as number };
    },
  });
  const { group } = filter;
  if (group !== undefined)
    return {
      ...along("stem.jobs WHERE grp = $3::text AND", group),
      source: (values) => `stem.jobs WHERE grp = $${values.push(group)}::text AND`,
    };
  const { name, where, isUnordered } = tableOf(filter);
  if (isUnordered === true)
    return (await fewOf(sql, where === undefined ? `stem.${name}` : `stem.${name} WHERE ${where}`)) ?? along("stem.jobs WHERE");
  return along(`stem.${name} WHERE ${where === undefined ? "" : `${where} AND`}`);
}

/** A course along a table that has few rows, in any order; undefined: it has many. */
async function fewOf(sql: Sql, table: string): Promise<Course | undefined> {
  const [row] = await sql.rows(`SELECT count(*) FROM (SELECT FROM ${table} LIMIT ${LOOKED + 1}) few`);
  if ((row![0] as number) > LOOKED) return undefined;
  return { from: FROM, order: BY_NUMBER, where: ` AND j.seq = ANY (ARRAY(SELECT seq FROM ${table}))`, floor: NO_FLOOR };
}

/** As `FROM`, behind the stretch of a table that leads: `OFFSET 0` keeps the planner from another order. */
function fromSource(source: string, bounds: string): string {
  return `FROM (SELECT seq FROM ${source} ${bounds} ORDER BY seq DESC OFFSET 0) c JOIN stem.jobs j ON j.seq = c.seq ${FROM.slice(FROM.indexOf("LEFT JOIN stem.ended"))}`;
}

/** As `FROM`, the dead letters first. */
const FROM_DEAD = `FROM stem.ended e JOIN stem.jobs j ON j.seq = e.seq ${FROM.slice(FROM.indexOf("LEFT JOIN stem.parked"))}`;

/** How many jobs of a filter are in which state. */
export async function countJobs(store: Store, filter: CountFilter, options: At | undefined): Promise<StateCounts> {
  const { where, values } = conditions(filter, options?.now);
  const rows = (await (Object.values(filter).every((value) => value === undefined)
    ? store.report(COUNT_ALL, values)
    : store.report(`SELECT ${STANDS}::int, count(*), count(*) FILTER (WHERE ${DELAYED}) ${FROM} WHERE ${where} GROUP BY 1`, values))) as [
    number,
    number,
    number,
  ][];
  const counts = noCounts();
  for (const [state, count, later] of rows) {
    counts[STATES[state]!] += count;
    counts.delayed += later;
  }
  return counts;
}

/**
 * All jobs by where they stand, each from a small table or an index; the successes are what is left of the
 * ended.
 */
const COUNT_ALL = `
  SELECT 1, (SELECT count(*) FROM stem.ended) - (SELECT count(*) FROM stem.ended WHERE state > 1), 0
  UNION ALL SELECT state::int, count(*), 0 FROM stem.ended WHERE state > 1 GROUP BY state
  UNION ALL SELECT 5, count(*), 0 FROM stem.active
  UNION ALL SELECT 6, count(*), 0 FROM stem.parked
  UNION ALL SELECT 7, count(*), 0 FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL
  UNION ALL SELECT 8, count(*), count(*) FILTER (WHERE due_at > (SELECT ${CLOCK})) FROM stem.line
  UNION ALL SELECT state::int, -count(*), 0 FROM stem.ended e WHERE forget_at <= (SELECT ${CLOCK}) AND NOT ${PRESENT} GROUP BY state`;
