import { STANDS } from "../../relational/codes.js";
import { bigs, ints, texts } from "../connect/values.js";
import { FROM, PRESENT } from "../rows.js";
import type { Tx } from "../store.js";
/** Where a job was found, and is held until the transaction ends. */
export interface Held {
  readonly seq: number;
  readonly id: string;
  /** As `STANDS`. */
  readonly stands: number;
}

type Look = [seq: number, id: string, stands: number, lane: number, dueAt: number];

/**
 * Finds where jobs stand and holds each there.
 * Others that want to lend, end or wake one of them wait, and then see what this transaction did. A job that
 * moved on during the search is searched again.
 */
export async function lockPlaces(tx: Tx, ids: readonly string[]): Promise<Held[]> {
  const held = new Map<number, Held>();
  let left = ids;
  for (let turn = 0; left.length > 0; turn++) {
    if (turn === 100) throw Object.assign(new Error("jobs moved faster than they could be found"), { code: "40001" });
    const rows = await look(tx, left);
    const missed: string[] = [];
    const caught = await hold(tx, rows);
    for (const [seq, id, stands] of rows) {
      if (caught.has(seq)) held.set(seq, { seq, id, stands });
      else missed.push(id);
    }
    left = missed;
  }
  return [...held.values()].sort((a, b) => a.seq - b.seq);
}

/**
 * As `lockPlaces`, but looks once, and holds the loans of more jobs together with those it finds.
 *
 * @param lent numbers of those jobs
 * @returns ids of the jobs that moved on while they were looked for
 */
export async function lockPlacesOnce(tx: Tx, ids: readonly string[], lent: readonly number[]): Promise<string[]> {
  const rows = await look(tx, ids);
  const caught = await hold(tx, rows, lent);
  return rows.filter(([seq]) => !caught.has(seq)).map(([, id]) => id);
}

async function look(tx: Tx, ids: readonly string[]): Promise<Look[]> {
  const rows = await tx.rows(`SELECT j.seq, j.id, ${STANDS}::int, j.lane, j.due_at ${FROM} WHERE j.id = ANY($1::text[])`, [texts(ids)]);
  return rows as unknown[] as Look[];
}

/** Tries to hold jobs where they were seen; returns those that were there still. */
async function hold(tx: Tx, rows: readonly Look[], lent: readonly number[] = []): Promise<Set<number>> {
  const caught = new Set<number>();
  const lock = async (
    text: string,
    some: readonly Look[],
    more: (list: readonly Look[]) => ReturnType<typeof bigs>[] = () => [],
  ): Promise<void> => {
    if (some.length === 0) return;
    for (const [seq] of await tx.rows(text, [bigs(some.map(([seq]) => seq)), ...more(some)])) caught.add(seq as number);
  };
  const at = (stands: number): Look[] => rows.filter((row) => row[2] === stands);
  await lock(
    `SELECT l.seq FROM stem.line l JOIN unnest($1::bigint[], $2::int[], $3::bigint[]) u(seq, lane, due_at)
       ON l.lane = u.lane AND l.due_at = u.due_at AND l.seq = u.seq ORDER BY l.seq FOR UPDATE OF l`,
    at(8),
    (list) => [ints(list.map((row) => row[3])), bigs(list.map((row) => row[4]))],
  );
  const active = at(5);
  if (active.length > 0 || lent.length > 0) {
    const seqs = [bigs(active.map(([seq]) => seq))];
    const loans = await tx.rows("SELECT no FROM stem.loans WHERE seqs && $1::bigint[] ORDER BY no FOR UPDATE", [
      bigs([...active.map(([seq]) => seq), ...lent]),
    ]);
    // On those loans only: a job that came back and was lent anew meanwhile is on a loan that is not held.
    const where = "WHERE seq = ANY($1::bigint[]) AND no = ANY($2::bigint[])";
    for (const [seq] of await tx.rows(`SELECT seq FROM stem.active ${where}`, [...seqs, bigs(loans.map(([no]) => no as number))]))
      caught.add(seq as number);
  }
  await lock("SELECT seq FROM stem.parked WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE", at(6));
  await lock(
    "SELECT seq FROM stem.ended WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE",
    rows.filter((row) => row[2] <= 4),
  );
  const blocked = at(7);
  await lock("SELECT seq FROM stem.jobs WHERE seq = ANY($1::bigint[]) AND open > 0 ORDER BY seq FOR UPDATE", blocked);
  // A blocked job that was cancelled keeps its open inputs.
  if (blocked.length > 0)
    for (const [seq] of await tx.rows("SELECT seq FROM stem.ended WHERE seq = ANY($1::bigint[])", [bigs(blocked.map(([seq]) => seq))]))
      caught.delete(seq as number);
  return caught;
}

/** Holds the rows of jobs, in the order of their numbers, so that two transactions do not deadlock. */
export async function lockJobs(tx: Tx, seqs: readonly number[]): Promise<number[]> {
  if (seqs.length < 2) return [...seqs];
  const rows = await tx.rows("SELECT seq FROM stem.jobs WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR NO KEY UPDATE", [bigs(seqs)]);
  return rows.map(([seq]) => seq as number);
}

/** Numbers of those that have ended and had their time. */
export async function goneOf(tx: Tx, places: readonly Held[]): Promise<ReadonlySet<number>> {
  const ended = places.filter(({ stands }) => stands <= 4);
  if (ended.length === 0) return new Set();
  const gone = await tx.rows(`SELECT e.seq FROM stem.ended e WHERE e.seq = ANY($2::bigint[]) AND NOT ${PRESENT}`, [
    tx.now,
    bigs(ended.map(({ seq }) => seq)),
  ]);
  return new Set(gone.map(([seq]) => seq as number));
}
