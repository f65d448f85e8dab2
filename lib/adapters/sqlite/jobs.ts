import { setImmediate as turn } from "node:timers/promises";
import { noCounts } from "../../contract/index.js";
import type { CountFilter, GetOptions, JobRecord, Jobs, StateCounts } from "../../contract/index.js";
import { STANDS, STATES } from "../relational/codes.js";
import { changeJobs, type Write } from "./change.js";
import { beginOf, conditions, courseOf, DELAYED, listJobs } from "./list.js";
import { notedBy } from "./notes.js";
import { present, prune } from "./prune.js";
import { FROM, RECORD, toRecord, type RecordRow } from "./rows.js";
import type { Store } from "./store.js";

/** @param write runs a transaction once no caller of this process holds the write lock */
export function jobs(store: Store, write: Write): Jobs {
  return {
    async get(ids: readonly string[], options?: GetOptions): Promise<readonly (JobRecord | undefined)[]> {
      const now = store.clock(options);
      return store.read(() =>
        ids.map((id) => {
          const row = store.rows(`${RECORD} ${FROM} WHERE j.id = ? AND ${present("e")}`).get({ now }, id) as RecordRow | undefined;
          if (row === undefined) return undefined;
          const record = toRecord(store, row, now);
          const note = options?.with?.includes("note") === true ? notedBy(store, id) : undefined;
          return note === undefined ? record : { ...record, note };
        }),
      );
    },
    list: async (filter = {}, options) => listJobs(store, filter, store.clock(options)),
    count: async (filter = {}, options) => countJobs(store, filter, store.clock(options)),
    change: (which, change, options) => changeJobs(store, which, change, options, write),
    prune: (limit = 1_000, options) => write(() => prune(store, limit, store.clock(options))),
  };
}

/** State, jobs in it, and how many of them are delayed. */
type Counted = [number, number, number];

/** Jobs counted in one go, so that the process is not kept from its other work for long. */
const PORTION = 5_000;

/** All are counted by table and index; those of a filter are looked at in portions, from the newest on. */
async function countJobs(store: Store, filter: CountFilter, now: number): Promise<StateCounts> {
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
 * ended.
 */
const COUNT_ALL = `
  SELECT 1, (SELECT count(*) FROM ended) - (SELECT count(*) FROM ended WHERE state > 1), 0
  UNION ALL SELECT state, count(*), 0 FROM ended WHERE state > 1 GROUP BY state
  UNION ALL SELECT 5, count(*), 0 FROM active
  UNION ALL SELECT 6, count(*), 0 FROM parked
  UNION ALL SELECT 7, count(*), 0 FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL
  UNION ALL SELECT 8, count(*), total(due_at > @now) FROM line
  UNION ALL SELECT state, -count(*), 0 FROM ended WHERE forget_at <= @now AND NOT ${present("ended")} GROUP BY state`;
