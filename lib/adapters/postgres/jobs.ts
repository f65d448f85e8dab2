import { noCounts, PAGE, Portion } from "../../contract/index.js";
import type { At, CountFilter, GetOptions, JobRecord, Jobs, StateCounts } from "../../contract/index.js";
import { STANDS, STATES } from "../relational/codes.js";
import { changeJobs } from "./change.js";
import { texts } from "./connect/values.js";
import { conditions, listJobs } from "./list.js";
import { withNotes } from "./notes.js";
import { PRESENT, prune } from "./prune.js";
import { DELAYED, FROM, RECORD, toRecord } from "./rows.js";
import { CLOCK, type Store } from "./store.js";

export function jobs(store: Store): Jobs {
  // Of many records, so many in one answer.
  const portion = new Portion();
  return {
    async get(ids: readonly string[], options?: GetOptions): Promise<readonly (JobRecord | undefined)[]> {
      const records = new Map<string, JobRecord>();
      for (let from = 0; from < ids.length;) {
        const part = ids.slice(from, from + portion.of(PAGE));
        from += part.length;
        const rows = await store.rows(`${RECORD} ${FROM} WHERE j.id = ANY($2::text[]) AND ${PRESENT}`, [options?.now ?? null, texts(part)]);
        const found = rows.map(toRecord);
        portion.came(
          part.length,
          found.reduce((bytes, { payload, result = "" }) => bytes + payload.length + result.length, 0),
        );
        for (const record of found) records.set(record.id, record);
      }
      const found = ids.map((id) => records.get(id));
      return options?.with?.includes("note") === true ? withNotes(store, found) : found;
    },

    list: (filter = {}, options) => listJobs(store, filter, options),
    count: (filter = {}, options) => countJobs(store, filter, options),
    change: (which, change, options) => changeJobs(store, which, change, options),
    prune: (limit = 1_000, options) => store.transact(options, (tx) => prune(tx, limit, tx.now)),
  };
}

async function countJobs(store: Store, filter: CountFilter, options: At | undefined): Promise<StateCounts> {
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
