import { queuesPerPage } from "../../contract/index.js";
import type { At, Page, QueueChange, QueueFilter, QueueInfo, Queues } from "../../contract/index.js";
import { texts } from "./connect/values.js";
import { PRESENT } from "./results.js";
import { CLOCK, LEVELS, News, type Store } from "./store.js";

export function queues(store: Store): Queues {
  return {
    async list(filter: QueueFilter = {}, options?: At): Promise<Page<QueueInfo>> {
      const limit = queuesPerPage(filter);
      const names = filter.names === undefined ? null : texts(filter.names);
      const rows = (await store.report(COUNTS, [options?.now ?? null, filter.cursor ?? null, names, limit + 1])) as Counted[];
      const items = rows.slice(0, limit).map(([queue, paused, ready, waiting, active, blocked, parked, dead]) => ({
        queue,
        paused,
        ready,
        delayed: waiting - ready,
        active,
        blocked,
        parked,
        dead,
      }));
      return { items, ...(rows.length > limit && { next: items.at(-1)!.queue }) };
    },

    async change(names: readonly string[], { paused }: QueueChange, _options?: At): Promise<void> {
      await setPaused(store, names, paused);
      if (paused) return;
      const news = new News();
      for (const name of names) news.queues.add(name);
      store.announce(news);
    },
  };
}

async function setPaused(store: Store, names: readonly string[], paused: boolean): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await store.learnQueues(names);
    const set = await store.rows("UPDATE stem.queues SET paused = $2::boolean WHERE name = ANY($1::text[]) RETURNING no", [
      texts(names),
      paused,
    ]);
    if (set.length === new Set(names).size) return;
    if (attempt === 3) throw store.renumbered();
    // What was known of them was so in a store that is gone.
    store.forget();
  }
}

type Counted = [
  queue: string,
  paused: boolean,
  ready: number,
  waiting: number,
  active: number,
  blocked: number,
  parked: number,
  dead: number,
];

/** Unfinished jobs and dead letters per queue, each counted in a small table or an index. */
const COUNTS = `
  WITH
    waiting AS (SELECT lane / ${LEVELS} AS no, count(*) AS n, count(*) FILTER (WHERE due_at <= ${CLOCK}) AS due FROM stem.line GROUP BY 1),
    lent AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.active a JOIN stem.jobs j ON j.seq = a.seq GROUP BY 1),
    held AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL GROUP BY 1),
    asleep AS (SELECT queue AS no, count(*) AS n FROM stem.parked GROUP BY 1),
    dead AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.ended e JOIN stem.jobs j ON j.seq = e.seq WHERE e.state = 2 AND e.cause <> 'input' AND ${PRESENT} GROUP BY 1)
  SELECT q.name, q.paused, coalesce(waiting.due, 0), coalesce(waiting.n, 0), coalesce(lent.n, 0), coalesce(held.n, 0), coalesce(asleep.n, 0), coalesce(dead.n, 0)
  FROM stem.queues q LEFT JOIN waiting USING (no) LEFT JOIN lent USING (no) LEFT JOIN held USING (no) LEFT JOIN asleep USING (no) LEFT JOIN dead USING (no)
  WHERE ($2::text IS NULL OR q.name > $2::text) AND ($3::text[] IS NULL OR q.name = ANY ($3::text[]))
    AND (q.paused OR coalesce(waiting.n, lent.n, held.n, asleep.n, dead.n) > 0)
  ORDER BY q.name LIMIT $4::int`;
