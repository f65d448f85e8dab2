import { queuesPerPage } from "../../contract/index.js";
import type { At, Page, QueueChange, QueueFilter, QueueInfo, Queues } from "../../contract/index.js";
import { present } from "./results.js";
import { LEVELS, type Store } from "./store.js";

export function queues(store: Store): Queues {
  return {
    async list(filter: QueueFilter = {}, options?: At): Promise<Page<QueueInfo>> {
      const now = store.clock(options);
      const limit = queuesPerPage(filter);
      const names = filter.names === undefined ? null : JSON.stringify(filter.names);
      const rows = store.read(() => store.sql(COUNTS).all({ now, names, cursor: filter.cursor ?? null, limit: limit + 1 })) as (Omit<
        QueueInfo,
        "paused"
      > & { readonly paused: number })[];
      const items = Array.from(rows.slice(0, limit), (row) => ({ ...row, paused: row.paused === 1 }));
      return { items, ...(rows.length > limit && { next: items.at(-1)!.queue }) };
    },

    async change(names: readonly string[], { paused }: QueueChange, _options?: At): Promise<void> {
      store.write(() => {
        for (const name of names) {
          store.sql("UPDATE queues SET paused = ? WHERE no = ?").run(paused ? 1 : 0, store.queueNumber(name));
          if (!paused) store.hintWork(name);
        }
      });
    },
  };
}

/** Unfinished jobs and dead letters per queue, each counted in a small table or a covering index. */
const COUNTS = `
  WITH
    waiting AS (SELECT lane / ${LEVELS} AS no, count(*) AS n, total(due_at <= @now) AS due FROM line GROUP BY 1),
    lent AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM active a CROSS JOIN jobs j ON j.seq = a.seq GROUP BY 1),
    held AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL GROUP BY 1),
    asleep AS (SELECT queue AS no, count(*) AS n FROM parked GROUP BY 1),
    dead AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM ended e CROSS JOIN jobs j ON j.seq = e.seq
             WHERE e.state = 2 AND e.cause <> 'input' AND ${present("e")} GROUP BY 1)
  SELECT name AS queue, paused, cast(ifnull(waiting.due, 0) AS INTEGER) AS ready, ifnull(waiting.n, 0) - cast(ifnull(waiting.due, 0) AS INTEGER) AS delayed,
    ifnull(lent.n, 0) AS active, ifnull(held.n, 0) AS blocked, ifnull(asleep.n, 0) AS parked, ifnull(dead.n, 0) AS dead
  FROM queues LEFT JOIN waiting USING (no) LEFT JOIN lent USING (no) LEFT JOIN held USING (no) LEFT JOIN asleep USING (no) LEFT JOIN dead USING (no)
  WHERE (@cursor IS NULL OR name > @cursor) AND (@names IS NULL OR name IN (SELECT value FROM json_each(@names)))
    AND (paused = 1 OR coalesce(waiting.n, lent.n, held.n, asleep.n, dead.n) > 0)
  ORDER BY name LIMIT @limit`;
