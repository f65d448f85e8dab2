import type { At, Within } from "./at.js";

/**
 * The durable inbox of events.
 * An event wakes every job parked for its name and key and is kept for later waits. The other half, the wait,
 * is the `parked` settlement, so that neither order loses the event.
 */
export interface Events {
  /**
   * Stores events and makes the jobs that wait for them ready, in one step.
   * An id that is stored already is skipped and reported.
   */
  emit(events: readonly NewEvent[], options?: Within): Promise<Emitted>;
  /** Kept events of a name (and key), oldest first, at most `limit` (default 100). */
  list(filter: EventFilter, options?: At): Promise<readonly StoredEvent[]>;
}

export interface EventFilter {
  readonly name: string;
  readonly key?: string;
  /**
   * Only those with a number above this.
   * A caller that gives a key and the number of its last event misses none: events of one name and key are
   * seen in the order of their numbers.
   */
  readonly after?: number;
  readonly limit?: number;
}

export interface NewEvent {
  /** Makes a repeated emit harmless. */
  readonly id: string;
  readonly name: string;
  /** The subject of the event, such as an order id; `""` for none. */
  readonly key: string;
  readonly payload?: string;
  /** How long it is kept for later waits. Default 7 days; 0 reaches only jobs that wait now. */
  readonly keepMs?: number;
}

export interface Emitted {
  readonly duplicates: readonly string[];
  /** Jobs made ready. */
  readonly woken: readonly string[];
}

export interface StoredEvent {
  readonly id: string;
  /** Grows with every event of the store. */
  readonly seq: number;
  readonly name: string;
  readonly key: string;
  readonly payload?: string;
  readonly at: number;
}
