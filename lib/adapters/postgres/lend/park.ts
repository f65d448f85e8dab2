import { setTimeout as pause } from "node:timers/promises";
import type { NewEvent, Settlement, Wake } from "../../../contract/index.js";
import { queueIn } from "../../relational/codes.js";
import { bigs, ints, texts, type Value } from "../connect/values.js";
import { enterLine } from "../links.js";
import type { Tx } from "../store.js";
import type { Given } from "./loans.js";

/** How long a settle waits, in turns of these milliseconds, for emitters of its jobs' events. */
const PATIENCE = [2, 4, 8, 16, 32, 64];

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
    if (waits.length === 0 || turn === PATIENCE.length) break;
    await pause(PATIENCE[turn]!);
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

/**
 * Looks for stored events and parks only the jobs without one.
 * The names are held, so no other call emits meanwhile.
 */
export async function parkAll(tx: Tx, given: readonly Given[]): Promise<void> {
  const parks = given.flatMap(({ settlement, loan }) => (settlement.as === "parked" ? [{ settlement, loan }] : []));
  if (parks.length === 0) return;
  const waits = parks.flatMap(({ settlement, loan }) => settlement.waits.map((wait) => ({ ...wait, seq: loan.seq })));
  const lists: Value[] = [
    bigs(waits.map(({ seq }) => seq)),
    texts(waits.map(({ name }) => name)),
    texts(waits.map(({ key }) => key)),
    bigs(waits.map(({ after }) => after)),
  ];
  const found = waits.length === 0 ? [] : await tx.rows(EARLIEST, lists);
  const wakes = new Map<number, Extract<Wake, { by: "event" }>>();
  for (const [job, name, key, seq, payload] of found as [number, string, string, number, string | null][]) {
    const known = wakes.get(job);
    if (known === undefined || seq < known.seq) wakes.set(job, { by: "event", name, key, seq, ...(payload !== null && { payload }) });
  }
  const wakeOf = ({ loan }: (typeof parks)[number]): string | null => (wakes.has(loan.seq) ? JSON.stringify(wakes.get(loan.seq)) : null);
  await tx.rows(
    `UPDATE stem.jobs j SET attempts = u.attempts, fence = u.fence, started_at = u.started_at, lapses = 0, wake = u.wake,
       due_at = CASE WHEN u.wake IS NULL THEN j.due_at ELSE $1::bigint END
     FROM unnest($2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::text[]) u(seq, attempts, fence, started_at, wake) WHERE j.seq = u.seq`,
    [
      tx.now,
      bigs(parks.map(({ loan }) => loan.seq)),
      ints(parks.map(({ loan }) => loan.attempt - 1)),
      ints(parks.map(({ loan }) => loan.fence)),
      bigs(parks.map(({ loan }) => loan.startedAt)),
      texts(parks.map(wakeOf)),
    ],
  );
  const woken = parks.filter(({ loan }) => wakes.has(loan.seq));
  await enterLine(
    tx,
    woken.map(({ loan }) => ({ seq: loan.seq, lane: loan.lane, dueAt: tx.now })),
  );
  const asleep = parks.filter(({ loan }) => !wakes.has(loan.seq));
  if (asleep.length === 0) return;
  await tx.rows("INSERT INTO stem.parked (seq, queue, deadline) SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[])", [
    bigs(asleep.map(({ loan }) => loan.seq)),
    ints(asleep.map(({ loan }) => queueIn(loan.lane))),
    bigs(asleep.map(({ settlement }) => settlement.deadline ?? null)),
  ]);
  // Two waits for the same event are one, from the earlier place on.
  await tx.rows(
    `INSERT INTO stem.waits (seq, name, key, after)
     SELECT u.seq, u.name, u.key, min(u.after) FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) u(seq, name, key, after)
     WHERE u.seq = ANY($5::bigint[]) GROUP BY 1, 2, 3`,
    [...lists, bigs(asleep.map(({ loan }) => loan.seq))],
  );
  // A worker that sleeps until the next due time may have to wake for this deadline.
  for (const { settlement, loan } of asleep) if (settlement.deadline !== undefined) tx.news.lanes.add(loan.lane);
}

/** For each wait the earliest stored event that it is for. */
const EARLIEST = `
  SELECT u.seq, u.name, u.key, e.seq, e.payload
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) u(seq, name, key, after) CROSS JOIN LATERAL (
    SELECT v.seq, v.payload FROM stem.events v
    WHERE hashtextextended(v.name || chr(1) || v.key, 0) = hashtextextended(u.name || chr(1) || u.key, 0) AND v.name = u.name AND v.key = u.key
      AND v.seq > u.after
    ORDER BY v.seq LIMIT 1) e`;
