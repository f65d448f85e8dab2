import { JOB_DEFAULTS } from "../../contract/index.js";
import { ENDED, GIVES, STANDS } from "../relational/codes.js";
import { arriveAt, type DeadEnd, endOfInput, type Loose, type Arrivals } from "../relational/ends.js";
import { bigs, ints, texts } from "./connect/values.js";
import { FROM } from "./rows.js";
import type { Tx } from "./store.js";

/** Where a job stands in its line. */
export interface Place {
  readonly seq: number;
  readonly lane: number;
  readonly dueAt: number;
  /** Only for a job that was never begun. */
  readonly expiresAt?: number | null;
}

/** Puts jobs into their lines. */
export async function enterLine(tx: Tx, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return;
  for (const { lane } of places) tx.news.lanes.add(lane);
  tx.news.isEarlier = true;
  await tx.rows(
    "INSERT INTO stem.line (lane, due_at, seq, expires_at) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[])",
    [
      ints(places.map(({ lane }) => lane)),
      bigs(places.map(({ dueAt }) => dueAt)),
      bigs(places.map(({ seq }) => seq)),
      bigs(places.map(({ expiresAt }) => expiresAt ?? null)),
    ],
  );
}

/**
 * Records the ends of jobs that did not succeed; returns those that others wait for.
 * The caller has taken them from their places.
 */
export async function endBadly(tx: Tx, jobs: readonly DeadEnd[]): Promise<Loose[]> {
  if (jobs.length === 0) return [];
  await tx.rows(
    `INSERT INTO stem.ended (seq, state, ended_at, forget_at, started_at, attempts, fence, cause, error)
     SELECT u.seq, u.state, $1::bigint, $1::bigint + u.keep, u.started_at, u.attempts, u.fence, u.cause, u.error
     FROM unnest($2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::int[], $7::int[], $8::text[], $9::text[])
       u(seq, state, keep, started_at, attempts, fence, cause, error)`,
    [
      tx.now,
      bigs(jobs.map(({ seq }) => seq)),
      ints(jobs.map(({ state }) => ENDED[state])),
      bigs(jobs.map(({ keepFailed }) => keepFailed ?? JOB_DEFAULTS.keepFailedMs)),
      bigs(jobs.map(({ startedAt }) => startedAt)),
      ints(jobs.map(({ attempts }) => attempts)),
      ints(jobs.map(({ fence }) => fence)),
      texts(jobs.map(({ cause }) => cause)),
      texts(jobs.map(({ error }) => JSON.stringify(error))),
    ],
  );
  for (const job of jobs) {
    tx.news.done.push(job.id);
    if (job.own === undefined) tx.news.ended.push(job);
  }
  return jobs.filter(({ links }) => (links & GIVES) !== 0);
}

/**
 * Follows the links of jobs that have ended.
 * It frees jobs that have all their inputs, ends those that lost one, and so on down the line. Counts once
 * per target and batch, so that a fan-in of thousands stays linear; two batches that arrive at one target
 * meet in the lock of its row.
 */
export async function followLinks(tx: Tx, ended: readonly Loose[]): Promise<void> {
  for (let batch = ended; batch.length > 0;) {
    const targets = await countTargets(tx, batch);
    batch = targets.size === 0 ? [] : await arrive(tx, targets);
  }
}

async function countTargets(tx: Tx, batch: readonly Loose[]): Promise<Map<number, Arrivals>> {
  const sources = new Map(batch.map((job) => [job.seq, job]));
  const rows = (await tx.rows(
    `UPDATE stem.links l SET state = CASE WHEN u.good = 1 OR l.goes_on THEN 1 ELSE 2 END
     FROM unnest($1::bigint[], $2::int[]) u(seq, good) WHERE l.from_seq = u.seq AND l.state = 0 RETURNING l.to_seq, l.from_seq, l.goes_on`,
    [bigs(batch.map(({ seq }) => seq)), ints(batch.map(({ state }) => (state === "succeeded" ? 1 : 0)))],
  )) as [number, number, boolean][];
  const targets = new Map<number, Arrivals>();
  for (const [to, from, goesOn] of rows) arriveAt(targets, to, sources.get(from)!, goesOn);
  return targets;
}

type TargetRow = [
  seq: number,
  open: number,
  failed: number,
  lane: number,
  dueAt: number,
  id: string,
  links: number,
  attempts: number,
  fence: number,
  startedAt: number | null,
  keepFailed: number | null,
  expiresAt: number | null,
];

async function arrive(tx: Tx, targets: ReadonlyMap<number, Arrivals>): Promise<Loose[]> {
  const seqs = await lockJobs(tx, [...targets.keys()]);
  const of = (count: (target: Arrivals) => number): number[] => seqs.map((seq) => count(targets.get(seq)!));
  const rows = (await tx.rows(
    `UPDATE stem.jobs j SET open = j.open - u.arrived, failed = j.failed + u.failed FROM unnest($1::bigint[], $2::int[], $3::int[]) u(seq, arrived, failed)
     WHERE j.seq = u.seq
     RETURNING j.seq, j.open, j.failed, j.lane, j.due_at, j.id, j.links, j.attempts, j.fence, j.started_at, j.keep_failed, j.expires_at`,
    [bigs(seqs), ints(of(({ arrived }) => arrived)), ints(of(({ failed }) => failed))],
  )) as TargetRow[];
  // Read after the rows are held: a transaction that ended one of them meanwhile has committed by now.
  const gone = new Set(
    (await tx.rows("SELECT seq FROM stem.ended WHERE seq = ANY($1::bigint[])", [bigs(seqs)])).map(([seq]) => seq as number),
  );
  const free: Place[] = [];
  const lost: DeadEnd[] = [];
  for (const [seq, open, failed, lane, dueAt, id, links, attempts, fence, startedAt, keepFailed, expiresAt] of rows) {
    if (gone.has(seq)) continue;
    const { by } = targets.get(seq)!;
    if (by !== undefined) lost.push({ seq, id, links, attempts, fence, startedAt, keepFailed, ...endOfInput(by) });
    else if (open === 0 && failed === 0) free.push({ seq, lane, dueAt, expiresAt: fence === 0 ? expiresAt : null });
  }
  await enterLine(tx, free);
  return endBadly(tx, lost);
}

/** Holds the rows of jobs, in the order of their numbers, so that two transactions do not deadlock. */
export async function lockJobs(tx: Tx, seqs: readonly number[]): Promise<number[]> {
  if (seqs.length < 2) return [...seqs];
  const rows = await tx.rows("SELECT seq FROM stem.jobs WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR NO KEY UPDATE", [bigs(seqs)]);
  return rows.map(([seq]) => seq as number);
}

/**
 * Opens the failed links of jobs that will run again.
 * Jobs that had failed because of them, and for no other reason, are blocked again, and so on down the line.
 */
export async function reopenLinks(tx: Tx, from: readonly number[]): Promise<void> {
  for (let batch = from; batch.length > 0;) {
    const rows = await tx.rows("UPDATE stem.links SET state = 0 WHERE from_seq = ANY($1::bigint[]) AND state = 2 RETURNING to_seq", [
      bigs(batch),
    ]);
    if (rows.length === 0) return;
    const counts = new Map<number, number>();
    for (const [to] of rows as [number][]) counts.set(to, (counts.get(to) ?? 0) + 1);
    const seqs = await lockJobs(tx, [...counts.keys()]);
    const whole = await tx.rows(
      `UPDATE stem.jobs j SET open = j.open + u.n, failed = j.failed - u.n FROM unnest($1::bigint[], $2::int[]) u(seq, n) WHERE j.seq = u.seq
       RETURNING j.seq, j.failed`,
      [bigs(seqs), ints(seqs.map((seq) => counts.get(seq)!))],
    );
    batch = await revive(
      tx,
      whole.filter(([, failed]) => failed === 0).map(([seq]) => seq as number),
      "input",
    );
  }
}

/**
 * Takes jobs back out of `ended`, attempts and lapses at 0, the fence kept.
 * Returns those that had ended, and of this cause.
 */
export async function revive(tx: Tx, seqs: readonly number[], cause?: "input"): Promise<number[]> {
  if (seqs.length === 0) return [];
  // The error stays as the last failure: a job that was handed it as an input may still ask for it.
  const rows = await tx.rows(
    `WITH back AS (DELETE FROM stem.ended WHERE seq = ANY($1::bigint[]) ${cause === undefined ? "" : "AND cause = 'input'"} RETURNING seq, fence, error)
     UPDATE stem.jobs j SET attempts = 0, lapses = 0, fence = back.fence, error = back.error FROM back WHERE j.seq = back.seq RETURNING j.seq`,
    [bigs(seqs)],
  );
  return rows.map(([seq]) => seq as number);
}

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
