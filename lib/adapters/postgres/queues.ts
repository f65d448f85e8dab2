import { countedUpTo, isQueueUsed, queueInfo, queuesPerPage } from "../../contract/index.js";
import type { At, Page, QueueChange, QueueFilter, QueueInfo, Queues } from "../../contract/index.js";
import { texts } from "./connect/values.js";
import { PRESENT } from "./prune.js";
import { CLOCK, LEVELS, News, type Store } from "./store.js";

export function queues(store: Store): Queues {
  return {
    async list(filter: QueueFilter = {}, options?: At): Promise<Page<QueueInfo>> {
      const [limit, most] = [queuesPerPage(filter), countedUpTo(filter)];
      const names = filter.names === undefined ? null : texts(filter.names);
      const values = [options?.now ?? null, filter.from ?? null, names, limit + 1, most + 1, MOST_LOOKED_AT];
      const rows = (await store.rows(COUNTS, values)) as Counted[];
      const items = rows.slice(0, limit).map((row) => infoOf(row, most));
      return { items: items.filter(isQueueUsed), ...(rows.length > limit && { next: items.at(-1)!.queue }) };
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
  oldest: number | null,
  ready: number,
  delayed: number,
  active: number,
  held: number,
  blocked: number,
  parked: number,
  dead: number,
  isCut: boolean,
];

function infoOf([queue, paused, oldest, ready, delayed, active, held, blocked, parked, dead, isCut]: Counted, most: number): QueueInfo {
  const isCapped = isCut || held > most;
  const counted = { queue, paused, ready, delayed, active, blocked, parked, dead };
  return queueInfo({ ...counted, ...(oldest !== null && { oldestAt: oldest }), ...(isCapped && { capped: true }) }, most);
}

/** Dead letters, and parked jobs, looked at for one page of queues: as many as one queue may have. */
const MOST_LOOKED_AT = 100_000;

const LANES = `unnest('{${Array.from({ length: LEVELS }, (_, level) => level).join()}}'::int[]) AS g(level)`;

/** Those of a queue's jobs in line that are, or are not yet, due: so many at most. */
const inLine = (op: "<=" | ">"): string => `(
    SELECT count(*) FROM (SELECT FROM ${LANES} CROSS JOIN LATERAL (
      SELECT FROM stem.line l WHERE l.lane = q.no * ${LEVELS} + g.level AND l.due_at ${op} clock.now LIMIT $5::int) x LIMIT $5::int) y)`;

/**
 * What queues hold. Parameters: now · where to go on · names · how many queues · how far to count · how many
 * dead letters and parked jobs to look at, of which no index knows the queues.
 */
export const COUNTS = `
  WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now),
    q AS MATERIALIZED (
      SELECT s.no, s.name, s.paused FROM stem.queues s WHERE ($2::text IS NULL OR s.name > $2::text) AND ($3::text[] IS NULL OR s.name = ANY ($3::text[]))
      ORDER BY s.name LIMIT $4::int),
    bound AS MATERIALIZED (SELECT least($6::bigint, count(*) * $5::bigint) AS most FROM q),
    lent AS MATERIALIZED (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.active a JOIN stem.jobs j ON j.seq = a.seq GROUP BY 1),
    asleep AS MATERIALIZED (SELECT p.queue AS no, count(*) AS n FROM (SELECT queue FROM stem.parked LIMIT (SELECT most + 1 FROM bound)) p GROUP BY 1),
    died AS MATERIALIZED (
      SELECT e.seq, ${PRESENT} AS there FROM stem.ended e WHERE e.state = 2 AND e.cause <> 'input'
      ORDER BY e.ended_at DESC, e.seq DESC LIMIT (SELECT most + 1 FROM bound)),
    dead AS MATERIALIZED (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM died d JOIN stem.jobs j ON j.seq = d.seq WHERE d.there GROUP BY 1),
    cut AS MATERIALIZED (SELECT (SELECT count(*) FROM died) > most OR (SELECT sum(n) FROM asleep) > most AS yes FROM bound)
  SELECT q.name, q.paused,
    (SELECT min(d.due_at) FROM ${LANES} CROSS JOIN LATERAL (
      SELECT l.due_at FROM stem.line l WHERE l.lane = q.no * ${LEVELS} + g.level ORDER BY l.lane, l.due_at LIMIT 1) d WHERE d.due_at <= clock.now),
    ${inLine("<=")}, ${inLine(">")}, coalesce(lent.n, 0), held.n, held.blocked, coalesce(asleep.n, 0), coalesce(dead.n, 0), coalesce(cut.yes, false)
  FROM clock CROSS JOIN cut CROSS JOIN q CROSS JOIN LATERAL (
    SELECT count(*) AS n, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM stem.ended e WHERE e.seq = x.seq)) AS blocked
    FROM (SELECT j.seq FROM stem.jobs j WHERE j.open > 0 AND j.lane >= q.no * ${LEVELS} AND j.lane < (q.no + 1) * ${LEVELS} LIMIT $5::int) x) held
  LEFT JOIN lent ON lent.no = q.no LEFT JOIN asleep ON asleep.no = q.no LEFT JOIN dead ON dead.no = q.no
  ORDER BY q.name`;
