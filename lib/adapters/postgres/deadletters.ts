import {
  checkPurge,
  type At,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetters,
  type Failure,
  type Purge,
} from "../../contract/index.js";
import { bigs, texts, type Value } from "./connect/values.js";
import { enterLine, lockJobs, reopenLinks, revive } from "./links.js";
import { forget, PRESENT } from "./results.js";
import { LEVELS, type Store, type Tx } from "./store.js";

/** Dead letters are the rows of one partial index of `ended`, in the order of death. */
const DEAD = `FROM stem.ended e JOIN stem.jobs j ON j.seq = e.seq WHERE e.state = 2 AND e.cause <> 'input' AND ${PRESENT}`;

export function deadLetters(store: Store): DeadLetters {
  return {
    async list(filter: DeadLetterFilter = {}, options?: At): Promise<readonly DeadLetter[]> {
      const { where, values } = conditions(filter, options);
      const limit = values.push(Math.min(filter.limit ?? 100, 1_000));
      const rows = (await store.rows(
        `SELECT j.id, j.task, (SELECT q.name FROM stem.queues q WHERE q.no = j.lane / ${LEVELS}), e.cause, e.error, e.attempts, j.lapses, e.ended_at
         ${DEAD} ${where} ORDER BY e.ended_at DESC, e.seq DESC LIMIT $${limit}::int`,
        values,
      )) as [string, string, string, DeadLetter["cause"], string, number, number, number][];
      return rows.map(([id, task, queue, cause, error, attempts, lapses, diedAt]) => ({
        id,
        task,
        queue,
        cause,
        error: JSON.parse(error) as Failure,
        attempts,
        lapses,
        diedAt,
      }));
    },

    async retry(ids: readonly string[], options?: At): Promise<readonly string[]> {
      return store.transact(options, (tx) => retryAll(tx, ids));
    },

    async purge(filter: Purge, options?: At): Promise<number> {
      const chosen = checkPurge(filter);
      const { where, values } = conditions(chosen, options);
      const limit = `$${values.length + 1}`;
      return store.transact(options, async (tx) => {
        let purged = 0;
        for (let left = chosen.limit ?? Number.MAX_SAFE_INTEGER; left > 0;) {
          const most = Math.min(left, PURGED_AT_ONCE);
          // One that an unfinished job will be handed as an input stays.
          const rows = await tx.rows(
            `SELECT e.seq ${DEAD} ${where} AND NOT EXISTS (SELECT FROM stem.links l LEFT JOIN stem.ended x ON x.seq = l.to_seq
               WHERE l.from_seq = e.seq AND x.seq IS NULL)
             ORDER BY e.ended_at DESC, e.seq DESC LIMIT ${limit}::bigint FOR UPDATE OF e`,
            [...values, most],
          );
          await forget(
            tx,
            rows.map(([seq]) => seq as number),
          );
          purged += rows.length;
          left = rows.length < most ? 0 : left - rows.length;
        }
        return purged;
      });
    },
  };
}

/** A million dead letters are forgotten in lists of this length. */
const PURGED_AT_ONCE = 10_000;

function conditions(
  { ids, queue, task, before, cursor }: DeadLetterFilter,
  at: At | undefined,
): { readonly where: string; readonly values: Value[] } {
  const where: string[] = [];
  const values: Value[] = [at?.now ?? null];
  if (ids !== undefined) where.push(`AND j.id = ANY($${values.push(texts(ids))}::text[])`);
  if (queue !== undefined) where.push(`AND j.lane / ${LEVELS} = (SELECT no FROM stem.queues WHERE name = $${values.push(queue)}::text)`);
  if (task !== undefined) where.push(`AND j.task = $${values.push(task)}::text`);
  if (before !== undefined) where.push(`AND e.ended_at < $${values.push(before)}::bigint`);
  if (cursor !== undefined)
    where.push(
      `AND (e.ended_at, e.seq) < (SELECT c.ended_at, c.seq FROM stem.ended c JOIN stem.jobs k ON k.seq = c.seq WHERE k.id = $${values.push(cursor)}::text)`,
    );
  return { where: where.join(" "), values };
}

async function retryAll(tx: Tx, ids: readonly string[]): Promise<readonly string[]> {
  const dead = (await tx.rows(
    `SELECT e.seq, j.id FROM stem.ended e JOIN stem.jobs j ON j.seq = e.seq
     WHERE j.id = ANY($2::text[]) AND e.state > 1 AND coalesce(e.cause, '') <> 'input' AND ${PRESENT} ORDER BY e.seq FOR UPDATE OF e`,
    [tx.now, texts(ids)],
  )) as [number, string][];
  if (dead.length === 0) return [];
  const names = new Map(dead);
  await lockJobs(tx, [...names.keys()]);
  // Looked at after they are held, so that an input that arrives now is either counted already or finds them
  // revived.
  const rows = (await tx.rows(
    "SELECT seq, lane, open FROM stem.jobs WHERE seq = ANY($1::bigint[]) AND failed = 0 ORDER BY seq FOR NO KEY UPDATE",
    [bigs([...names.keys()])],
  )) as [number, number, number][];
  const seqs = rows.map(([seq]) => seq);
  await revive(tx, seqs);
  await tx.rows(
    "UPDATE stem.jobs SET expires_at = NULL, due_at = CASE WHEN open = 0 THEN $2::bigint ELSE due_at END WHERE seq = ANY($1::bigint[])",
    [bigs(seqs), tx.now],
  );
  await enterLine(
    tx,
    rows.filter(([, , open]) => open === 0).map(([seq, lane]) => ({ seq, lane, dueAt: tx.now })),
  );
  await reopenLinks(tx, seqs);
  const moved = new Set(seqs.map((seq) => names.get(seq)!));
  return ids.filter((id) => moved.delete(id));
}
