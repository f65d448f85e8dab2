import { ENDED_PAYLOAD, type Ended } from "../../contract/index.js";
import { LEVELS } from "../relational/codes.js";
import { endedOf, type EndColumns } from "../relational/records.js";
import { bigs } from "./connect/values.js";
import type { Tx } from "./store.js";

/** The ends of a transaction, for its caller. Costs nothing if there are none. */
export async function takeEnded(tx: Tx): Promise<readonly Ended[]> {
  const { ended } = tx.announcement;
  if (ended.length === 0) return ended as [];
  const rows = (await tx.rows(
    `SELECT j.seq, j.task, q.name, CASE WHEN length(j.payload) <= ${ENDED_PAYLOAD} THEN j.payload END,
       CASE WHEN length(j.payload) <= ${ENDED_PAYLOAD} THEN j.headers END
     FROM stem.jobs j JOIN stem.queues q ON q.no = j.lane / ${LEVELS} WHERE j.seq = ANY($1::bigint[])`,
    [bigs(ended.map(({ seq }) => seq))],
  )) as [seq: number, ...EndColumns][];
  const jobs = new Map(rows.map(([seq, ...columns]) => [seq, columns]));
  return ended.flatMap((end): Ended[] => {
    const columns = jobs.get(end.seq);
    return columns === undefined ? [] : [endedOf(end, columns)];
  });
}
