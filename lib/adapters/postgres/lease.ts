import { leaseText, type Lease, type Settlement } from "../../contract/index.js";
import { bigs, ints, texts } from "./connect/values.js";
import type { Loan, Store, Tx } from "./store.js";

/** The stored data of a job on loan. */
export interface Borrowed extends Loan {
  readonly id: string;
  readonly worker: number;
  readonly lane: number;
  readonly keepFailed: number | null;
}

/** A settlement and the delivery it ends. */
export interface Given {
  readonly settlement: Settlement;
  readonly loan: Borrowed;
}

type LoanRow = [no: number, worker: number, startedAt: number, back: string, seqs: string];

/**
 * Finds the deliveries of good leases, by the text of the lease.
 * It holds their loans until the transaction ends, in the order of their numbers.
 */
export async function holdLoans(
  store: Store,
  tx: Tx,
  leases: readonly Lease[],
  how: "FOR UPDATE" | "FOR SHARE" = "FOR UPDATE",
): Promise<Map<string, Borrowed>> {
  const nos = new Set<number>();
  const unknown: string[] = [];
  for (const lease of leases) {
    const loan = store.loans.recall(lease);
    if (loan === undefined) unknown.push(lease.jobId);
    else nos.add(loan.no);
  }
  // Another process lent it, or this one has dropped it from memory: the few loans there are, are scanned.
  const where =
    unknown.length === 0
      ? "no = ANY($1::bigint[])"
      : "no = ANY($1::bigint[]) OR seqs && ARRAY(SELECT seq FROM stem.jobs WHERE id = ANY($2::text[]))";
  const rows = (await tx.rows(`SELECT no, worker, started_at, back::text, seqs::text FROM stem.loans WHERE ${where} ORDER BY no ${how}`, [
    bigs([...nos]),
    ...(unknown.length === 0 ? [] : [texts(unknown)]),
  ])) as LoanRow[];
  const good = new Map<string, Borrowed>();
  if (rows.length === 0) return good;
  // Read once they are held, since others may wait for a job since it was lent.
  const jobs = (await tx.rows(
    "SELECT id, seq, fence + 1, attempts + 1, links, keep_result, lane, keep_failed FROM stem.jobs WHERE id = ANY($1::text[])",
    [texts(leases.map(({ jobId }) => jobId))],
  )) as [string, number, number, number, number, number | null, number, number | null][];
  const places = placesOf(rows);
  const asked = new Map(leases.map((lease) => [leaseText(lease), store.loans.recall(lease)?.startedAt]));
  for (const [id, seq, fence, attempt, links, keep, lane, keepFailed] of jobs) {
    const text = leaseText({ jobId: id, fence, job: seq });
    const place = places.get(seq);
    // The same numbers, lent at another moment: another store at the same address.
    if (place !== undefined && asked.has(text) && (asked.get(text) ?? place.startedAt) === place.startedAt)
      good.set(text, { ...place, id, seq, fence, attempt, links, keep, lane, keepFailed });
  }
  return good;
}

type Place = Pick<Borrowed, "no" | "place" | "size" | "worker" | "startedAt">;

/** Where in these loans the jobs are that have not come back. */
function placesOf(rows: readonly LoanRow[]): Map<number, Place> {
  const places = new Map<number, Place>();
  for (const [no, worker, startedAt, back, seqs] of rows)
    for (const [place, seq] of seqs.slice(1, -1).split(",").entries())
      if (back[place] === "0") places.set(Number(seq), { no, place, size: back.length, worker, startedAt });
  return places;
}

/** Notes in loans, which are held, that these jobs have come back. */
export async function release(tx: Tx, loans: readonly Pick<Loan, "no" | "place" | "size">[]): Promise<void> {
  if (loans.length === 0) return;
  const { nos, bits } = bitsOf(loans);
  await tx.rows(
    `WITH r AS MATERIALIZED (SELECT u.no, u.bits::bit varying AS bits FROM unnest($1::bigint[], $2::text[]) u(no, bits)),
       whole AS (DELETE FROM stem.loans l USING r WHERE l.no = r.no AND (l.back | r.bits) = ~(l.back # l.back))
     UPDATE stem.loans l SET back = l.back | r.bits FROM r WHERE l.no = r.no AND (l.back | r.bits) <> ~(l.back # l.back)`,
    [bigs(nos), texts(bits)],
  );
}

/** Ends the loans of workers; returns their jobs, with `lapses` more lapses. */
export async function releaseHeld(tx: Tx, workers: ReturnType<typeof ints>, lapses: 0 | 1): Promise<(readonly unknown[])[]> {
  const loans = await tx.rows("SELECT no FROM stem.loans WHERE worker = ANY($1::int[]) ORDER BY no FOR UPDATE", [workers]);
  if (loans.length === 0) return [];
  const nos = bigs(loans.map(([no]) => no as number));
  const rows = await tx.rows(
    `WITH held AS MATERIALIZED (SELECT a.seq, a.started_at FROM stem.active a WHERE a.no = ANY($1::bigint[]))
     UPDATE stem.jobs j SET lapses = j.lapses + $2::int, fence = j.fence + 1, started_at = held.started_at FROM held WHERE j.seq = held.seq
     RETURNING j.seq, j.id, j.fence, j.started_at, j.lapses, j.attempts, j.lane, j.links, j.max_lapses, j.keep_failed, j.due_at`,
    [nos, lapses],
  );
  await tx.rows("DELETE FROM stem.loans WHERE no = ANY($1::bigint[])", [nos]);
  return rows;
}

/** For each loan, in the order of their numbers, a text of bits: 1 at the place of each of these jobs. */
export function bitsOf(loans: readonly Pick<Loan, "no" | "place" | "size">[]): { readonly nos: number[]; readonly bits: string[] } {
  const masks = new Map<number, Buffer>();
  for (const { no, place, size } of loans) {
    let mask = masks.get(no);
    if (mask === undefined) masks.set(no, (mask = Buffer.alloc(size, "0")));
    mask[place] = ONE;
  }
  const nos = [...masks.keys()].sort((a, b) => a - b);
  return { nos, bits: nos.map((no) => masks.get(no)!.toString("latin1")) };
}

const ONE = "1".charCodeAt(0);
