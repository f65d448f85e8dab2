import { bytesOfJob, fitting, JOB_DEFAULTS, OptionError, type NewJob } from "../../contract/index.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { followLinks, lockPlaces, looseOf, type Loose } from "./links.js";
import { FINAL, GIVES, TAKES } from "./rows.js";
import { CLOCK, LEVELS, type Row, type Sql, type Store, type Tx } from "./store.js";

/** The answer of a statement that stored nothing, because what this handle knows of the numbers of queues is not so in this store. */
const RENUMBERED = "renumbered";

/**
 * Stores jobs and puts those into their line that wait for nothing, in one statement. Its answer is null if all were stored, else the ids that were. Equal ids
 * stored by two at once meet in the unique index of `jobs`, where a job's row stays until it is forgotten, whatever its state.
 */
const enqueue = (columns: string, values: string, lists: string, names: string): string => `
  WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now),
  -- A store that was emptied, restored or replaced may have numbered its queues anew.
  numbered AS MATERIALIZED (
    SELECT count(*) = cardinality($7::int[]) AS well FROM unnest($7::int[], $8::text[]) u(no, name) JOIN stem.queues q ON q.no = u.no AND q.name = u.name),
  stored AS (
    INSERT INTO stem.jobs (id, lane, task, payload, enqueued_at, due_at${columns})
    SELECT u.id, u.lane, u.task, u.payload, clock.now, ${values} FROM clock, numbered, unnest($2::text[], $3::int[], $4::text[], $5::text[]${lists}) u(id, lane, task, payload${names})
    WHERE numbered.well
    ON CONFLICT (id) DO NOTHING RETURNING seq, id, lane, due_at, open, expires_at),
  lined AS (INSERT INTO stem.line (lane, due_at, seq, expires_at) SELECT lane, due_at, seq, expires_at FROM stored WHERE open = 0)
  SELECT CASE WHEN NOT (SELECT well FROM numbered) THEN '${RENUMBERED}' WHEN count(*) < $6::int THEN coalesce(array_to_json(array_agg(id))::text, '[]') END AS ids
  FROM stored`;

/** For jobs that say nothing but the defaults of what is seldom said. */
export const ENQUEUE_PLAIN = enqueue("", "clock.now", "", "");

export const ENQUEUE = enqueue(
  ", expires_at, max_lapses, keep_result, keep_failed, grp, headers, links, open",
  `coalesce(u.due_at, clock.now + u.delay, clock.now), coalesce(u.expires_at, clock.now + u.expires_in), u.max_lapses, u.keep_result, u.keep_failed, u.grp,
     u.headers, u.links, u.open`,
  ", $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::int[], $19::int[]",
  ", due_at, delay, expires_at, expires_in, max_lapses, keep_result, keep_failed, grp, headers, links, open",
);

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
): { readonly text: string; readonly values: Value[] } {
  let isPlainBatch = true;
  const [ids, lanes, tasks, payloads] = [[], [], [], []] as [string[], number[], string[], string[]];
  for (const job of jobs) {
    ids.push(job.id);
    lanes.push(laneOf(store, job));
    tasks.push(job.task);
    payloads.push(job.payload);
    isPlainBatch &&= isPlain(job);
  }
  const values: Value[] = [now ?? null, texts(ids), ints(lanes), texts(tasks), texts(payloads), jobs.length];
  values.push(ints(queues.map((queue) => store.queueNumber(queue)!)), texts(queues));
  if (isPlainBatch) return { text: ENQUEUE_PLAIN, values };
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
  return { text: ENQUEUE, values };
}

/** Stores jobs that have no links, by one statement of the executor's; returns the ids that were stored already, in the order given. */
export async function insertPlain(store: Store, sql: Sql, jobs: readonly NewJob[], now: number | undefined): Promise<readonly string[]> {
  const queues = [...new Set(jobs.map(({ queue }) => queue))];
  for (let attempt = 1; ; attempt++) {
    // Another call may have met a store that is not the one it was, and so have forgotten them.
    while (queues.some((queue) => store.queueNumber(queue) === undefined)) await store.learnQueues(queues);
    // A transaction of the caller's may not see a queue that was made after it began; it has been seen to be on our store.
    const { text, values } = enqueueStatement(store, jobs, now, sql.isGuest === true ? [] : queues);
    const row = (await sql.rows(text, values))[0]!;
    if (row[0] !== RENUMBERED) return duplicatesOf(jobs, row);
    if (attempt === 3) throw store.renumbered();
    store.forget();
  }
}

/** Stores jobs with their links inside a transaction; returns the ids that were stored already, in the order given. */
export async function insertJobs(store: Store, tx: Tx, jobs: readonly NewJob[]): Promise<readonly string[]> {
  for (const { queue } of jobs) tx.news.queues.add(queue);
  tx.news.isEarlier = true;
  const duplicates = await insertSlices(store, tx, jobs);
  if (jobs.some(gives)) await insertLinks(tx, jobs, duplicates);
  return duplicates;
}

/** One statement each for about 8 MiB, so that none takes longer than a command may. */
async function insertSlices(store: Store, tx: Tx, jobs: readonly NewJob[]): Promise<readonly string[]> {
  const first = fitting(jobs, bytesOfJob, jobs.length);
  if (first === jobs.length) return insertPlain(store, tx, jobs, tx.now);
  const duplicates: string[] = [];
  for (let from = 0, size = first; from < jobs.length; from += size, size = fitting(jobs, bytesOfJob, jobs.length, from))
    duplicates.push(...(await insertPlain(store, tx, jobs.slice(from, from + size), tx.now)));
  return duplicates;
}

/** True if they are more than one statement should carry. */
export function isLarge(jobs: readonly NewJob[]): boolean {
  return fitting(jobs, bytesOfJob, jobs.length) < jobs.length;
}

/** True if there are arrows to be stored with them. */
export function isLinked(jobs: readonly NewJob[]): boolean {
  return jobs.some(gives);
}

/** Refuses a payload that Postgres cannot store: one of a codec that leaves U+0000 in its texts. @throws {OptionError} `STEM_JOB_INVALID` */
export function checkPayloads(jobs: readonly NewJob[]): void {
  for (const { id, task, payload } of jobs)
    if (payload.includes("\0"))
      throw new OptionError(
        "STEM_JOB_INVALID",
        `Job "${id.slice(0, 60)}" of task "${task}" cannot be stored: its payload holds the character U+0000, which Postgres has no place for.`,
        "Let the codec escape that character, as JSON does; nothing of this call was stored.",
      );
}

function laneOf(store: Store, { queue, priority = 0 }: NewJob): number {
  return store.queueNumber(queue)! * LEVELS + LEVELS - 1 - priority;
}

function duplicatesOf(jobs: readonly NewJob[], [stored]: Row): readonly string[] {
  if (stored === null) return [];
  const fresh = new Set(JSON.parse(stored as string) as string[]);
  // The first of two equal ids is the one that was stored.
  return jobs.filter(({ id }) => !fresh.delete(id)).map(({ id }) => id);
}

const unless = (usual: number, given: number | undefined): number | undefined => (given === usual ? undefined : given);

const gives = ({ links }: NewJob): boolean => links !== undefined && links.length > 0;

function isPlain(job: NewJob): boolean {
  return (
    job.dueAt === undefined &&
    job.delayMs === undefined &&
    unless(JOB_DEFAULTS.keepResultMs, job.keepResultMs) === undefined &&
    unless(JOB_DEFAULTS.keepFailedMs, job.keepFailedMs) === undefined &&
    job.links === undefined &&
    job.waitsFor === undefined &&
    job.headers === undefined &&
    job.group === undefined &&
    job.maxLapses === undefined &&
    job.expiresAt === undefined &&
    job.expiresInMs === undefined
  );
}

/**
 * Stores the arrows into new jobs. An arrow from a job that was stored already counts as well, at once if that job has ended: a new job never waits for
 * something that nobody will tell it.
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
 * Makes stored jobs such that others wait for them; returns those that have ended. Each is held in its place while that is done, so that nobody lends or ends
 * it meanwhile who does not see that others wait.
 */
async function markSources(tx: Tx, ids: readonly string[]): Promise<Loose[]> {
  const places = await lockPlaces(tx, ids);
  const seqs = bigs(places.map(({ seq }) => seq));
  await tx.rows("UPDATE stem.jobs SET links = links | 1 WHERE seq = ANY($1::bigint[])", [seqs]);
  // Put into their line anew: a claim that began before this commits does not see that others wait, so it must not find them there.
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
