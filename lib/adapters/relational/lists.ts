import { markOf, placeOf, type JobFilter, type JobState } from "../../contract/index.js";
import { STANDS, STATES } from "./codes.js";

/** Where in a list: below this the next page begins. Only dead letters are listed by the time of death. */
export interface Place {
  readonly at: number;
  readonly seq: number;
}

const TOP: Place = { at: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** Rows looked at first, as most lists find all they want among these; and how fast portions grow. */
export const FIRST = 128;
export const GROWTH = 8;

/** The mark of a place, with which the next page is asked for. */
export function markAt({ at, seq }: Place, { dead }: JobFilter): string {
  return dead === true ? markOf("died", at, seq) : markOf("stored", seq);
}

/** Where a list without a cursor begins. */
export function startOf({ dead, before, from }: JobFilter): Place {
  if (from === undefined) return dead === true && before !== undefined ? { at: before, seq: 0 } : TOP;
  const [first, second] = placeOf(from, dead === true ? "died" : "stored", dead === true ? ["number", "number"] : ["number"]) as number[];
  return dead === true ? { at: first!, seq: second! } : { at: 0, seq: first! };
}

/** Where a list with a cursor begins, by that job's time of death, if any, and number. */
export function startAt(row: readonly [at: number | null, seq: number] | undefined, { dead }: JobFilter): Place | undefined {
  return row === undefined || (dead === true && row[0] === null) ? undefined : { at: row[0] ?? 0, seq: row[1] };
}

/** A table that has the jobs of a list. */
export interface Table {
  readonly name: "active" | "ended" | "jobs" | "line" | "parked";
  /** Its rows that are meant, if not all. */
  readonly where?: string;
  /** In another order than that of the jobs' numbers. */
  readonly isUnordered?: true;
}

/** The smallest table that has the jobs that fit, but for those of a group and dead letters. */
export function tableOf({ state, delayed }: JobFilter): Table {
  switch (delayed === true ? "ready" : state) {
    case "active":
      return { name: "active" };
    case "parked":
      return { name: "parked" };
    case "succeeded":
      return { name: "ended" };
    case "failed":
      return { name: "ended", where: "state = 2 AND state > 1" };
    case "cancelled":
      return { name: "ended", where: "state = 3 AND state > 1" };
    case "expired":
      return { name: "ended", where: "state = 4 AND state > 1" };
    case "ready":
      return { name: "line", isUnordered: true };
    case "blocked":
      return { name: "jobs", where: "open > 0", isUnordered: true };
    default:
      return { name: "jobs" };
  }
}

/** Conditions of states that say nothing new but let an index lead. */
export const NARROW: Readonly<Partial<Record<JobState, string>>> = {
  succeeded: "e.seq IS NOT NULL",
  failed: "e.state = 2 AND e.state > 1",
  cancelled: "e.state = 3 AND e.state > 1",
  expired: "e.state = 4 AND e.state > 1",
};

/** How a store words what a filter asks for. */
export interface Wording {
  /** True of a job that has not had its time, and of one that is ready but not yet due. */
  readonly present: string;
  readonly delayed: string;
  readonly narrow: Readonly<Partial<Record<JobState, string>>>;
  /** The number of a state. */
  state(code: number): string;
  text(value: string): string;
  moment(value: number): string;
  /** True of a job with one of these ids, and of one of this queue. */
  oneOf(ids: readonly string[]): string;
  inQueue(name: string): string;
}

/** What is true of the jobs of a filter; of what has had its time nothing is. */
export function conditionsOf(filter: JobFilter, say: Wording): string {
  const where = [say.present];
  if (filter.dead === true) where.push("e.state = 2 AND e.cause <> 'input'");
  if (filter.state !== undefined) {
    const [code] = Object.entries(STATES).find(([, name]) => name === filter.state)!;
    const narrow = say.narrow[filter.state];
    where.push(...(narrow === undefined ? [] : [narrow]), `${STANDS} = ${say.state(Number(code))}`);
  }
  if (filter.delayed !== undefined) where.push(filter.delayed ? say.delayed : `NOT ${say.delayed}`);
  if (filter.group !== undefined) where.push(`j.grp = ${say.text(filter.group)}`);
  if (filter.task !== undefined) where.push(`j.task = ${say.text(filter.task)}`);
  if (filter.before !== undefined) where.push(`e.ended_at < ${say.moment(filter.before)}`);
  if (filter.ids !== undefined) where.push(say.oneOf(filter.ids));
  if (filter.queue !== undefined) where.push(say.inQueue(filter.queue));
  return where.join(" AND ");
}
