import type { Events } from "../../contract/events.js";
import type { EventWait } from "../../contract/job.js";
import { bytesOf } from "../../contract/size.js";
import { Portion } from "../../contract/portion.js";
import { type Heard, topicOf } from "./entries.js";

/** Events in one answer at most. */
const PAGE = 20;

/** How long a pass goes on taking in more events; at most a tenth of its `timeout`. */
const TAKES_MS = 1_000;

type Topic = Pick<EventWait, "name" | "key">;

/** Reads events that the store has kept. One per worker: it learns how large they are. */
export class EventReader {
  readonly #events: Pick<Events, "list">;
  readonly #portion = new Portion();

  constructor(events: Pick<Events, "list">) {
    this.#events = events;
  }

  /**
   * The next few events of one name and key, oldest first.
   * None also if the store does not answer: the park looks again.
   */
  async next({ name, key, after }: EventWait): Promise<{ readonly found: readonly Heard[]; readonly more: boolean }> {
    const limit = this.#portion.of(PAGE);
    try {
      const found = await this.#events.list({ name, key, after, limit });
      this.#portion.came(
        found.length,
        found.reduce((bytes, { payload = "" }) => bytes + bytesOf(payload), 0),
      );
      return {
        found: found.map(({ seq, payload }) => ({ name, key, seq, ...(payload !== undefined && { payload }) })),
        more: found.length === limit,
      };
    } catch {
      this.#portion.failed();
      return { found: [], more: false };
    }
  }
}

export interface InboxParts {
  readonly reader: EventReader;
  /** Highest event number the run has had, per topic. */
  readonly cursors: ReadonlyMap<string, number>;
  /** How long the pass may take. */
  readonly timeoutMs: number | undefined;
  /** Time that goes by evenly, in milliseconds. */
  readonly steady: () => number;
}

/**
 * Events that have come for a run in this pass and were not given to its body.
 * A body that has had an event and waits for the next of its kind gets those that the store has kept, page by
 * page: one pass for each would replay the whole journal each time. That takes nothing out of the store: an
 * event that was given is journaled with its number, and the store is asked for later ones.
 */
export class Inbox {
  readonly #parts: InboxParts;
  /** By topic, in the order of their numbers. */
  readonly #left = new Map<string, Heard[]>();
  /** Highest event number known, given or not. */
  readonly #known: Map<string, number>;
  /** The number up to which all events are known. */
  readonly #complete = new Map<string, number>();
  #until: number | undefined;
  #empty = false;

  constructor(parts: InboxParts) {
    this.#parts = parts;
    this.#known = new Map(parts.cursors);
  }

  /** The number after which the store looks when the run is parked. */
  after(topic: string): number {
    const [first] = this.#leftOf(topic);
    return first === undefined ? (this.#known.get(topic) ?? 0) : first.seq - 1;
  }

  /** Takes back an event that came for a wait that was withdrawn. */
  putBack(heard: Heard): void {
    this.#put(topicOf(heard), [heard], heard.seq);
  }

  /**
   * Takes out the earliest event for one of these waits.
   * Undefined if an earlier one may be in the store for another of them, or if the pass has lasted too long.
   */
  take(waits: readonly Topic[]): Heard | undefined {
    const topics = waits.map(topicOf);
    const [first] = topics.flatMap((topic) => this.#leftOf(topic).slice(0, 1)).sort((a, b) => a.seq - b.seq);
    if (first === undefined || this.#late || topics.some((topic) => (this.#complete.get(topic) ?? 0) < first.seq)) return undefined;
    return this.#leftOf(topicOf(first)).shift();
  }

  /**
   * Whether there may be more for these waits.
   * The run has had one of them already, and the last look has found something.
   */
  mayHaveMore(waits: readonly Topic[]): boolean {
    if (this.#empty || !waits.some((wait) => (this.#known.get(topicOf(wait)) ?? 0) > 0)) return false;
    const { steady, timeoutMs = Number.POSITIVE_INFINITY } = this.#parts;
    this.#until ??= steady() + Math.min(TAKES_MS, timeoutMs / 10);
    return !this.#late;
  }

  /** Asks the store. */
  async look(waits: readonly Topic[]): Promise<void> {
    const topics = new Map(waits.map((wait) => [topicOf(wait), wait]));
    await Promise.all(
      [...topics].map(async ([topic, { name, key }]) => {
        if (this.#leftOf(topic).length > 0) return;
        const { found, more } = await this.#parts.reader.next({ name, key, after: this.#known.get(topic) ?? 0 });
        this.#put(topic, found, more ? found.at(-1)!.seq : Number.POSITIVE_INFINITY);
      }),
    );
    this.#empty = [...topics.keys()].every((topic) => this.#leftOf(topic).length === 0);
  }

  get #late(): boolean {
    return this.#until !== undefined && this.#parts.steady() > this.#until;
  }

  #leftOf(topic: string): Heard[] {
    return this.#left.get(topic) ?? [];
  }

  #put(topic: string, events: readonly Heard[], complete: number): void {
    this.#left.set(
      topic,
      [...this.#leftOf(topic), ...events].sort((a, b) => a.seq - b.seq),
    );
    this.#known.set(topic, Math.max(this.#known.get(topic) ?? 0, ...events.map(({ seq }) => seq)));
    this.#complete.set(topic, Math.max(this.#complete.get(topic) ?? 0, complete));
  }
}
