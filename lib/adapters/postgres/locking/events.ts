import { setTimeout as pause } from "node:timers/promises";
import type { NewEvent, Settlement } from "../../../contract/index.js";
import { texts } from "../connect/values.js";
import type { Tx } from "../store.js";

/** How long a settle waits, in turns of these milliseconds, for emitters of its jobs' events. */
const WAITS_MS = [2, 4, 8, 16, 32, 64];

/** After so long a job that could not be parked tries again. */
const AGAIN_MS = 250;

/** The number of the lock of a name and key, of columns `u.name` and `u.key`; specific to this schema. */
const EVENT_LOCK = "hashtextextended('stem.events' || u.name || chr(1) || u.key, 1)";

/**
 * Holds names and keys of events until the transaction ends.
 * So their numbers are seen in the order they were drawn, and no job parks meanwhile. Taken before any row is
 * held, in the order of the locks, so that there is no circle of waits.
 */
export async function lockEvents(tx: Tx, events: readonly { readonly name: string; readonly key: string }[]): Promise<void> {
  await tx.rows(
    `SELECT count(pg_advisory_xact_lock(held.no)::text) AS n FROM (
       SELECT DISTINCT ${EVENT_LOCK} AS no FROM unnest($1::text[], $2::text[]) u(name, key) ORDER BY 1 OFFSET 0) held`,
    [texts(events.map(({ name }) => name)), texts(events.map(({ key }) => key))],
  );
}

/**
 * Holds the names and keys of what is emitted, and then those that parks wait for against emitters.
 * So no event slips in between the look and the park. A caller's transaction may hold the latter for long;
 * the whole worker must not wait for that: such a job is not parked but comes again a little later, when its
 * handler will ask for the same.
 */
export async function holdEvents(tx: Tx, settlements: readonly Settlement[]): Promise<readonly Settlement[]> {
  const emitted = settlements.flatMap(({ emit = [] }) => emit);
  if (emitted.length > 0) await lockEvents(tx, emitted);
  let waits = settlements.flatMap((settlement) => (settlement.as === "parked" ? settlement.waits : []));
  for (let turn = 0; waits.length > 0; turn++) {
    const rows = await tx.rows(
      `SELECT u.place::int FROM unnest($1::text[], $2::text[]) WITH ORDINALITY u(name, key, place) WHERE NOT pg_try_advisory_xact_lock_shared(${EVENT_LOCK})`,
      [texts(waits.map(({ name }) => name)), texts(waits.map(({ key }) => key))],
    );
    waits = rows.map(([place]) => waits[(place as number) - 1]!);
    if (waits.length === 0 || turn === WAITS_MS.length) break;
    await pause(WAITS_MS[turn]!);
  }
  if (waits.length === 0) return settlements;
  const busy = new Set(waits);
  const fresh = await freshOf(tx, emitted);
  return settlements.map((settlement): Settlement => {
    if (settlement.as !== "parked" || !settlement.waits.some((wait) => busy.has(wait))) return settlement;
    const { as: _, waits: all, deadline: __, ...rest } = settlement;
    const free = all.filter((wait) => !busy.has(wait));
    // Woken in this very step by what is emitted, it need not wait for the others, and would miss what is not
    // kept.
    if (free.some(({ name, key }) => fresh.some((event) => event.name === name && event.key === key)))
      return { ...rest, as: "parked", waits: free };
    return { ...rest, as: "ready", attempt: "returned", ran: true, delayMs: AGAIN_MS };
  });
}

/** Of events, whose names are held, those that are not stored yet. */
async function freshOf(tx: Tx, events: readonly NewEvent[]): Promise<readonly NewEvent[]> {
  if (events.length === 0) return events;
  const known = await tx.rows("SELECT id FROM stem.events WHERE id = ANY($1::text[])", [texts(events.map(({ id }) => id))]);
  const ids = new Set(known.map(([id]) => id as string));
  return events.filter(({ id }) => !ids.has(id));
}
