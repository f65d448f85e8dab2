import { expiryOf, type Met, type NewJob, type Unique } from "../../contract/index.js";
import { queueIn } from "../relational/codes.js";
import { isHeld, isWaiting, keyIn, untilOf, type Holder } from "../relational/keys.js";
import { bigs, ints, texts } from "./connect/values.js";
import { enterLine, type LinePlace } from "./line.js";
import type { Tx } from "./store.js";

/*
 * A key is locked by its row: whoever wants it waits there for the others, before it looks who holds it.
 * Keys are locked before places, and whoever has locked one waits for no place.
 */

/** A key of a queue, by the number of that. */
interface Name {
  readonly queue: number;
  readonly key: string;
}

interface Known extends Holder {
  readonly task: string;
  readonly lane: number;
  readonly dueAt: number;
  readonly enqueuedAt: number;
}

/** What becomes of the jobs of a call. */
export interface Meeting {
  /** Those to be stored, in the order given; of the same call, one may have replaced another. */
  readonly jobs: readonly NewJob[];
  readonly met: ReadonlyMap<NewJob, Met>;
  /** What stored jobs take over, by their numbers. */
  readonly replaced: ReadonlyMap<number, { readonly holder: Known; readonly by: NewJob; readonly dueAt: number }>;
  readonly locked: readonly Name[];
}

/** Locks the keys of jobs. */
export async function lockNames(tx: Tx, names: readonly Name[]): Promise<readonly Name[]> {
  const unlike = [...new Map(names.map((name) => [textOf(name), name])).values()];
  if (unlike.length > 0)
    await tx.rows(
      `INSERT INTO stem.keys AS k (queue, key, seq, id, fence) SELECT queue, key, 0, '', 0 FROM unnest($1::int[], $2::text[]) u(queue, key)
       ORDER BY queue, key COLLATE "C" ON CONFLICT (queue, key) DO UPDATE SET fence = k.fence`,
      [ints(unlike.map(({ queue }) => queue)), texts(unlike.map(({ key }) => key))],
    );
  return unlike;
}

/**
 * What new jobs meet, one after the other, with their keys locked. Nothing of it is written yet.
 *
 * @param isKnown whether a job of that id is stored, and is to stay
 */
export async function meet(
  tx: Tx,
  jobs: readonly NewJob[],
  locked: readonly Name[],
  numberOf: (queue: string) => number,
  isKnown: (job: NewJob) => boolean,
): Promise<Meeting> {
  const wanted = new Map<string, NewJob>();
  for (const job of jobs)
    if (job.unique !== undefined && job.unique.whenHeld !== "keep") wanted.set(textOf(nameOf(job, job.unique, numberOf)), job);
  const holders = await holdersOf(tx, locked);
  await dropStarted(tx, holders, (name) => wanted.has(name));
  const stored: NewJob[] = [];
  const places = new Map<string, number>();
  const met = new Map<NewJob, Met>();
  const replaced = new Map<number, { holder: Known; by: NewJob; dueAt: number }>();
  const ids = new Set<string>();
  for (const job of jobs) {
    const { id, unique } = job;
    if (unique === undefined) {
      stored.push(job);
      continue;
    }
    if (ids.has(id) || isKnown(job)) {
      met.set(job, { id, as: "known", existing: id });
      continue;
    }
    const name = textOf(nameOf(job, unique, numberOf));
    const place = places.get(name);
    const own = place === undefined ? undefined : stored[place]!;
    const holder = holders.get(name) ?? (own && holderIn(own, tx.now));
    if (holder === undefined || !isHeld(holder, tx.now)) {
      holders.delete(name);
      places.set(name, stored.push(job) - 1);
      ids.add(id);
      continue;
    }
    const replaces = unique.whenHeld !== "keep" && holder.task === job.task && isWaiting(holder);
    met.set(job, { id, as: !replaces ? "kept" : unique.whenHeld === "replace" ? "replaced" : "postponed", existing: holder.id });
    if (!replaces) continue;
    const dueAt = Math.min(job.dueAt ?? tx.now + (job.delayMs ?? 0), holder.enqueuedAt + (unique.maxWaitMs ?? Infinity));
    if (own === undefined) replaced.set(holder.seq, { holder, by: job, dueAt });
    else stored[place!] = takenOver(own, job, dueAt);
  }
  return { jobs: stored, met, replaced, locked };
}

/** Gives the stored jobs of a call their keys, and those that were replaced what they take over. */
export async function take(
  tx: Tx,
  { jobs, replaced, locked }: Meeting,
  numberOf: (queue: string) => number,
  isStored: (job: NewJob) => boolean,
) {
  const owners = jobs.flatMap((job) =>
    job.unique !== undefined && isStored(job)
      ? [{ ...nameOf(job, job.unique, numberOf), id: job.id, until: untilOf(job.unique, tx.now) }]
      : [],
  );
  await point(tx, owners);
  if (owners.length < locked.length)
    await tx.rows(
      "DELETE FROM stem.keys k USING unnest($1::int[], $2::text[]) u(queue, key) WHERE k.queue = u.queue AND k.key = u.key AND k.seq = 0",
      [ints(locked.map(({ queue }) => queue)), texts(locked.map(({ key }) => key))],
    );
  await replaceAll(tx, [...replaced.values()]);
}

/** Locks the keys of stored jobs that may take them again, by the ids of the jobs. */
export async function lockKeys(tx: Tx, ids: readonly string[]): Promise<void> {
  const rows = (await tx.rows("SELECT lane, key FROM stem.jobs WHERE id = ANY($1::text[]) AND (links & 64) <> 0", [texts(ids)])) as [
    number,
    string,
  ][];
  await lockNames(
    tx,
    rows.flatMap(([lane, text]) => namesIn(lane, text)),
  );
}

/** Of jobs that have ended those that cannot take their keys again; the first of one key can. */
export async function keyless(tx: Tx, seqs: readonly number[]): Promise<ReadonlySet<number>> {
  const owners = await ownersOf(tx, seqs);
  const locked = await lockNames(tx, owners);
  const holders = await holdersOf(tx, locked);
  const taken = new Set<string>();
  const without = new Set<number>();
  for (const owner of owners) {
    const name = textOf(owner);
    const holder = holders.get(name);
    if (taken.has(name) || (holder !== undefined && isHeld(holder, tx.now))) without.add(owner.seq);
    taken.add(name);
  }
  return without;
}

/** Has jobs take their keys again, which are locked. */
export async function retake(tx: Tx, seqs: readonly number[]): Promise<void> {
  await point(tx, await ownersOf(tx, seqs));
}

/** Of some jobs those that hold their key as long as they do not start or end. */
export async function holdingKeys(tx: Tx, seqs: readonly number[]): Promise<ReadonlySet<number>> {
  const holders = await holdersOf(tx, await ownersOf(tx, seqs));
  const holding = [...holders.values()].filter((holder) => !(holder.until! > 0) && isHeld(holder, tx.now)).map(({ seq }) => seq);
  return new Set(holding.filter((seq) => seqs.includes(seq)));
}

const nameOf = ({ queue }: NewJob, { key }: Unique, numberOf: (queue: string) => number): Name => ({ queue: numberOf(queue), key });
const textOf = ({ queue, key }: Name): string => `${queue} ${key}`;

function namesIn(lane: number, text: string) {
  const name = keyIn(text);
  return name === undefined ? [] : [{ ...name, queue: queueIn(lane) }];
}

/** The keys that stored jobs take until their start or their end. */
async function ownersOf(tx: Tx, seqs: readonly number[]) {
  if (seqs.length === 0) return [];
  const rows = (await tx.rows("SELECT seq, id, lane, key FROM stem.jobs WHERE seq = ANY($1::bigint[]) AND (links & 64) <> 0 ORDER BY seq", [
    bigs(seqs),
  ])) as [number, string, number, string][];
  return rows.flatMap(([seq, id, lane, text]) => namesIn(lane, text).map((name) => ({ ...name, seq, id })));
}

async function point(tx: Tx, owners: readonly (Name & { readonly id: string; readonly until: number | null })[]): Promise<void> {
  if (owners.length === 0) return;
  await tx.rows(
    `UPDATE stem.keys k SET seq = j.seq, id = j.id, fence = j.fence, until = u.until
     FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) u(queue, key, id, until) JOIN stem.jobs j ON j.id = u.id
     WHERE k.queue = u.queue AND k.key = u.key`,
    [
      ints(owners.map(({ queue }) => queue)),
      texts(owners.map(({ key }) => key)),
      texts(owners.map(({ id }) => id)),
      bigs(owners.map(({ until }) => until)),
    ],
  );
}

type HolderRow = [
  number,
  string,
  string,
  number,
  number | null,
  number | null,
  number | null,
  boolean | null,
  string,
  number,
  number,
  number,
];

/** Who has taken keys; whether they are held is for `isHeld` to say. */
async function holdersOf(tx: Tx, names: readonly Name[]): Promise<Map<string, Known>> {
  if (names.length === 0) return new Map();
  // Columns by names that say which are texts: see `transaction/index.ts`.
  const rows = (await tx.rows(
    `SELECT k.queue, k.key, k.id, k.seq, k.until,
       CASE WHEN j.seq IS NULL THEN NULL WHEN e.seq IS NOT NULL THEN e.state WHEN l.seq IS NOT NULL THEN 8 ELSE 5 END::int AS stands,
       l.expires_at, j.fence = k.fence AS unlent, j.task AS name, j.lane, j.due_at, j.enqueued_at
     FROM unnest($1::int[], $2::text[]) u(queue, key) JOIN stem.keys k ON k.queue = u.queue AND k.key = u.key
       LEFT JOIN stem.jobs j ON j.seq = k.seq LEFT JOIN stem.ended e ON e.seq = j.seq
       LEFT JOIN stem.line l ON l.lane = j.lane AND l.due_at = j.due_at AND l.seq = j.seq
     WHERE k.seq > 0`,
    [ints(names.map(({ queue }) => queue)), texts(names.map(({ key }) => key))],
  )) as unknown[] as HolderRow[];
  return new Map(
    rows.map(([queue, key, id, seq, until, stands, expiresAt, unlent, task, lane, dueAt, enqueuedAt]) => [
      textOf({ queue, key }),
      { id, seq, until, stands, expiresAt, isUnlent: unlent === true, task, lane, dueAt, enqueuedAt },
    ]),
  );
}

/** A job of the same call as the holder of its key. */
function holderIn({ id, task, unique, ...job }: NewJob, now: number): Known {
  const expiresAt = expiryOf({ id, task, ...job }, now) ?? null;
  const until = untilOf(unique!, now);
  return { id, seq: 0, until, stands: 8, expiresAt, isUnlent: true, task, lane: 0, dueAt: now, enqueuedAt: now };
}

function takenOver(own: NewJob, { payload, headers, expiresAt, expiresInMs }: NewJob, dueAt: number): NewJob {
  const { delayMs: _, headers: _h, expiresAt: _at, expiresInMs: _in, ...rest } = own;
  return {
    ...rest,
    payload,
    dueAt,
    ...(headers !== undefined && { headers }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(expiresInMs !== undefined && { expiresInMs }),
  };
}

/**
 * Holds the waiting jobs that may be replaced in their line. One that another transaction holds there is
 * being lent, so it has started, and its key is free.
 */
async function dropStarted(tx: Tx, holders: Map<string, Known>, isWanted: (name: string) => boolean): Promise<void> {
  const waiting = [...holders].filter(([name, holder]) => isWanted(name) && isWaiting(holder));
  if (waiting.length === 0) return;
  const rows = await tx.rows(
    `SELECT l.seq FROM stem.line l JOIN unnest($1::int[], $2::bigint[], $3::bigint[]) u(lane, due_at, seq)
       ON l.lane = u.lane AND l.due_at = u.due_at AND l.seq = u.seq ORDER BY l.seq FOR UPDATE OF l SKIP LOCKED`,
    placesOf(waiting.map(([, holder]) => holder)),
  );
  const held = new Set(rows.map(([seq]) => seq as number));
  for (const [name, { seq }] of waiting) if (!held.has(seq)) holders.delete(name);
}

function placesOf(list: readonly { readonly lane: number; readonly dueAt: number; readonly seq: number }[]) {
  return [ints(list.map(({ lane }) => lane)), bigs(list.map(({ dueAt }) => dueAt)), bigs(list.map(({ seq }) => seq))];
}

/**
 * Changes waiting jobs, which are held in their line. A row of that is never updated: it goes, and another
 * comes.
 */
async function replaceAll(tx: Tx, list: readonly { readonly holder: Known; readonly by: NewJob; readonly dueAt: number }[]): Promise<void> {
  if (list.length === 0) return;
  await tx.rows(
    "DELETE FROM stem.line l USING unnest($1::int[], $2::bigint[], $3::bigint[]) u(lane, due_at, seq) WHERE l.lane = u.lane AND l.due_at = u.due_at AND l.seq = u.seq",
    placesOf(list.map(({ holder }) => holder)),
  );
  const places: LinePlace[] = list.map(({ holder: { seq, lane }, by, dueAt }) => ({
    seq,
    lane,
    dueAt,
    expiresAt: expiryOf(by, tx.now) ?? null,
  }));
  await tx.rows(
    `UPDATE stem.jobs j SET payload = u.payload, headers = u.headers, due_at = u.due_at, expires_at = u.expires_at
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) u(seq, payload, headers, due_at, expires_at) WHERE j.seq = u.seq`,
    [
      bigs(places.map(({ seq }) => seq)),
      texts(list.map(({ by }) => by.payload)),
      texts(list.map(({ by: { headers } }) => (headers === undefined ? null : JSON.stringify(headers)))),
      bigs(places.map(({ dueAt }) => dueAt)),
      bigs(places.map(({ expiresAt }) => expiresAt ?? null)),
    ],
  );
  await enterLine(tx, places);
}
