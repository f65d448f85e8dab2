import { countedUpTo, isQueueUsed, queueInfo, queuesPerPage } from "../../contract/index.js";
import type { At, Page, QueueChange, QueueFilter, QueueInfo, Queues } from "../../contract/index.js";
import { statementOf } from "./connect/statements.js";
import { texts } from "./connect/values.js";
import { Announcement, type Store } from "./store.js";

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
      const announcement = new Announcement();
      for (const name of names) announcement.queues.add(name);
      store.announce(announcement);
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

const COUNTS = statementOf("queues");
