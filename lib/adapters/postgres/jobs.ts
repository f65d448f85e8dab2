import { PAGE, Portion, type GetOptions, type JobRecord, type Jobs } from "../../contract/index.js";
import { changeJobs } from "./change.js";
import { texts } from "./connect/values.js";
import { countJobs, listJobs } from "./list.js";
import { notedBy } from "./notes.js";
import { prune } from "./prune.js";
import { FROM, PRESENT, RECORD, toRecord } from "./rows.js";
import type { Store } from "./store.js";

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
      return options?.with?.includes("note") === true ? notedBy(store, found) : found;
    },

    list: (filter = {}, options) => listJobs(store, filter, options),
    count: (filter = {}, options) => countJobs(store, filter, options),
    change: (which, change, options) => changeJobs(store, which, change, options),
    prune: (limit = 1_000, options) => store.transact(options, (tx) => prune(tx, limit, tx.now)),
  };
}
