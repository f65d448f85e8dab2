import type { Emitted, EventFilter, Events, NewEvent, StoredEvent, Wake, Within } from "../../contract/index.js";
import { eventOf, type EventColumns } from "../relational/records.js";
import { bigs, texts } from "./connect/values.js";
import { lockEvents } from "./locking/events.js";
import { wake } from "./park.js";
import type { Store, Tx } from "./store.js";
import { inTransaction } from "./transaction/index.js";

const WEEK_MS = 7 * 86_400_000;

/** The durable inbox. */
export function events(store: Store): Events {
  return {
    async emit(list: readonly NewEvent[], options?: Within): Promise<Emitted> {
      if (options?.transaction !== undefined) return inTransaction(store, options, "read committed", (tx) => emit(tx, list));
      if (list.length === 0) return { duplicates: [], woken: [] };
      return store.transact(options, (tx) => emit(tx, list));
    },

    async list({ name, key, after = 0, limit = 100 }: EventFilter): Promise<readonly StoredEvent[]> {
      const columns = "SELECT id, seq, name, key, payload, at FROM stem.events WHERE";
      const rows = (await (key === undefined
        ? store.rows(
            `${columns} hashtextextended(name, 0) = hashtextextended($1::text, 0) AND name = $1::text AND seq > $2::bigint ORDER BY seq LIMIT $3::int`,
            [name, after, limit],
          )
        : store.rows(
            `${columns} hashtextextended(name || chr(1) || key, 0) = hashtextextended($1::text || chr(1) || $2::text, 0) AND name = $1::text AND key = $2::text
             AND seq > $3::bigint ORDER BY seq LIMIT $4::int`,
            [name, key, after, limit],
          ))) as EventColumns[];
      return rows.map(eventOf);
    },
  };
}

/** Stores events and makes the jobs ready that wait for them, inside a transaction. */
export async function emit(tx: Tx, list: readonly NewEvent[]): Promise<Emitted> {
  await lockEvents(tx, list);
  const known = await tx.rows("SELECT id FROM stem.events WHERE id = ANY($1::text[])", [texts(list.map(({ id }) => id))]);
  const seen = new Set(known.map(([id]) => id as string));
  const duplicates: string[] = [];
  let fresh: NewEvent[] = [];
  for (const event of list) {
    if (seen.has(event.id)) duplicates.push(event.id);
    else fresh.push(event);
    seen.add(event.id);
  }
  if (fresh.length === 0) return { duplicates, woken: [] };
  const numbers = (await tx.rows("SELECT nextval('stem.event_seq') AS no FROM generate_series(1, $1::int)", [fresh.length])).map(([no]) =>
    Number(no),
  );
  const kept = fresh
    .map((event, i) => ({ ...event, seq: numbers[i]!, keepMs: event.keepMs ?? WEEK_MS }))
    .filter(({ keepMs }) => keepMs > 0);
  const stored = await tx.rows(
    `INSERT INTO stem.events (seq, id, name, key, at, forget_at, payload)
     SELECT u.seq, u.id, u.name, u.key, $1::bigint, $1::bigint + u.keep, u.payload
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[]) u(seq, id, name, key, keep, payload)
     ON CONFLICT (id) DO NOTHING RETURNING id`,
    [
      tx.now,
      bigs(kept.map(({ seq }) => seq)),
      texts(kept.map(({ id }) => id)),
      texts(kept.map(({ name }) => name)),
      texts(kept.map(({ key }) => key)),
      bigs(kept.map(({ keepMs }) => keepMs)),
      texts(kept.map(({ payload }) => payload ?? null)),
    ],
  );
  // Stored by another, under another name or key, at this very moment.
  const lost = new Set(kept.map(({ id }) => id));
  for (const [id] of stored) lost.delete(id as string);
  const present = fresh.map((event, i) => ({ event, seq: numbers[i]! })).filter(({ event }) => !lost.has(event.id));
  fresh = present.map(({ event }) => event);
  return { duplicates: [...duplicates, ...lost], woken: await wakeWaiting(tx, present) };
}

async function wakeWaiting(tx: Tx, events: readonly { readonly event: NewEvent; readonly seq: number }[]): Promise<string[]> {
  const waits = (await tx.rows(
    `SELECT w.seq, j.id, w.name, w.key, w.after FROM (SELECT DISTINCT u.name, u.key FROM unnest($1::text[], $2::text[]) u(name, key)) u
       JOIN stem.waits w ON hashtextextended(w.name || chr(1) || w.key, 0) = hashtextextended(u.name || chr(1) || u.key, 0) AND w.name = u.name AND w.key = u.key
       JOIN stem.jobs j ON j.seq = w.seq
     ORDER BY w.seq`,
    [texts(events.map(({ event }) => event.name)), texts(events.map(({ event }) => event.key))],
  )) as [number | string, string, string, string, number | string][];
  if (waits.length === 0) return [];
  const wakes = new Map<number, { readonly id: string; readonly why: Extract<Wake, { by: "event" }> }>();
  for (const [job, id, name, key, after] of waits) {
    const first = events.find(({ event, seq }) => event.name === name && event.key === key && seq > Number(after));
    if (first === undefined) continue;
    const known = wakes.get(Number(job));
    if (known !== undefined && known.why.seq < first.seq) continue;
    const { payload } = first.event;
    wakes.set(Number(job), { id, why: { by: "event", name, key, seq: first.seq, ...(payload !== undefined && { payload }) } });
  }
  // Held first: a job that is being cancelled, or whose deadline has come, is not woken by this.
  const held = await tx.rows("SELECT seq FROM stem.parked WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE", [
    bigs([...wakes.keys()]),
  ]);
  const woken = held.map(([seq]) => ({ seq: Number(seq), ...wakes.get(Number(seq))! }));
  await wake(
    tx,
    woken.map(({ seq, why }) => ({ seq, why, dueAt: tx.now })),
  );
  return woken.map(({ id }) => id);
}
