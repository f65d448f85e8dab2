import {
  checkPurge,
  type At,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetters,
  type Failure,
  type Purge,
} from "../../contract/index.js";
import { enterLine, reopenLinks, revive } from "./links.js";
import { forget, present } from "./results.js";
import { LEVELS, type Store } from "./store.js";

/** Dead letters are the rows of one partial index of `ended`, in the order of death. */
const DEAD = `FROM ended CROSS JOIN jobs j ON j.seq = ended.seq WHERE ended.state = 2 AND ended.cause <> 'input' AND ${present("ended")}`;

export function deadLetters(store: Store): DeadLetters {
  return {
    async list(filter: DeadLetterFilter = {}, options?: At): Promise<readonly DeadLetter[]> {
      const { where, values } = conditions(filter, store.clock(options));
      const limit = Math.min(filter.limit ?? 100, 1_000);
      return store.read(() => {
        const rows = store
          .rows(
            `SELECT j.id, j.task, j.lane, ended.cause, ended.error, ended.attempts, j.lapses, ended.ended_at ${DEAD} ${where}
             ORDER BY ended.ended_at DESC, ended.seq DESC LIMIT ?`,
          )
          .all(...values, limit) as [string, string, number, DeadLetter["cause"], string, number, number, number][];
        return Array.from(rows, ([id, task, lane, cause, error, attempts, lapses, diedAt]) => ({
          id,
          task,
          queue: store.queueOf(lane),
          cause,
          error: JSON.parse(error) as Failure,
          attempts,
          lapses,
          diedAt,
        }));
      });
    },

    async retry(ids: readonly string[], options?: At): Promise<readonly string[]> {
      const now = store.clock(options);
      return store.write(() => {
        const moved: string[] = [];
        const seqs: number[] = [];
        for (const id of ids) {
          const seq = retryOne(store, id, now);
          if (seq === undefined) continue;
          moved.push(id);
          seqs.push(seq);
        }
        reopenLinks(store, seqs);
        return moved;
      });
    },

    async purge(filter: Purge, options?: At): Promise<number> {
      const chosen = checkPurge(filter);
      const { where, values } = conditions(chosen, store.clock(options));
      return store.write(() => {
        // One that an unfinished job will be handed as an input stays.
        const seqs = store
          .value(
            `SELECT ended.seq ${DEAD} ${where} AND NOT EXISTS (SELECT 1 FROM links l LEFT JOIN ended x ON x.seq = l.to_seq
               WHERE l.from_seq = ended.seq AND x.seq IS NULL)
             ORDER BY ended.ended_at DESC, ended.seq DESC LIMIT ?`,
          )
          .all(...values, chosen.limit ?? -1) as number[];
        forget(store, seqs);
        return seqs.length;
      });
    },
  };
}

function conditions(
  { ids, queue, task, before, cursor }: DeadLetterFilter,
  now: number,
): {
  readonly where: string;
  readonly values: readonly unknown[];
} {
  const where: string[] = [];
  const values: unknown[] = [{ now }];
  const add = (condition: string, value: unknown): void => {
    where.push(`AND ${condition}`);
    values.push(value);
  };
  if (ids !== undefined) add("j.id IN (SELECT value FROM json_each(?))", JSON.stringify(ids));
  if (queue !== undefined) add(`j.lane / ${LEVELS} = (SELECT no FROM queues WHERE name = ?)`, queue);
  if (task !== undefined) add("j.task = ?", task);
  if (before !== undefined) add("ended.ended_at < ?", before);
  if (cursor !== undefined)
    add("(ended.ended_at, ended.seq) < (SELECT c.ended_at, c.seq FROM ended c JOIN jobs k ON k.seq = c.seq WHERE k.id = ?)", cursor);
  return { where: where.join(" "), values };
}

/** The number of the job if it moved. */
function retryOne(store: Store, id: string, now: number): number | undefined {
  const row = store
    .rows(
      `SELECT j.seq, j.lane, j.open, coalesce(j.due_at, j.enqueued_at) FROM jobs j JOIN ended e ON e.seq = j.seq
       WHERE j.id = ? AND e.state > 1 AND ifnull(e.cause, '') <> 'input' AND j.failed = 0 AND ${present("e")}`,
    )
    .get({ now }, id) as [number, number, number, number] | undefined;
  if (row === undefined) return undefined;
  const [seq, lane, open] = row;
  revive(store, seq);
  store.sql("UPDATE jobs SET expires_at = NULL WHERE seq = ?").run(seq);
  if (open > 0) return seq;
  store.sql("UPDATE jobs SET due_at = ? WHERE seq = ?").run(now, seq);
  enterLine(store, seq, lane, now);
  return seq;
}
