import { cancelled } from "../../contract/index.js";
import { bigs } from "./connect/values.js";
import { giveBack } from "./lend/loans.js";
import { endBadly, followLinks, lockPlaces, type Ending, type Held, type Loose } from "./links.js";
import type { Tx } from "./store.js";

/**
 * Ends unfinished jobs by their ids inside a transaction, and then the jobs that wait for them.
 *
 * @param later takes those whose links the caller will follow itself
 */
export async function cancelAll(tx: Tx, ids: readonly string[], reason: string, later?: Loose[]): Promise<void> {
  await cancelHeld(tx, await lockPlaces(tx, [...new Set(ids)]), reason, later);
}

/** As `cancelAll`, of jobs that are held. */
export async function cancelHeld(tx: Tx, held: readonly Held[], reason: string, later?: Loose[]): Promise<void> {
  const open = held.filter(({ stands }) => stands > 4);
  const ended = await endAll(
    tx,
    open.map(({ seq }) => seq),
    reason,
  );
  const loose = await endBadly(tx, ended);
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  if (later === undefined) await followLinks(tx, loose);
  else later.push(...loose);
  for (const { id, stands } of open) if (stands === 5) tx.news.stopped.push(id);
}

type CancelRow = [
  number,
  string,
  number,
  number,
  number,
  number | null,
  number | null,
  no: number | null,
  place: number | null,
  size: number | null,
];

/** Takes jobs, which are held, from wherever they stand. */
async function endAll(tx: Tx, seqs: readonly number[], reason: string): Promise<Ending[]> {
  if (seqs.length === 0) return [];
  const rows = (await tx.rows(
    `SELECT j.seq, j.id, j.links, j.attempts + (a.seq IS NOT NULL)::int, j.fence + (a.seq IS NOT NULL)::int, coalesce(a.started_at, j.started_at), j.keep_failed,
       a.no, a.place, a.size
     FROM stem.jobs j LEFT JOIN LATERAL (
       SELECT a.seq, a.started_at, a.no, a.place, l.size FROM (SELECT no, cardinality(seqs) AS size FROM stem.loans WHERE j.seq = ANY (seqs)) l
         JOIN stem.active a ON a.no = l.no WHERE a.seq = j.seq) a ON true
     WHERE j.seq = ANY($1::bigint[]) ORDER BY j.seq`,
    [bigs(seqs)],
  )) as CancelRow[];
  await tx.rows(
    `WITH gone AS (SELECT seq, lane, due_at FROM stem.jobs WHERE seq = ANY($1::bigint[])),
       p AS (DELETE FROM stem.parked USING gone WHERE parked.seq = gone.seq),
       w AS (DELETE FROM stem.waits USING gone WHERE waits.seq = gone.seq)
     DELETE FROM stem.line USING gone WHERE line.lane = gone.lane AND line.due_at = gone.due_at AND line.seq = gone.seq`,
    [bigs(seqs)],
  );
  await giveBack(
    tx,
    rows.flatMap(([, , , , , , , no, place, size]) => (no === null ? [] : [{ no, place: place!, size: size! }])),
  );
  const error = cancelled(reason);
  return rows.map(([seq, id, links, attempts, fence, startedAt, keepFailed]) => ({
    seq,
    id,
    links,
    attempts,
    fence,
    startedAt,
    keepFailed,
    state: "cancelled",
    cause: null,
    error,
  }));
}
