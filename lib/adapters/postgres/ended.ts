import { ENDED_PAYLOAD, type Ended } from "../../contract/index.js";
import { bigs } from "./connect/values.js";
import { LEVELS } from "./line/levels.js";
import type { Tx } from "./store.js";

type EndedRow = [seq: number, task: string, queue: string, payload: string | null, headers: string | null];

/** The ends of a transaction, for its caller. Costs nothing if there are none. */
export async function endedIn(tx: Tx): Promise<readonly Ended[]> {
  const { ended } = tx.news;
  if (ended.length === 0) return ended as [];
  const rows = (await tx.rows(
    `SELECT j.seq, j.task, q.name, CASE WHEN length(j.payload) <= ${ENDED_PAYLOAD} THEN j.payload END,
       CASE WHEN length(j.payload) <= ${ENDED_PAYLOAD} THEN j.headers END
     FROM stem.jobs j JOIN stem.queues q ON q.no = j.lane / ${LEVELS} WHERE j.seq = ANY($1::bigint[])`,
    [bigs(ended.map(({ seq }) => seq))],
  )) as EndedRow[];
  const jobs = new Map(rows.map((row) => [row[0], row]));
  return ended.flatMap(({ seq, id, state, cause, error, attempts }): Ended[] => {
    const job = jobs.get(seq);
    if (job === undefined) return [];
    const [, task, queue, payload, headers] = job;
    return [
      {
        id,
        task,
        queue,
        state,
        ...(cause !== null && { cause }),
        error,
        attempts,
        ...(payload !== null && { payload }),
        ...(headers !== null && { headers: JSON.parse(headers) as Record<string, string> }),
      },
    ];
  });
}
