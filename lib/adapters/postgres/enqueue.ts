import {
  bytesOfJob,
  fitting,
  hasDueTime,
  hasExpiry,
  hasFacts,
  hasLinks,
  IdTakenError,
  idsMet,
  JOB_DEFAULTS,
  metKnown,
} from "../../contract/index.js";
import type { Met, NewJob } from "../../contract/index.js";
import { GIVES, KEYED, laneOf, TAKES } from "../relational/codes.js";
import { keyText } from "../relational/keys.js";
import { codeOf } from "./connect/errors.js";
import type { Row, Sql } from "./connect/sql.js";
import { statementOf } from "./connect/statements.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { lockNames, meet, take } from "./keys.js";
import { link } from "./links.js";
import { forget } from "./prune.js";
import { NEEDED, PRESENT } from "./rows.js";
import type { Store, Tx } from "./store.js";

/** The answer where the queues have other numbers in this store than this handle knows. */
const RENUMBERED = "renumbered";

const ENQUEUE_PLAIN = statementOf("enqueue", "plain", "alone");
const ENQUEUE = statementOf("enqueue", "full", "alone");
const ENQUEUE_PLAIN_INSIDE = statementOf("enqueue", "plain", "inside");
const ENQUEUE_INSIDE = statementOf("enqueue", "full", "inside");
/** Only in a transaction, since keys are looked at first. */
const ENQUEUE_KEYED = statementOf("enqueue", "full", "keyed", "inside");

/**
 * The statement that stores these jobs, and what it is given; their queues must be known to the store.
 *
 * @param queues whose numbers are to be looked at again
 */
function enqueueStatement(
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
    ints(jobs.map((job) => (gives(job) ? GIVES : 0) | ((job.waitsFor ?? 0) > 0 ? TAKES : 0) | (isKeyed(job) ? KEYED : 0))),
    ints(jobs.map(({ waitsFor = 0 }) => waitsFor)),
  );
  if (jobs.some(isKeyed)) {
    values.push(texts(jobs.map(({ unique }) => unique && keyText(unique)).map((key) => key ?? null)));
    return { text: ENQUEUE_KEYED, values };
  }
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
    const { text, values } = enqueueStatement(store, jobs, now, sql.isCallers === true ? [] : queues, inside);
    const row = (await sql.rows(text, values))[0]!;
    if (row[0] !== RENUMBERED) return row;
    if (attempt === 3) throw store.renumbered();
    store.forget();
  }
}

/** What a refusal of ours looks like. */
const NO_NUMBER = "22P02";

/**
 * Stores jobs by one statement that commits by itself; returns the ids that were stored already, in the order
 * given. Undefined: nothing was stored, since they have links or keys, or are too many for one statement, or
 * ids were met of which there is more to say.
 */
export async function enqueueAtOnce(
  store: Store,
  jobs: readonly NewJob[],
  now: number | undefined,
): Promise<readonly string[] | undefined> {
  if (isLinked(jobs) || isLarge(jobs) || jobs.some((job) => job.known === "again" || isKeyed(job))) return undefined;
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
 * Stores jobs with their links inside a transaction; returns those that were not stored, in the order given.
 *
 * @throws {IdTakenError}
 */
export async function enqueue(store: Store, tx: Tx, given: readonly NewJob[], foreign: Foreign = "skip"): Promise<readonly Met[]> {
  // Jobs are told apart as objects, and one may be given twice.
  const jobs = new Set(given).size === given.length ? given : given.map((job) => ({ ...job }));
  for (const { queue } of jobs) tx.announcement.queues.add(queue);
  tx.announcement.isEarlier = true;
  const met = jobs.some(isKeyed)
    ? await insertKeyed(store, tx, jobs, foreign)
    : metKnown(idsOf(jobs, await insertAll(store, tx, jobs, foreign)));
  if (jobs.some(gives)) await link(tx, jobs, idsMet({ met }));
  return met;
}

/** Returns the jobs whose ids are stored already. */
async function insertAll(store: Store, tx: Tx, jobs: readonly NewJob[], foreign: Foreign): Promise<ReadonlySet<NewJob>> {
  const known = new Set<NewJob>();
  for (let left = jobs, attempt = 1; left.length > 0; attempt++) {
    const met = await insertSlices(store, tx, left);
    const free = attempt === TRIES ? new Set<string>() : await makePlaces(tx, met, foreign, () => undo(tx, jobs, [...known, ...met]));
    for (const job of met) if (!free.has(job.id)) known.add(job);
    left = met.filter(({ id }) => free.has(id));
  }
  return known;
}

/** As `insertAll`, for a call with unique keys: they are locked first, then it is seen who holds them. */
async function insertKeyed(store: Store, tx: Tx, jobs: readonly NewJob[], foreign: Foreign): Promise<readonly Met[]> {
  const numbers = new Map(jobs.map(({ queue }) => [queue, store.queueNumber(queue)!]));
  const numberOf = (queue: string): number => numbers.get(queue)!;
  const keyed = jobs.filter(isKeyed);
  const locked = await lockNames(
    tx,
    keyed.map(({ queue, unique }) => ({ queue: numberOf(queue), key: unique!.key })),
  );
  const stays = await knownBy(tx, keyed, foreign);
  const meeting = await meet(tx, jobs, locked, numberOf, ({ id }) => stays.has(id));
  const known = await insertAll(store, tx, meeting.jobs, foreign);
  // The store was replaced meanwhile, so other rows would have to be locked.
  if ([...numbers].some(([queue, no]) => store.queueNumber(queue) !== no))
    throw Object.assign(new Error("queues were renumbered"), { code: "40001" });
  await take(tx, meeting, numberOf, (job) => !known.has(job));
  const knownIds = new Set(idsOf(meeting.jobs, known));
  return jobs.flatMap(
    (job) => meeting.met.get(job) ?? (known.has(job) || (isKeyed(job) && knownIds.has(job.id)) ? metKnown([job.id]) : []),
  );
}

/**
 * Ids of stored jobs that do not give way to these.
 * @throws {IdTakenError}
 */
async function knownBy(tx: Tx, jobs: readonly NewJob[], foreign: Foreign): Promise<ReadonlySet<string>> {
  const byId = await standingOf(tx, jobs);
  return new Set(
    jobs.flatMap((job) => {
      const standing = byId.get(job.id);
      if (standing === undefined) return [];
      if (isTaken(job, standing, foreign)) throw new IdTakenError(job.id, job.task, standing[2]);
      return givesWay(job, standing) ? [] : [job.id];
    }),
  );
}

const idsOf = (jobs: readonly NewJob[], some: ReadonlySet<NewJob>): string[] => jobs.filter((job) => some.has(job)).map(({ id }) => id);

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
function isLarge(jobs: readonly NewJob[]): boolean {
  return fitting(jobs, bytesOfJob, jobs.length) < jobs.length;
}

type Standing = [seq: number, id: string, task: string, isEnded: boolean, isPresent: boolean, isNeeded: boolean];

/** The stored jobs of these ids. */
async function standingOf(tx: Tx, jobs: readonly NewJob[]): Promise<ReadonlyMap<string, Standing>> {
  // Columns by names that say which are texts: see `transaction/index.ts`.
  const rows = (await tx.rows(
    `SELECT j.seq, j.id, j.task AS name, e.seq IS NOT NULL AS ended, ${PRESENT} AS present, e.seq IS NOT NULL AND ${NEEDED} AS needed
     FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.id = ANY($2::text[])`,
    [tx.now, texts(jobs.map(({ id }) => id))],
  )) as Standing[];
  return new Map(rows.map((row) => [row[1], row]));
}

/** Whether the id of a new job is that of another task's. */
function isTaken({ task }: NewJob, [, , holder, , isPresent]: Standing, foreign: Foreign): boolean {
  return isPresent && holder !== task && foreign !== "skip";
}

function givesWay({ known, task }: NewJob, [, , holder, isEnded, isPresent, isNeeded]: Standing): boolean {
  return !isPresent || (known === "again" && holder === task && isEnded && !isNeeded);
}

/**
 * Forgets the stored jobs of these ids that have to give way to new ones; returns those ids.
 * @throws {IdTakenError}
 */
async function makePlaces(tx: Tx, jobs: readonly NewJob[], foreign: Foreign, undo: () => Promise<void>): Promise<ReadonlySet<string>> {
  if (jobs.length === 0) return new Set();
  const byId = await standingOf(tx, jobs);
  const places = new Map<string, number>();
  for (const job of jobs) {
    const { id, task } = job;
    // Forgotten by others meanwhile: the place is free.
    const standing = byId.get(id) ?? [0, id, task, true, false, false];
    if (isTaken(job, standing, foreign)) {
      if (foreign === "in the caller's transaction") await undo();
      throw new IdTakenError(id, task, standing[2]);
    }
    if (givesWay(job, standing)) places.set(id, standing[0]);
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
async function undo(tx: Tx, jobs: readonly NewJob[], met: readonly NewJob[]): Promise<void> {
  const others = new Set(met);
  const ids = new Set(jobs.filter((job) => !others.has(job)).map(({ id }) => id));
  await tx.rows(
    `WITH gone AS (DELETE FROM stem.jobs WHERE id = ANY($1::text[]) RETURNING seq, lane, due_at)
     DELETE FROM stem.line l USING gone WHERE l.lane = gone.lane AND l.due_at = gone.due_at AND l.seq = gone.seq`,
    [texts([...ids])],
  );
}

/** True if more than their rows is looked at: there are arrows to be stored with them, or keys. */
export function isLinked(jobs: readonly NewJob[]): boolean {
  return jobs.some((job) => gives(job) || isKeyed(job));
}

function duplicatesOf(jobs: readonly NewJob[], [stored]: Row): readonly NewJob[] {
  if (stored === null) return [];
  const fresh = new Set(JSON.parse(stored as string) as string[]);
  // The first of two equal ids is the one that was stored.
  return jobs.filter(({ id }) => !fresh.delete(id));
}

const unless = (usual: number, given: number | undefined): number | undefined => (given === usual ? undefined : given);

const isKeyed = ({ unique }: NewJob): boolean => unique !== undefined;

const gives = ({ links }: NewJob): boolean => links !== undefined && links.length > 0;

function isPlain(job: NewJob): boolean {
  return !hasFacts(job) && !hasDueTime(job) && !hasExpiry(job) && !hasLinks(job) && !isKeyed(job);
}
