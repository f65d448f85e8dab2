import {
  bytesOfJob,
  fitting,
  hasDueTime,
  hasExpiry,
  hasFacts,
  hasLinks,
  IdTakenError,
  JOB_DEFAULTS,
  type NewJob,
  OptionError,
} from "../../contract/index.js";
import { FINAL, GIVES, laneOf, TAKES } from "../relational/codes.js";
import { type Loose, looseOf } from "../relational/ends.js";
import { codeOf } from "./connect/errors.js";
import type { Row, Sql } from "./connect/sql.js";
import { statementOf } from "./connect/statements.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { followLinks, lockPlaces } from "./links.js";
import { forget, NEEDED, PRESENT } from "./prune.js";
import type { Store, Tx } from "./store.js";

/** The answer where the queues have other numbers in this store than this handle knows. */
const RENUMBERED = "renumbered";

export const ENQUEUE_PLAIN = statementOf("enqueue", "plain", "alone");
const ENQUEUE = statementOf("enqueue", "full", "alone");
const ENQUEUE_PLAIN_INSIDE = statementOf("enqueue", "plain", "inside");
const ENQUEUE_INSIDE = statementOf("enqueue", "full", "inside");

/**
 * The statement that stores these jobs, and what it is given; their queues must be known to the store.
 *
 * @param queues whose numbers are to be looked at again
 */
export function enqueueStatement(
  store: Store,
  jobs: readonly NewJob[],
  now: number | undefined,
  queues: readonly string[],
  inside = false,
): { readonly text: string; readonly values: Value[] } {
  let isPlainBatch = true;
  const [ids, lanes, tasks, payloads] = [[], [], [], []] as [string[], number[], string[], string[]];
  for (const job of jobs) {
    ids.push(job.id);
    lanes.push(laneOf(store.queueNumber(job.queue)!, job.priority ?? 0));
    tasks.push(job.task);
    payloads.push(job.payload);
    isPlainBatch &&= isPlain(job);
  }
  const values: Value[] = [now ?? null, texts(ids), ints(lanes), texts(tasks), texts(payloads), jobs.length];
  values.push(ints(queues.map((queue) => store.queueNumber(queue)!)), texts(queues));
  if (isPlainBatch) return { text: inside ? ENQUEUE_PLAIN_INSIDE : ENQUEUE_PLAIN, values };
  const numbers = (of: (job: NewJob) => number | undefined): Value => bigs(jobs.map((job) => of(job) ?? null));
  values.push(
    numbers((job) => job.dueAt),
    numbers((job) => job.delayMs),
    numbers((job) => job.expiresAt),
    numbers((job) => job.expiresInMs),
    numbers((job) => job.maxLapses),
    numbers((job) => unless(JOB_DEFAULTS.keepResultMs, job.keepResultMs)),
    numbers((job) => unless(JOB_DEFAULTS.keepFailedMs, job.keepFailedMs)),
    texts(jobs.map(({ group }) => group ?? null)),
    texts(jobs.map(({ headers }) => (headers === undefined ? null : JSON.stringify(headers)))),
    ints(jobs.map((job) => (gives(job) ? GIVES : 0) | ((job.waitsFor ?? 0) > 0 ? TAKES : 0))),
    ints(jobs.map(({ waitsFor = 0 }) => waitsFor)),
  );
  return { text: inside ? ENQUEUE_INSIDE : ENQUEUE, values };
}

/** Stores jobs that have no links, by one statement of the executor's; returns what it answers. */
async function inserted(store: Store, sql: Sql, jobs: readonly NewJob[], now: number | undefined, inside: boolean): Promise<Row> {
  const queues = [...new Set(jobs.map(({ queue }) => queue))];
  for (let attempt = 1; ; attempt++) {
    // Another call may have met a store that is not the one it was, and so have forgotten them.
    while (queues.some((queue) => store.queueNumber(queue) === undefined)) await store.learnQueues(queues);
    // A transaction of the caller's may not see a queue that was made after it began; it has been seen to be
    // on our store.
    const { text, values } = enqueueStatement(store, jobs, now, sql.isGuest === true ? [] : queues, inside);
    const row = (await sql.rows(text, values))[0]!;
    if (row[0] !== RENUMBERED) return row;
    if (attempt === 3) throw store.renumbered();
    store.forget();
  }
}

/** What a refusal of ours looks like. */
const NO_NUMBER = "22P02";

/**
 * Stores jobs that have no links, by one statement that commits by itself; returns the ids that were stored
 * already, in the order given. Undefined: nothing was stored, since ids were met of which there is more to
 * say.
 */
export async function insertAtOnce(store: Store, jobs: readonly NewJob[], now: number | undefined): Promise<readonly string[] | undefined> {
  try {
    const row = await inserted(store, store, jobs, now, false);
    return row[0] === "?" ? undefined : duplicatesOf(jobs, row).map(({ id }) => id);
  } catch (error) {
    if (codeOf((error as { cause?: unknown } | null)?.cause) === NO_NUMBER) return undefined;
    throw error;
  }
}

/**
 * What becomes of an id of another task's job: the whole transaction fails · so does the call, whose jobs are
 * taken back · nothing is stored for it.
 */
type Foreign = "refuse" | "in the caller's transaction" | "skip";

/** How often a job is tried to be stored whose id others use at the same time. */
const TRIES = 10;

/**
 * Stores jobs with their links inside a transaction; returns the ids that were stored already, in the order
 * given.
 *
 * @throws {IdTakenError}
 */
export async function insertJobs(store: Store, tx: Tx, jobs: readonly NewJob[], foreign: Foreign = "skip"): Promise<readonly string[]> {
  for (const { queue } of jobs) tx.news.queues.add(queue);
  tx.news.isEarlier = true;
  const known = new Set<NewJob>();
  for (let left = jobs, attempt = 1; left.length > 0; attempt++) {
    const met = await insertSlices(store, tx, left);
    const free = attempt === TRIES ? new Set<string>() : await makePlaces(tx, met, foreign, () => takeBack(tx, jobs, [...known, ...met]));
    for (const job of met) if (!free.has(job.id)) known.add(job);
    left = met.filter(({ id }) => free.has(id));
  }
  const duplicates = jobs.filter((job) => known.has(job)).map(({ id }) => id);
  if (jobs.some(gives)) await insertLinks(tx, jobs, duplicates);
  return duplicates;
}

/**
 * One statement each for about 8 MiB, so that none takes longer than a command may. Returns those that were
 * not stored.
 */
async function insertSlices(store: Store, tx: Tx, jobs: readonly NewJob[]): Promise<readonly NewJob[]> {
  const insert = async (some: readonly NewJob[]): Promise<readonly NewJob[]> =>
    duplicatesOf(some, await inserted(store, tx, some, tx.now, true));
  const first = fitting(jobs, bytesOfJob, jobs.length);
  if (first === jobs.length) return insert(jobs);
  const met: NewJob[] = [];
  for (let from = 0, size = first; from < jobs.length; from += size, size = fitting(jobs, bytesOfJob, jobs.length, from))
    met.push(...(await insert(jobs.slice(from, from + size))));
  return met;
}

/** True if they are more than one statement should carry. */
export function isLarge(jobs: readonly NewJob[]): boolean {
  return fitting(jobs, bytesOfJob, jobs.length) < jobs.length;
}

type Met = [seq: number, id: string, task: string, isEnded: boolean, isPresent: boolean, isNeeded: boolean];

/**
 * Forgets the stored jobs of these ids that have to give way to new ones; returns those ids.
 * @throws {IdTakenError}
 */
async function makePlaces(tx: Tx, jobs: readonly NewJob[], foreign: Foreign, undo: () => Promise<void>): Promise<ReadonlySet<string>> {
  if (jobs.length === 0) return new Set();
  // Columns by names that say which are texts: see `transaction/index.ts`.
  const rows = (await tx.rows(
    `SELECT j.seq, j.id, j.task AS name, e.seq IS NOT NULL AS ended, ${PRESENT} AS present, e.seq IS NOT NULL AND ${NEEDED} AS needed
     FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.id = ANY($2::text[])`,
    [tx.now, texts(jobs.map(({ id }) => id))],
  )) as Met[];
  const byId = new Map(rows.map((row) => [row[1], row]));
  const places = new Map<string, number>();
  for (const { id, task, known } of jobs) {
    // Forgotten by others meanwhile: the place is free.
    const [seq, , holder, isEnded, isPresent, isNeeded] = byId.get(id) ?? [0, id, task, true, false, false];
    if (isPresent && holder !== task && foreign !== "skip") {
      if (foreign === "in the caller's transaction") await undo();
      throw new IdTakenError(id, task, holder);
    }
    if (!isPresent || (known === "again" && holder === task && isEnded && !isNeeded)) places.set(id, seq);
  }
  const held =
    places.size === 0
      ? []
      : await tx.rows("SELECT seq FROM stem.ended WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE", [bigs([...places.values()])]);
  await forget(
    tx,
    held.map(([seq]) => seq as number),
  );
  return new Set(places.keys());
}

/** Takes back what this call has stored: the transaction is the caller's, who may go on with it. */
async function takeBack(tx: Tx, jobs: readonly NewJob[], met: readonly NewJob[]): Promise<void> {
  const others = new Set(met);
  const ids = new Set(jobs.filter((job) => !others.has(job)).map(({ id }) => id));
  await tx.rows(
    `WITH gone AS (DELETE FROM stem.jobs WHERE id = ANY($1::text[]) RETURNING seq, lane, due_at)
     DELETE FROM stem.line l USING gone WHERE l.lane = gone.lane AND l.due_at = gone.due_at AND l.seq = gone.seq`,
    [texts([...ids])],
  );
}

/** True if there are arrows to be stored with them. */
export function isLinked(jobs: readonly NewJob[]): boolean {
  return jobs.some(gives);
}

/**
 * Refuses a payload that Postgres cannot store: one of a codec that leaves U+0000 in its texts.
 * @throws {OptionError} `STEM_JOB_INVALID`
 */
export function checkPayloads(jobs: readonly NewJob[]): void {
  for (const { id, task, payload } of jobs)
    if (payload.includes("\0"))
      throw new OptionError(
        "STEM_JOB_INVALID",
        `Job "${id.slice(0, 60)}" of task "${task}" cannot be stored: its payload holds the character U+0000, which Postgres has no place for.`,
        "Let the codec escape that character, as JSON does; nothing of this call was stored.",
      );
}

function duplicatesOf(jobs: readonly NewJob[], [stored]: Row): readonly NewJob[] {
  if (stored === null) return [];
  const fresh = new Set(JSON.parse(stored as string) as string[]);
  // The first of two equal ids is the one that was stored.
  return jobs.filter(({ id }) => !fresh.delete(id));
}

const unless = (usual: number, given: number | undefined): number | undefined => (given === usual ? undefined : given);

const gives = ({ links }: NewJob): boolean => links !== undefined && links.length > 0;

function isPlain(job: NewJob): boolean {
  return !hasFacts(job) && !hasDueTime(job) && !hasExpiry(job) && !hasLinks(job);
}

/**
 * Stores the arrows into new jobs. An arrow from a job that was stored already counts as well, at once if
 * that job has ended: a new job never waits for something that nobody will tell it.
 */
async function insertLinks(tx: Tx, jobs: readonly NewJob[], duplicates: readonly string[]): Promise<void> {
  const known = new Set(duplicates);
  const targets = new Set(jobs.filter(({ id, waitsFor }) => waitsFor !== undefined && !known.has(id)).map(({ id }) => id));
  const arrows = jobs.flatMap(({ id, links = [] }) =>
    links
      .filter(({ to }) => targets.has(to))
      .map(({ to, position, onFailure }) => ({ from: id, to, position, goesOn: onFailure === "continue" })),
  );
  if (arrows.length === 0) return;
  const old = [...new Set(arrows.map(({ from }) => from).filter((id) => known.has(id)))];
  const loose = old.length === 0 ? [] : await markSources(tx, old);
  await tx.rows(
    `INSERT INTO stem.links (to_seq, position, from_seq, goes_on)
     SELECT t.seq, u.position, f.seq, u.goes_on = 1
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::int[]) u(target, position, source, goes_on)
       JOIN stem.jobs t ON t.id = u.target JOIN stem.jobs f ON f.id = u.source`,
    [
      texts(arrows.map(({ to }) => to)),
      bigs(arrows.map(({ position }) => position)),
      texts(arrows.map(({ from }) => from)),
      ints(arrows.map(({ goesOn }) => (goesOn ? 1 : 0))),
    ],
  );
  await followLinks(tx, loose);
}

/**
 * Makes stored jobs such that others wait for them; returns those that have ended. Each is held in its place
 * while that is done, so that nobody lends or ends it meanwhile who does not see that others wait.
 */
async function markSources(tx: Tx, ids: readonly string[]): Promise<Loose[]> {
  const places = await lockPlaces(tx, ids);
  const seqs = bigs(places.map(({ seq }) => seq));
  await tx.rows("UPDATE stem.jobs SET links = links | 1 WHERE seq = ANY($1::bigint[])", [seqs]);
  // Put into their line anew: a claim that began before this commits does not see that others wait, so it
  // must not find them there.
  await tx.rows(
    `WITH gone AS (
       DELETE FROM stem.line l USING stem.jobs j WHERE j.seq = ANY($1::bigint[]) AND l.lane = j.lane AND l.due_at = j.due_at AND l.seq = j.seq RETURNING l.*)
     INSERT INTO stem.line SELECT * FROM gone`,
    [seqs],
  );
  await tx.rows("UPDATE stem.loans SET touched = true WHERE seqs && $1::bigint[]", [seqs]);
  const ended = places.filter(({ stands }) => stands <= 4);
  if (ended.length === 0) return [];
  const errors = new Map(
    (await tx.rows("SELECT seq, error FROM stem.ended WHERE seq = ANY($1::bigint[])", [bigs(ended.map(({ seq }) => seq))])) as [
      number,
      string | null,
    ][],
  );
  return ended.map(({ seq, id, stands }) => looseOf(seq, id, FINAL[stands]!, errors.get(seq) ?? null));
}
