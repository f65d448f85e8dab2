import { byReason, withEnded, type Along, type At, type Ended, type Lease, type NewCancel, type NewEvent } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { cancelAll } from "./change.js";
import { texts } from "./connect/values.js";
import { endedIn } from "./ended.js";
import { insertJobs } from "./enqueue.js";
import { emitAll } from "./events.js";
import { lockPlacesOnce } from "./links.js";
import type { Store, Tx } from "./store.js";

/** How often a transaction begins anew because a job to cancel moved while its place was waited for. */
const LOOKS = 5;

/** Jobs to cancel that are left to a second transaction. */
export interface Late {
  readonly cancels: NewCancel[];
  /** The transaction does not begin anew once more. */
  readonly isLast: boolean;
}

/**
 * Runs `work`, which carries something along, as one transaction. What it leaves over in `late` is cancelled
 * right after it.
 */
export async function transactAlong<T extends { readonly ended?: readonly Ended[] }>(
  store: Store,
  at: At | undefined,
  work: (tx: Tx, late: Late) => Promise<T>,
): Promise<T> {
  let looks = 0;
  let late: Late;
  const done = await store.transact(at, (tx) => work(tx, (late = { cancels: [], isLast: ++looks > LOOKS })));
  if (late!.cancels.length === 0) return done;
  const ended = await store.transact(at, async (tx) => {
    for (const [reason, ids] of byReason(late.cancels)) await cancelAll(tx, ids, reason);
    return endedIn(tx);
  });
  return withEnded(done, [...(done.ended ?? []), ...ended]);
}

/**
 * Holds, before anything is written, the places of the jobs that are to be cancelled and woken, together with
 * the loans of the leases, so that two who cancel each other's jobs do not wait for each other in a circle.
 * The names of the events are held. One that moved meanwhile is looked for by a transaction of its own, or,
 * when that has happened too often, goes into `late`.
 */
export async function holdAlong(tx: Tx, list: readonly ({ readonly lease: Lease } & Along)[], late: Late): Promise<void> {
  const cancels = list.flatMap(({ cancel = [] }) => cancel);
  if (cancels.length === 0) return;
  const events = list.flatMap(({ emit = [] }) => emit);
  const ids = new Set(cancels.map(({ id }) => id));
  if (events.length > 0) for (const id of await waitingFor(tx, events)) ids.add(id);
  const moved = new Set(
    await lockPlacesOnce(
      tx,
      [...ids],
      list.map(({ lease }) => lease.job),
    ),
  );
  if (moved.size === 0) return;
  if (!late.isLast) throw Object.assign(new Error("a job to cancel moved while it was looked for"), { code: "40001" });
  late.cancels.push(...cancels.filter(({ id }) => moved.has(id)));
}

/** Ids of the jobs that are parked for events; their names are held, so nobody else parks for them. */
async function waitingFor(tx: Tx, events: readonly NewEvent[]): Promise<string[]> {
  const rows = await tx.rows(
    `SELECT DISTINCT j.id FROM unnest($1::text[], $2::text[]) u(name, key)
       JOIN stem.waits w ON hashtextextended(w.name || chr(1) || w.key, 0) = hashtextextended(u.name || chr(1) || u.key, 0) AND w.name = u.name AND w.key = u.key
       JOIN stem.jobs j ON j.seq = w.seq`,
    [texts(events.map(({ name }) => name)), texts(events.map(({ key }) => key))],
  );
  return rows.map(([id]) => id as string);
}

/**
 * Carries out what travels along, but for the journal, with leases that were good. The links of what it ends
 * are left to the caller, in `loose`.
 *
 * @param late of those to cancel, what is not done here
 */
export async function carryOut(store: Store, tx: Tx, list: readonly Along[], loose: Loose[], late: Late): Promise<void> {
  const jobs = list.flatMap(({ enqueue = [] }) => enqueue);
  if (jobs.length > 0) {
    await store.learnQueues(jobs.map(({ queue }) => queue));
    await insertJobs(store, tx, jobs);
  }
  const events = list.flatMap(({ emit = [] }) => emit);
  if (events.length > 0) await emitAll(tx, events);
  const cancels = list.flatMap(({ cancel = [] }) => cancel);
  if (late.cancels.length > 0) keepOf(late.cancels, cancels);
  for (const [reason, ids] of byReason(cancels.filter((cancel) => !late.cancels.includes(cancel)))) await cancelAll(tx, ids, reason, loose);
}

/** Strikes out what is not among those whose leases were good. */
function keepOf(late: NewCancel[], good: readonly NewCancel[]): void {
  late.splice(0, late.length, ...late.filter((cancel) => good.includes(cancel)));
}
