import type { Emitted, EventFilter, Events, NewEvent, StoredEvent, Wake, Within } from "../../contract/index.js";
import { eventOf, type EventColumns } from "../relational/records.js";
import { wake } from "./park.js";
import type { Store } from "./store.js";
import type { CallerTransactions } from "./transaction/caller-transactions.js";

const WEEK_MS = 7 * 86_400_000;

/** The durable inbox. */
export function events(store: Store, callers: CallerTransactions): Events {
  return {
    async emit(list: readonly NewEvent[], options?: Within): Promise<Emitted> {
      const now = store.clock(options);
      if (options?.transaction !== undefined) return callers.run(options.transaction, (inside) => emit(inside, list, now));
      return list.length === 0 ? { duplicates: [], woken: [] } : store.write(() => emit(store, list, now));
    },

    async list({ name, key, after = 0, limit = 100 }: EventFilter): Promise<readonly StoredEvent[]> {
      const columns = "SELECT id, seq, name, key, payload, at FROM events";
      const rows = (
        key === undefined
          ? store.read(() => store.rows(`${columns} WHERE name = ? AND seq > ? ORDER BY seq LIMIT ?`).all(name, after, limit))
          : store.read(() =>
              store.rows(`${columns} WHERE name = ? AND key = ? AND seq > ? ORDER BY seq LIMIT ?`).all(name, key, after, limit),
            )
      ) as EventColumns[];
      return Array.from(rows, eventOf);
    },
  };
}

/** Stores events, and wakes those who wait for them, inside the caller's transaction. */
export function emit(store: Store, list: readonly NewEvent[], now: number): Emitted {
  const duplicates: string[] = [];
  const woken: string[] = [];
  const seen = new Set<string>();
  for (const event of list) {
    if (seen.has(event.id) || isStored(store, event.id)) duplicates.push(event.id);
    else woken.push(...emitOne(store, event, now));
    seen.add(event.id);
  }
  return { duplicates, woken };
}

function isStored(store: Store, id: string): boolean {
  return store.value("SELECT 1 FROM events WHERE id = ?").get(id) !== undefined;
}

/** Stores one event and makes the jobs ready that wait for it; returns their ids. */
function emitOne(store: Store, event: NewEvent, now: number): string[] {
  const { id, name, key, payload } = event;
  const keepMs = event.keepMs ?? WEEK_MS;
  const seq = store.value("UPDATE meta SET value = value + 1 WHERE name = 'event_seq' RETURNING value").get() as number;
  if (keepMs > 0)
    store
      .sql("INSERT INTO events (seq, id, name, key, at, forget_at, payload) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(seq, id, name, key, now, now + keepMs, payload ?? null);
  const waiting = store
    .rows(
      "SELECT w.seq, j.id FROM waits w CROSS JOIN jobs j ON j.seq = w.seq WHERE w.name = ? AND w.key = ? AND w.after < ? ORDER BY w.seq",
    )
    .all(name, key, seq) as [number, string][];
  const why: Wake = { by: "event", name, key, seq, ...(payload !== undefined && { payload }) };
  for (const [job] of waiting) wake(store, job, why, now);
  return waiting.map(([, job]) => job);
}
