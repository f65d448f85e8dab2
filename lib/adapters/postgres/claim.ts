import { withEnded, type Claim, type Claimed, type Delivery, type Input } from "../../contract/index.js";
import { BOUND } from "../relational/bound.js";
import { priorityIn, queueIn, TAKES } from "../relational/codes.js";
import { deliveryOf } from "../relational/records.js";
import type { Row, Sql } from "./connect/sql.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { takeEnded } from "./ended.js";
import { expire, takeBack } from "./lapse.js";
import {
  CLAIM,
  CLAIM_LOOSELY,
  CLAIM_UPWARD,
  CLAIM_UPWARD_LOOSELY,
  EXPIRED,
  hasChores,
  LAPSED_WORKERS,
  LIVE,
  OVERDUE,
} from "./lend/header.js";
import { inputsOf } from "./links.js";
import { wakeOverdue } from "./park.js";
import type { Store, Tx } from "./store.js";

/** Claims in a separate transaction: one statement, unless there are chores first. */
export async function claim(store: Store, request: Claim, at: { readonly now?: number } | undefined): Promise<Claimed> {
  const rows = await store.rows(request.upward ? CLAIM_UPWARD_LOOSELY : CLAIM_LOOSELY, claimValues(store, request, at?.now));
  return hasChores(rows[0]!)
    ? store.transact(at, async (tx) => withEnded(await lend(store, tx, request), await takeEnded(tx)))
    : lentOf(store, store, request, rows);
}

/** The claim itself, inside a transaction. */
export async function lend(store: Store, tx: Tx, request: Claim): Promise<Claimed> {
  const queues = request.from.map(({ queue }) => queue);
  const text = request.upward ? CLAIM_UPWARD : CLAIM;
  let rows = await tx.rows(text, claimValues(store, request, tx.now));
  let expired = 0;
  // A job that one chore ends or makes ready may bring another chore; a backlog of expired jobs is left to
  // the next claim.
  for (let round = 0; round < 3 && hasChores(rows[0]!) && expired < BOUND; round++) {
    expired += await doChores(tx, rows[0]![1] as number, queues);
    rows = await tx.rows(text, claimValues(store, request, tx.now));
  }
  const claimed = await lentOf(store, tx, request, rows);
  return hasChores(rows[0]!) ? { ...claimed, nextDueAt: tx.now } : claimed;
}

/** Does the chores that a claim found. Returns how many jobs had expired. */
async function doChores(tx: Tx, flags: number, queues: readonly string[]): Promise<number> {
  if (flags & LAPSED_WORKERS) await takeBack(tx);
  if (flags & OVERDUE) await wakeOverdue(tx);
  return flags & EXPIRED ? expire(tx, queues) : 0;
}

/** The first parameters of the statements in `sql/`. */
export function claimValues(store: Store, { worker, from, limit }: Claim, now: number | undefined): Value[] {
  const queues = from.map(({ queue }) => queue);
  return [now ?? null, worker, texts(queues), ints(from.map((share) => share.limit ?? limit)), limit, bigs(store.floors.of(queues))];
}

/** Makes the answer of a claim's rows: a header, then the deliveries. */
export async function lentOf(store: Store, sql: Sql, request: Claim, rows: readonly Row[]): Promise<Claimed> {
  const [now, flags, horizon] = rows[0]! as [number, number, number | null];
  if ((flags & LIVE) === 0) return { deliveries: [], nextDueAt: undefined, now, lapsed: true };
  const lent = rows.slice(1) as LentRow[];
  const no = rows[0]![5] as number;
  const out = { count: lent.length };
  for (const [place, [seq, , , id, , , , fence, attempts, links, keep]] of lent.entries())
    store.loans.remember(id, {
      seq,
      no,
      place,
      size: lent.length,
      startedAt: now,
      out,
      fence: fence + 1,
      attempt: attempts + 1,
      links,
      keep,
    });
  const compare = request.upward ? upwards : downwards;
  if (!isInOrder(lent, compare)) lent.sort(compare);
  const queueOf = (lane: number): string => request.from[queueIn(lane) - 1]!.queue;
  store.floors.took(
    request.from.map(({ queue }) => queue),
    lent.map(([, lane, dueAt]) => ({ queue: queueOf(lane), lane, dueAt })),
    lent.length === request.limit,
  );
  const waited = lent.filter((row) => (row[9] & TAKES) !== 0).map(([seq]) => seq);
  const inputs = waited.length > 0 ? await inputsOf(sql, waited) : NO_INPUTS;
  return {
    deliveries: lent.map((row) => deliver(queueOf(row[1]), row, inputs)),
    nextDueAt: horizon ?? undefined,
    now,
    lapsed: false,
  };
}

type LentRow = [
  seq: number,
  /**
   * As a lane, with the place of the queue among those asked for (from 1) as its number.
   * A number from an earlier call may be another queue's now.
   */
  lane: number,
  dueAt: number,
  id: string,
  task: string,
  enqueuedAt: number,
  payload: string,
  fence: number,
  attempts: number,
  links: number,
  keepResult: number | null,
  extra: string | null,
];

function downwards(a: LentRow, b: LentRow): number {
  return a[1] - b[1] || a[2] - b[2] || a[0] - b[0];
}

/** By queue, and in each the lowest priority, which is the highest level, first. */
function upwards(a: LentRow, b: LentRow): number {
  return queueIn(a[1]) - queueIn(b[1]) || b[1] - a[1] || a[2] - b[2] || a[0] - b[0];
}

/** They usually come in order; the server does not promise it. */
function isInOrder(lent: readonly LentRow[], compare: typeof downwards): boolean {
  for (let i = 1; i < lent.length; i++) if (compare(lent[i - 1]!, lent[i]!) > 0) return false;
  return true;
}

const NO_INPUTS: ReadonlyMap<number, readonly Input[]> = new Map();

function deliver(queue: string, row: LentRow, inputs: ReadonlyMap<number, readonly Input[]>): Delivery {
  const [seq, lane, dueAt, id, task, enqueuedAt, payload, fence, attempts, links, , extra] = row;
  const [lapses, group, headers, wake] =
    extra === null ? ORDINARY : (JSON.parse(extra) as [number, string | null, string | null, string | null]);
  const priority = priorityIn(lane);
  const job = { seq, id, task, queue, payload, headers, priority, enqueuedAt, dueAt, group, attempts, fence, lapses, links, wake };
  return deliveryOf(job, inputs.get(seq) ?? []);
}

const ORDINARY = [0, null, null, null] as const;
