import { byIds, cancelled, idsOf, isFinal, PAGE, withEnded } from "../../contract/index.js";
import type { Answer, At, Change, Changed, JobFilter, Which } from "../../contract/index.js";
import { laneOf, priorityIn, queueIn, STATES } from "../relational/codes.js";
import type { DeadEnd, Loose } from "../relational/ends.js";
import { checkRetry } from "./connect/payloads.js";
import { bigs, ints } from "./connect/values.js";
import { takeEnded } from "./ended.js";
import { holdingKeys, keyless, lockKeys, retake } from "./keys.js";
import { release } from "./lease.js";
import { enterLine } from "./line.js";
import { arrive, end, reopen, revive } from "./links.js";
import { idsIn } from "./list.js";
import { goneOf, lockJobs, lockPlaces, type Held } from "./locking/places.js";
import { forget } from "./prune.js";
import { conditions, FROM } from "./rows.js";
import type { Store, Tx } from "./store.js";

/** Changes jobs, by ids or by a filter. */
export async function changeJobs(store: Store, which: Which, change: Change, options: At | undefined): Promise<Changed> {
  if (change.to === "ready") checkRetry(change.payload);
  const ids = idsOf(which);
  if (ids !== undefined) return byIds(ids, change.to, (part) => store.transact(options, (tx) => changeAll(tx, part, change)));
  const filter = which as JobFilter;
  return store.transact(options, async (tx) => {
    const { ids: found, next } = await idsIn(tx, filter, tx.now, Math.min(filter.limit ?? PAGE, PAGE));
    const { answers, ended } = await changeAll(tx, found, change, filter);
    return withEnded({ answers, ...(next !== undefined && { next }) }, ended);
  });
}

/**
 * Changes jobs inside a transaction. With `filter`, those alone that still fit it once they are held, and
 * only these are answered.
 */
async function changeAll(tx: Tx, ids: readonly string[], change: Change, filter?: JobFilter) {
  const queue = change.to === "moved" && change.queue !== undefined ? await numberOf(tx, change.queue) : undefined;
  if (change.to === "ready" && ids.length > 0) await lockKeys(tx, ids);
  const places = ids.length === 0 ? [] : await lockPlaces(tx, ids);
  const gone = await goneOf(tx, places);
  let held = places.filter(({ seq }) => !gone.has(seq));
  if (filter !== undefined && held.length > 0) {
    const fitting = await fittingOf(tx, held, filter);
    held = held.filter(({ seq }) => fitting.has(seq));
  }
  const answers = new Map<string, Answer>();
  const answer = ({ id, stands }: Held, as: Answer["as"]): void => void answers.set(id, { id, as, was: STATES[stands]! });
  switch (change.to) {
    case "cancelled":
      await cancelHeld(tx, held, change.reason);
      for (const job of held) answer(job, job.stands > 4 ? "changed" : "ended");
      break;
    case "ready":
      await retryAll(tx, held, change, answer);
      break;
    case "forgotten":
      await forgetAll(tx, held, answer);
      break;
    case "moved":
      await moveAll(tx, held, change, queue, answer);
  }
  const ended = await takeEnded(tx);
  return {
    answers: ids.flatMap((id) => answers.get(id) ?? (filter === undefined ? ({ id, as: "unknown" } as const) : [])),
    // The caller of this change knows that they have ended.
    ended: change.to === "forgotten" ? [] : ended,
  };
}

type Say = (job: Held, as: Answer["as"]) => void;

async function fittingOf(tx: Tx, held: readonly Held[], filter: JobFilter): Promise<ReadonlySet<number>> {
  const { where, values } = conditions(filter, tx.now);
  const seqs = `$${values.push(bigs(held.map(({ seq }) => seq)))}::bigint[]`;
  const rows = await tx.rows(`SELECT j.seq ${FROM} WHERE j.seq = ANY(${seqs}) AND ${where}`, values);
  return new Set(rows.map(([seq]) => seq as number));
}

/**
 * Ends unfinished jobs by their ids inside a transaction, and then the jobs that wait for them.
 *
 * @param later takes those whose links the caller will follow itself
 */
export async function cancel(tx: Tx, ids: readonly string[], reason: string, later?: Loose[]): Promise<void> {
  await cancelHeld(tx, await lockPlaces(tx, [...new Set(ids)]), reason, later);
}

/** As `cancel`, of jobs that are held. */
async function cancelHeld(tx: Tx, held: readonly Held[], reason: string, later?: Loose[]): Promise<void> {
  const open = held.filter(({ stands }) => stands > 4);
  const ended = await endAll(
    tx,
    open.map(({ seq }) => seq),
    reason,
  );
  const loose = await end(tx, ended);
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  if (later === undefined) await arrive(tx, loose);
  else later.push(...loose);
  for (const { id, stands } of open) if (stands === 5) tx.announcement.stopped.push(id);
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
async function endAll(tx: Tx, seqs: readonly number[], reason: string): Promise<DeadEnd[]> {
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
  await release(
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

type Of<To extends Change["to"]> = Extract<Change, { readonly to: To }>;

/** Links decide where to; and a job starts late by the wish of a person, so it does not expire any more. */
async function retryAll(tx: Tx, held: readonly Held[], { payload, delayMs }: Of<"ready">, say: Say): Promise<void> {
  const all = held.filter(({ stands }) => stands > 1 && stands <= 4).map(({ seq }) => seq);
  await lockJobs(tx, all);
  // Looked at after they are held, so that an input that arrives now is either counted already or finds them
  // revived.
  const found = (await tx.rows(
    `SELECT j.seq, j.lane, j.open FROM stem.jobs j JOIN stem.ended e ON e.seq = j.seq
     WHERE j.seq = ANY($1::bigint[]) AND j.failed = 0 AND coalesce(e.cause, '') <> 'input' ORDER BY j.seq FOR NO KEY UPDATE OF j`,
    [bigs(all)],
  )) as [number, number, number][];
  const without = await keyless(
    tx,
    found.map(([seq]) => seq),
  );
  const rows = found.filter(([seq]) => !without.has(seq));
  const free = new Set(rows.map(([seq]) => seq));
  for (const job of held) {
    const { stands, seq } = job;
    say(job, stands > 4 ? "unfinished" : stands === 1 ? "ended" : without.has(seq) ? "held" : free.has(seq) ? "changed" : "input");
  }
  if (rows.length === 0) return;
  const seqs = [...free];
  const dueAt = tx.now + (delayMs ?? 0);
  await reopen(tx, seqs);
  await retake(tx, seqs);
  await tx.rows(
    `UPDATE stem.jobs SET expires_at = NULL, due_at = CASE WHEN open = 0 OR $3::boolean THEN $2::bigint ELSE due_at END WHERE seq = ANY($1::bigint[])`,
    [bigs(seqs), dueAt, delayMs !== undefined],
  );
  if (payload !== undefined) await tx.rows("UPDATE stem.jobs SET payload = $2::text WHERE seq = ANY($1::bigint[])", [bigs(seqs), payload]);
  await enterLine(
    tx,
    rows.filter(([, , open]) => open === 0).map(([seq, lane]) => ({ seq, lane, dueAt })),
  );
  await revive(tx, seqs);
}

/**
 * Number of a queue, made if it is new.
 * It is looked up here, since what this handle knows may be of another store.
 */
async function numberOf(tx: Tx, queue: string): Promise<number> {
  const [known] = await tx.rows("SELECT no FROM stem.queues WHERE name = $1::text", [queue]);
  if (known !== undefined) return known[0] as number;
  const made = await tx.rows(
    "INSERT INTO stem.queues (name) VALUES ($1::text) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING no",
    [queue],
  );
  return made[0]![0] as number;
}

/** A row of the line is never updated, since claims know rows by their place: it goes, and another comes. */
async function moveAll(tx: Tx, held: readonly Held[], to: Of<"moved">, queue: number | undefined, say: Say): Promise<void> {
  const here = held.filter(({ stands }) => stands === 8).map(({ seq }) => seq);
  const bound = queue === undefined ? new Set<number>() : await boundBy(tx, here, queue);
  for (const job of held) {
    const was = STATES[job.stands]!;
    const as = was === "ready" ? "changed" : isFinal(was) ? "ended" : was === "active" ? "running" : "waiting";
    say(job, bound.has(job.seq) ? "held" : as);
  }
  const ready = here.filter((seq) => !bound.has(seq));
  if (ready.length === 0) return;
  const rows = (await tx.rows(
    `DELETE FROM stem.line l USING stem.jobs j WHERE j.seq = ANY($1::bigint[]) AND l.lane = j.lane AND l.due_at = j.due_at AND l.seq = j.seq
     RETURNING l.seq, l.lane, l.due_at, l.expires_at`,
    [bigs(ready)],
  )) as [seq: number, lane: number, dueAt: number, expiresAt: number | null][];
  const places = rows.map(([seq, lane, dueAt, expiresAt]) => ({
    seq,
    lane: laneOf(queue ?? queueIn(lane), to.priority ?? priorityIn(lane)),
    dueAt: to.dueAt ?? dueAt,
    expiresAt,
  }));
  await tx.rows(
    `UPDATE stem.jobs j SET lane = u.lane, due_at = u.due_at FROM unnest($1::bigint[], $2::int[], $3::bigint[]) u(seq, lane, due_at) WHERE j.seq = u.seq`,
    [bigs(places.map(({ seq }) => seq)), ints(places.map(({ lane }) => lane)), bigs(places.map(({ dueAt }) => dueAt))],
  );
  await enterLine(tx, places);
}

/** Of some jobs those that hold a key in another queue than this. */
async function boundBy(tx: Tx, seqs: readonly number[], queue: number): Promise<ReadonlySet<number>> {
  const holding = await holdingKeys(tx, seqs);
  if (holding.size === 0) return holding;
  const rows = await tx.rows("SELECT seq FROM stem.jobs WHERE seq = ANY($1::bigint[]) AND lane / 10 <> $2::int", [
    bigs([...holding]),
    queue,
  ]);
  return new Set(rows.map(([seq]) => seq as number));
}

/** Forgets jobs that have ended or wait. */
async function forgetAll(tx: Tx, held: readonly Held[], say: Say): Promise<void> {
  let left = held;
  // Again while that makes others free: a dependant goes before what it waits for.
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    const needed = await neededOf(
      tx,
      left.map(({ seq }) => seq),
    );
    const free = left.filter(({ seq, stands }) => stands !== 5 && !needed.has(seq));
    await cancelHeld(
      tx,
      free.filter(({ stands }) => stands > 4),
      "removed",
    );
    await forget(
      tx,
      free.map(({ seq }) => seq),
    );
    for (const job of left) say(job, job.stands === 5 ? "running" : needed.has(job.seq) ? "needed" : "changed");
    left = left.filter(({ stands, seq }) => stands !== 5 && needed.has(seq));
  }
}

/** Of some jobs those that an unfinished one waits for. */
async function neededOf(tx: Tx, seqs: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await tx.rows(
    `SELECT DISTINCT l.from_seq FROM stem.links l JOIN stem.jobs t ON t.seq = l.to_seq LEFT JOIN stem.ended x ON x.seq = l.to_seq
     WHERE l.from_seq = ANY($1::bigint[]) AND x.seq IS NULL`,
    [bigs(seqs)],
  );
  return new Set(rows.map(([seq]) => seq as number));
}
