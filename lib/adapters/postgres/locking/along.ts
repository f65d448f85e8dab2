import type { Along, Lease, NewCancel, NewEvent } from "../../../contract/index.js";
import { texts } from "../connect/values.js";
import type { Tx } from "../store.js";
import { lockPlacesOnce } from "./places.js";
/** Jobs to cancel that are left to a second transaction. */
export interface Late {
  readonly cancels: NewCancel[];
  /** The transaction does not begin anew once more. */
  readonly isLast: boolean;
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
