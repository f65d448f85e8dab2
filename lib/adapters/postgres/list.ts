import { CALL_BYTES, LOOKED, markOf, PAGE, placeOf, RecordPage } from "../../contract/index.js";
import type { At, JobFilter, JobRecord, JobState, Page } from "../../contract/index.js";
import type { Row, Sql } from "./connect/sql.js";
import { texts, type Value } from "./connect/values.js";
import { LEVELS } from "./line/levels.js";
import { PRESENT } from "./prune.js";
import { DELAYED, FROM, RECORD, STANDS, STATES, toRecord } from "./rows.js";
import type { Store } from "./store.js";

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

/** Where in a list: below this the next page begins. Only dead letters are listed by the time of death. */
interface Place {
  readonly at: number;
  readonly seq: number;
}

const TOP: Place = { at: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** Rows looked at first: most lists find all they want among these. */
const FIRST = 128;
const GROWTH = 8;

interface Wanted {
  readonly most: number;
  /** The statement for one portion; its rows end with the time of death and the number. */
  readonly text: (course: Course, where: string, limit: string) => string;
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
  const mark = ({ at, seq }: Place): string => (isDead ? markOf("died", at, seq) : markOf("stored", seq));
  let from = await startOf(sql, filter);
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
    const bounds = `${course!.where} AND ${key} < ${above} AND ${key} >= ${below}`;
    const rows = await sql.rows(want.text(course!, `${where}${bounds}`, put(left)), values);
    for (const row of rows) {
      if (!want.take(row)) return mark(last!);
      last = { at: row.at(-2) as number, seq: row.at(-1) as number };
      if (--left === 0) return mark(last);
    }
    if (want.isCut(rows)) return mark(last!);
    if (floor === undefined) return undefined;
    last = from = floor;
    looked += portion;
    if (looked >= LOOKED) return mark(floor);
  }
  return undefined;
}

/** Where a list begins; undefined where its cursor is not known. */
async function startOf(sql: Sql, { dead, before, cursor, from }: JobFilter): Promise<Place | undefined> {
  if (from !== undefined) {
    const [first, second] = placeOf(from, dead === true ? "died" : "stored", dead === true ? ["number", "number"] : ["number"]) as number[];
    return dead === true ? { at: first!, seq: second! } : { at: 0, seq: first! };
  }
  if (cursor !== undefined) {
    const [row] = (await sql.rows(
      "SELECT e.ended_at, j.seq FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.id = $1::text",
      [cursor],
    )) as [number | null, number][];
    if (row === undefined || (dead === true && row[0] === null)) return undefined;
    return { at: row[0] ?? 0, seq: row[1] };
  }
  return dead === true && before !== undefined ? { at: before, seq: 0 } : TOP;
}

/** What a list goes along. */
interface Course {
  readonly from: string;
  readonly order: string;
  /** A further condition, or nothing. */
  readonly where: string;
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
async function courseOf(sql: Sql, { state, delayed, group, dead, ids }: JobFilter): Promise<Course> {
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
    async floor({ seq }, nth) {
      const [row] = await sql.rows(`SELECT seq FROM ${table} seq < $1::bigint ORDER BY seq DESC OFFSET $2::int LIMIT 1`, [
        seq,
        nth - 1,
        ...values,
      ]);
      return row && { at: 0, seq: row[0] as number };
    },
  });
  if (group !== undefined) return along("stem.jobs WHERE grp = $3::text AND", group);
  switch (delayed === true ? "ready" : state) {
    case "active":
      return along("stem.active WHERE");
    case "parked":
      return along("stem.parked WHERE");
    case "succeeded":
      return along("stem.ended WHERE");
    case "failed":
      return along("stem.ended WHERE state = 2 AND state > 1 AND");
    case "cancelled":
      return along("stem.ended WHERE state = 3 AND state > 1 AND");
    case "expired":
      return along("stem.ended WHERE state = 4 AND state > 1 AND");
    case "ready":
      return (await fewOf(sql, "stem.line")) ?? along("stem.jobs WHERE");
    case "blocked":
      return (await fewOf(sql, "stem.jobs WHERE open > 0")) ?? along("stem.jobs WHERE");
    default:
      return along("stem.jobs WHERE");
  }
}

/** A course along a table that has few rows, in any order; undefined: it has many. */
async function fewOf(sql: Sql, table: string): Promise<Course | undefined> {
  const [row] = await sql.rows(`SELECT count(*) FROM (SELECT FROM ${table} LIMIT ${LOOKED + 1}) few`);
  if ((row![0] as number) > LOOKED) return undefined;
  return { from: FROM, order: BY_NUMBER, where: ` AND j.seq = ANY (ARRAY(SELECT seq FROM ${table}))`, floor: NO_FLOOR };
}

/** As `FROM`, the dead letters first. */
const FROM_DEAD = `FROM stem.ended e JOIN stem.jobs j ON j.seq = e.seq ${FROM.slice(FROM.indexOf("LEFT JOIN stem.parked"))}`;

/** What is true of the jobs of a filter; of what has had its time nothing is. */
export function conditions(filter: JobFilter, now: number | undefined): { readonly where: string; readonly values: Value[] } {
  const where: string[] = [PRESENT];
  const values: Value[] = [now ?? null];
  if (filter.dead === true) where.push("e.state = 2 AND e.cause <> 'input'");
  if (filter.state !== undefined) {
    const [state] = Object.entries(STATES).find(([, name]) => name === filter.state)!;
    const narrow = NARROW[filter.state];
    where.push(...(narrow === undefined ? [] : [narrow]), `${STANDS} = ${state}`);
  }
  if (filter.delayed !== undefined) where.push(filter.delayed ? DELAYED : `NOT ${DELAYED}`);
  if (filter.group !== undefined) where.push(`j.grp = $${values.push(filter.group)}::text`);
  if (filter.task !== undefined) where.push(`j.task = $${values.push(filter.task)}::text`);
  if (filter.before !== undefined) where.push(`e.ended_at < $${values.push(filter.before)}::bigint`);
  if (filter.ids !== undefined) where.push(`j.id = ANY($${values.push(texts(filter.ids))}::text[])`);
  // A lane tells the queue: lanes of one queue are neighbours.
  if (filter.queue !== undefined)
    where.push(`j.lane / ${LEVELS} = (SELECT no FROM stem.queues WHERE name = $${values.push(filter.queue)}::text)`);
  return { where: where.join(" AND "), values };
}

/** Conditions that say nothing new but let an index lead. */
const NARROW: Readonly<Partial<Record<JobState, string>>> = {
  succeeded: "e.seq IS NOT NULL",
  failed: "e.state = 2 AND e.state > 1",
  cancelled: "e.state = 3 AND e.state > 1",
  expired: "e.state = 4 AND e.state > 1",
  blocked: "j.open > 0 AND e.seq IS NULL",
  active: "j.seq = ANY (ARRAY(SELECT seq FROM stem.active))",
  parked: "j.seq IN (SELECT seq FROM stem.parked)",
  ready: "e.seq IS NULL AND a.seq IS NULL AND p.seq IS NULL",
};
