import { setImmediate as turn } from "node:timers/promises";
import { countedUpTo, isQueueUsed, queueInfo, queuesPerPage } from "../../contract/index.js";
import type { At, Page, QueueChange, QueueFilter, QueueInfo, Queues } from "../../contract/index.js";
import { LEVELS } from "../relational/codes.js";
import { present } from "./rows.js";
import type { Store } from "./store.js";

/**
 * Rows looked at in one turn of the event loop, about: some milliseconds of the caller's thread. Dead letters
 * take longer, since each is looked up in three tables.
 */
const SLICE = 50_000;
const DEAD_SLICE = 2_000;

/** Dead letters, and parked jobs, looked at for one page of queues: as many as one queue may have. */
const MOST_LOOKED_AT = 100_000;

export function queues(store: Store): Queues {
  return {
    async list(filter: QueueFilter = {}, options?: At): Promise<Page<QueueInfo>> {
      const now = store.clock(options);
      const most = countedUpTo(filter);
      const { rows, next } = page(store, filter);
      const looked = Math.min(MOST_LOOKED_AT, most * rows.length);
      const dead = await countDead(store, looked, now);
      const [active, parked] = store.read(() => [countActive(store), countParked(store, looked)]);
      const isCut = rows.length > 0 && (dead.isCut || parked.isCut);
      const items: QueueInfo[] = [];
      let seen = 0;
      for (const row of rows) {
        const info = store.read(() => countQueue(store, row, most, now));
        // The stretches that are long are those of one queue: they are counted in one view of the file.
        if ((seen += info.ready + info.delayed + info.blocked) > SLICE) seen = (await turn(), 0);
        const few = { active: active.get(row.no) ?? 0, parked: parked.of.get(row.no) ?? 0, dead: dead.of.get(row.no) ?? 0 };
        const counted = { ...info, ...few, ...(isCut && { capped: true as const }) };
        if (isQueueUsed(counted)) items.push(queueInfo(counted, most));
      }
      return { items, ...(next !== undefined && { next }) };
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

interface Row {
  readonly no: number;
  readonly name: string;
  readonly paused: number;
}

function page(store: Store, filter: QueueFilter): { readonly rows: readonly Row[]; readonly next?: string } {
  const limit = queuesPerPage(filter);
  const [from, names] = [filter.from ?? "", filter.names === undefined ? null : JSON.stringify(filter.names)];
  const rows = store
    .sql(
      `SELECT no, name, paused FROM queues WHERE name > @from AND (@names IS NULL OR name IN (SELECT value FROM json_each(@names)))
       ORDER BY name LIMIT @limit + 0`,
    )
    .all({ from, names, limit: limit + 1 }) as Row[];
  const kept = rows.slice(0, limit);
  return { rows: kept, ...(rows.length > limit && { next: kept.at(-1)!.name }) };
}

/** What a queue holds in line and blocked; no count goes further than one above `most`. */
function countQueue(store: Store, { no, name, paused }: Row, most: number, now: number): QueueInfo {
  let [ready, delayed, oldestAt] = [0, 0, undefined as number | undefined];
  const count = (lane: number, op: "<=" | ">", left: number): number =>
    store.value(`SELECT count(*) FROM (SELECT 1 FROM line WHERE lane = ? AND due_at ${op} ? LIMIT ? + 0)`).get(lane, now, left) as number;
  for (let lane = usedLane(store, no * LEVELS, no); lane !== undefined; lane = usedLane(store, lane + 1, no)) {
    const first = store.value("SELECT due_at FROM line WHERE lane = ? ORDER BY due_at LIMIT 1").get(lane) as number;
    if (first <= now) oldestAt = Math.min(oldestAt ?? first, first);
    ready += count(lane, "<=", most + 1 - ready);
    delayed += count(lane, ">", most + 1 - delayed);
  }
  const [held, blocked] = store
    .rows(
      `SELECT count(*), count(*) - count(e.seq) FROM (SELECT seq FROM jobs WHERE open > 0 AND lane >= ? AND lane < ? LIMIT ? + 0) j
       LEFT JOIN ended e ON e.seq = j.seq`,
    )
    .get(no * LEVELS, (no + 1) * LEVELS, most + 1) as [number, number];
  return {
    queue: name,
    paused: paused === 1,
    ready,
    delayed,
    active: 0,
    blocked,
    parked: 0,
    dead: 0,
    ...(oldestAt !== undefined && { oldestAt }),
    ...(held > most && { capped: true }),
  };
}

/** The first lane at or after `from` of a queue that has jobs in line. */
function usedLane(store: Store, from: number, queue: number): number | undefined {
  const lane = store.value("SELECT lane FROM line WHERE lane >= ? AND lane < ? ORDER BY lane LIMIT 1");
  return lane.get(from, (queue + 1) * LEVELS) as number | undefined;
}

type Counts = ReadonlyMap<number, number>;

function countActive(store: Store): Counts {
  return new Map(
    store.rows(`SELECT j.lane / ${LEVELS}, count(*) FROM active a CROSS JOIN jobs j ON j.seq = a.seq GROUP BY 1`).all() as [
      number,
      number,
    ][],
  );
}

/** Parked jobs by number of queue; no index knows the queue of those without a deadline. */
function countParked(store: Store, most: number): { readonly of: Counts; readonly isCut: boolean } {
  const rows = store.rows("SELECT queue, count(*) FROM (SELECT queue FROM parked LIMIT ? + 0) GROUP BY 1").all(most + 1) as [
    number,
    number,
  ][];
  return { of: new Map(rows), isCut: rows.reduce((sum, [, n]) => sum + n, 0) > most };
}

/**
 * Dead letters by number of queue, the latest deaths first, slice by slice: no index knows their queues.
 */
async function countDead(store: Store, most: number, now: number): Promise<{ readonly of: Counts; readonly isCut: boolean }> {
  const of = new Map<number, number>();
  const slice = store.rows(
    `SELECT e.ended_at, e.seq, j.lane / ${LEVELS}, ${present("e")} FROM ended e CROSS JOIN jobs j ON j.seq = e.seq
     WHERE e.state = 2 AND e.cause <> 'input' AND (e.ended_at, e.seq) < (@before, @seq) ORDER BY e.ended_at DESC, e.seq DESC LIMIT @limit + 0`,
  );
  let left = most;
  for (let [before, seq] = [Number.MAX_SAFE_INTEGER, 0]; left > 0;) {
    const limit = Math.min(DEAD_SLICE, left);
    const rows = slice.all({ now, before, seq, limit }) as [number, number, number, number][];
    for (const [, , no, there] of rows) if (there === 1) of.set(no, (of.get(no) ?? 0) + 1);
    if (rows.length < limit) return { of, isCut: false };
    [before, seq] = rows.at(-1)!;
    left -= rows.length;
    await turn();
  }
  return { of, isCut: true };
}
