import { byReason, withEnded, type Along, type At, type Ended, type NewCancel } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { cancel } from "./change.js";
import { takeEnded } from "./ended.js";
import { enqueue } from "./enqueue.js";
import { emit } from "./events.js";
import type { Late } from "./locking/along.js";
import type { Store, Tx } from "./store.js";

/** How often a transaction begins anew because a job to cancel moved while its place was waited for. */
const LOOKS = 5;

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
    for (const [reason, ids] of byReason(late.cancels)) await cancel(tx, ids, reason);
    return takeEnded(tx);
  });
  return withEnded(done, [...(done.ended ?? []), ...ended]);
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
    await enqueue(store, tx, jobs);
  }
  const events = list.flatMap(({ emit = [] }) => emit);
  if (events.length > 0) await emit(tx, events);
  const cancels = list.flatMap(({ cancel = [] }) => cancel);
  if (late.cancels.length > 0) keepOf(late.cancels, cancels);
  for (const [reason, ids] of byReason(cancels.filter((cancel) => !late.cancels.includes(cancel)))) await cancel(tx, ids, reason, loose);
}

/** Strikes out what is not among those whose leases were good. */
function keepOf(late: NewCancel[], good: readonly NewCancel[]): void {
  late.splice(0, late.length, ...late.filter((cancel) => good.includes(cancel)));
}
