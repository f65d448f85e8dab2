import { UnsupportedError, type Emitted, type Events, type NewEvent, type Self, type StoredEvent } from "../../contract/index.js";
import { eventWake, placeAfter, topic } from "./order/topics.js";
import { wake } from "./park.js";
import type { EventRow } from "./rows.js";
import type { Store } from "./store.js";

/** Seven days. */
const KEEP_MS = 7 * 86_400_000;

export function events(store: Store, self: Self): Events {
  return {
    emit: async (given, options) =>
      store.step(options, (now) => {
        if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
        return emit(store, given, now);
      }),
    list: async ({ name, key, after = 0, limit = 100 }, options) =>
      store.step(options, () => {
        const found = (key === undefined ? store.eventsByName.get(name) : store.eventsByKey.get(topic(name, key))) ?? [];
        const first = placeAfter(found, after);
        return found.slice(first, first + limit).map((event) => storedOf(event));
      }),
  };
}

/** Stores events that are not stored yet. */
export function emit(store: Store, given: readonly NewEvent[], now: number): Emitted {
  const [duplicates, woken]: [string[], string[]] = [[], []];
  for (const event of given) {
    if (store.events.has(event.id)) duplicates.push(event.id);
    else woken.push(...emitOne(store, event, now));
  }
  return { duplicates, woken };
}

/** Wakes who waits, and keeps the event for those that come later. */
function emitOne(store: Store, event: NewEvent, now: number): string[] {
  const seq = ++store.eventSeq;
  const { id, name, key, payload, keepMs = KEEP_MS } = event;
  const about = topic(name, key);
  const woken: string[] = [];
  for (const row of store.waiters.get(about) ?? []) {
    wake(store, row, eventWake({ name, key, seq, payload }), now, now);
    woken.push(row.id);
  }
  if (keepMs > 0) {
    const row: EventRow = { id, seq, name, key, at: now, keepUntil: now + keepMs, ticket: 0, ...(payload !== undefined && { payload }) };
    store.events.set(id, row);
    append(store.eventsByName, name, row);
    append(store.eventsByKey, about, row);
    store.eventRetention.push(row, row.keepUntil, seq);
  }
  return woken;
}

/** Forgets events past their time. */
export function pruneEvents(store: Store, now: number): void {
  const [names, topics] = [new Set<string>(), new Set<string>()];
  for (let event = store.eventRetention.peek(); event !== undefined && event.keepUntil <= now; event = store.eventRetention.peek()) {
    store.eventRetention.drop();
    store.events.delete(event.id);
    names.add(event.name);
    topics.add(topic(event.name, event.key));
  }
  for (const name of names) sift(store, store.eventsByName, name);
  for (const about of topics) sift(store, store.eventsByKey, about);
}

function storedOf({ id, seq, name, key, payload, at }: EventRow): StoredEvent {
  return { id, seq, name, key, at, ...(payload !== undefined && { payload }) };
}

function append(table: Map<string, EventRow[]>, under: string, row: EventRow): void {
  const list = table.get(under);
  if (list === undefined) table.set(under, [row]);
  else list.push(row);
}

function sift(store: Store, table: Map<string, EventRow[]>, under: string): void {
  const left = (table.get(under) ?? []).filter(({ id, seq }) => store.events.get(id)?.seq === seq);
  if (left.length > 0) table.set(under, left);
  else table.delete(under);
}
