import { UnsupportedError } from "../../contract/index.js";
import type { Emitted, Events, EventWait, NewEvent, StoredEvent, Wake } from "../../contract/index.js";
import type { EventRow, Row } from "./rows.js";
import type { Self, Store } from "./store.js";

/** Seven days. */
const KEEP_MS = 7 * 86_400_000;

export function events(store: Store, self: Self): Events {
  return {
    emit: async (given, options) =>
      store.step(options, (now) => {
        if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
        return emitAll(store, given, now);
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
export function emitAll(store: Store, given: readonly NewEvent[], now: number): Emitted {
  const [duplicates, woken]: [string[], string[]] = [[], []];
  for (const event of given) {
    if (store.events.has(event.id)) duplicates.push(event.id);
    else woken.push(...emit(store, event, now));
  }
  return { duplicates, woken };
}

/** Wakes who waits, and keeps the event for those that come later. */
function emit(store: Store, event: NewEvent, now: number): string[] {
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

/** Parks a job, or makes it ready if one of its events has come already. */
export function park(store: Store, row: Row, waits: readonly EventWait[], deadline: number | undefined, now: number): void {
  const earliest = firstStored(store, waits);
  if (earliest !== undefined) {
    row.wake = eventWake(earliest);
    row.dueAt = now;
    return store.makeReady(row, now);
  }
  store.move(row, "parked");
  row.waits = waits;
  for (const { name, key } of waits) {
    const about = topic(name, key);
    const waiting = store.waiters.get(about);
    if (waiting === undefined) store.waiters.set(about, new Set([row]));
    else waiting.add(row);
  }
  if (deadline === undefined) return;
  row.queue.deadlines.push(row, deadline, row.order);
  row.place = "deadlines";
}

/** Makes a parked job ready, with the reason. */
export function wake(store: Store, row: Row, why: Wake, dueAt: number, now: number): void {
  stopWaiting(store, row);
  store.unfile(row);
  row.wake = why;
  row.dueAt = dueAt;
  store.makeReady(row, now);
}

/** Takes a job out of the lists of those that wait. */
export function stopWaiting(store: Store, row: Row): void {
  for (const { name, key } of row.waits ?? []) {
    const about = topic(name, key);
    const waiting = store.waiters.get(about);
    if (waiting?.delete(row) && waiting.size === 0) store.waiters.delete(about);
  }
  row.waits = undefined;
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

function firstStored(store: Store, waits: readonly EventWait[]): EventRow | undefined {
  let earliest: EventRow | undefined;
  for (const { name, key, after } of waits) {
    const events = store.eventsByKey.get(topic(name, key)) ?? [];
    const found = events[placeAfter(events, after)];
    if (found !== undefined && (earliest === undefined || found.seq < earliest.seq)) earliest = found;
  }
  return earliest;
}

/** Binary search: a run may read a long series, a few events at a time. */
function placeAfter(events: readonly EventRow[], seq: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.seq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One text for a name and a key, different for different pairs. */
function topic(name: string, key: string): string {
  return `${name.length}:${name}${key}`;
}

function eventWake({ name, key, seq, payload }: { name: string; key: string; seq: number; payload?: string | undefined }): Wake {
  return { by: "event", name, key, seq, ...(payload !== undefined && { payload }) };
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
