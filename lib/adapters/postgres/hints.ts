import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Hint, Hints } from "../../contract/index.js";
import { channelOf, TAG } from "./connect/channels.js";
import type { Connection } from "./connect/connection.js";
import { TYPES, type PgOwnClient } from "./connect/driver.js";
import { Listener } from "./connect/listener.js";
import { Notifier, unpacked } from "./connect/notifier.js";
import type { Announcement, Store } from "./store.js";

type Kind = Hint["kind"];

const KINDS: readonly Kind[] = ["work", "done", "cancelled", "control"];

/** How long a process counts as a listener for ends after its last sign-up, repeated every few seconds. */
const LISTENER_MS = 60_000;

/** How long a close waits for messages that are not sent yet. */
const FAREWELL_MS = 500;

/** How long messages are kept for processes whose connection is coming up. */
const CONTROL_MS = 60_000;

interface Subscriber {
  readonly listener: (hint: Hint) => void;
  readonly kinds: ReadonlySet<Kind>;
  readonly since: number;
}

/** @param listens whether this process gets the hints of others */
export const hints = (store: Store, connection: Connection, listens: boolean): PostgresHints =>
  new PostgresHints(store, connection, listens);

/**
 * Wake-ups.
 * Hints of this handle's own commits reach its listeners at once; other processes get them by NOTIFY. There
 * is a connection that listens only while this process has listeners, and ends are sent only while a process
 * has signed up for them.
 */
class PostgresHints implements Hints {
  readonly #store: Store;
  readonly #notifier: Notifier;
  readonly #listener: Listener | undefined;
  readonly #connection: Connection;
  readonly #subscribers = new Set<Subscriber>();
  readonly #channels: ReadonlyMap<string, Kind>;
  /** Marks this handle's own messages, which its listeners have had already. */
  readonly #tag = randomBytes(4).toString("hex");
  readonly #control = new Set<number>();
  #receivedAt = 0;
  #announcing = 0;
  #isUp = false;

  constructor(store: Store, connection: Connection, listens: boolean) {
    this.#store = store;
    this.#connection = connection;
    this.#notifier = new Notifier(store, this.#tag);
    this.#channels = new Map(KINDS.map((kind) => [channelOf(store.name, kind), kind]));
    this.#listener = listens
      ? new Listener(connection, {
          channels: () => [...this.#channels].filter(([, kind]) => this.#wants(kind)).map(([channel]) => channel),
          up: (channels, client) => this.#up(channels, client),
          received: (channel, payload) => this.#received(this.#channels.get(channel), payload),
          watch: (client) => this.#watch(client),
        })
      : undefined;
    store.onAnnouncement = (announcement) => void this.#announce(announcement);
  }

  subscribe(listener: (hint: Hint) => void, kinds: readonly Kind[] = KINDS): () => void {
    const subscriber: Subscriber = { listener, kinds: new Set(kinds), since: performance.now() };
    this.#subscribers.add(subscriber);
    if (this.#isUp) this.#listener?.refresh();
    return () => {
      if (this.#subscribers.delete(subscriber) && this.#isUp) this.#listener?.refresh();
    };
  }

  control(topic: string, message: string): void {
    this.tell({ kind: "control", topic, message });
    if (!this.#connection.isOpen) return;
    this.#store
      .rows(
        `WITH clock AS (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now),
           said AS (INSERT INTO stem.control (at, topic, message) SELECT clock.now, $1::text, $2::text FROM clock RETURNING no),
           old AS (DELETE FROM stem.control c USING clock WHERE c.at < clock.now - ${CONTROL_MS})
         SELECT pg_notify($3::text, $4::text || no)::text FROM said`,
        [topic, message, this.#channelOf("control"), this.#tag],
      )
      .catch(() => undefined);
  }

  /** Begins to listen if there are listeners. */
  start(): void {
    this.#isUp = true;
    this.#listener?.refresh();
  }

  async stop(): Promise<void> {
    // Hints of committed changes are still sent: many processes only enqueue, and end.
    for (const until = performance.now() + FAREWELL_MS; this.#isSaying() && performance.now() < until;) await pause(2);
    this.#isUp = false;
    this.#notifier.stop();
    if (this.#wants("done") && this.#connection.isReady)
      await this.#store.rows("DELETE FROM stem.listeners WHERE id = $1::text", [this.#tag]).catch(() => undefined);
    await this.#listener?.stop();
  }

  tell(hint: Hint): void {
    for (const { listener, kinds } of this.#subscribers) {
      if (!kinds.has(hint.kind)) continue;
      try {
        listener(hint);
      } catch {
        // The write is done: an error of a listener must not fail the verb.
      }
    }
  }

  #isSaying(): boolean {
    return this.#connection.isReady && (this.#announcing > 0 || !this.#notifier.isIdle);
  }

  async #announce(announcement: Announcement): Promise<void> {
    this.#announcing++;
    try {
      await this.#announced(announcement);
    } finally {
      this.#announcing--;
    }
  }

  /** After the commit: sends what is due now, what has ended, what was cancelled. */
  async #announced(announcement: Announcement): Promise<void> {
    const { queues, lanes, done, stopped } = announcement;
    if (lanes.size > 0) {
      let isKnown = true;
      for (const lane of lanes) isKnown &&= this.#store.queueOf(lane) !== undefined;
      if (!isKnown) await this.#store.learnLanes(lanes).catch(() => undefined);
      for (const lane of lanes) {
        const queue = this.#store.queueOf(lane);
        if (queue !== undefined) queues.add(queue);
      }
    }
    if (queues.size > 0) {
      this.tell({ kind: "work", queues: [...queues] });
      this.#say("work", queues);
    }
    if (stopped.length > 0) {
      this.tell({ kind: "cancelled", ids: stopped });
      this.#say("cancelled", stopped);
    }
    if (done.length > 0) {
      this.tell({ kind: "done", ids: done });
      if (announcement.isListened ?? (await this.#isListened())) this.#say("done", done);
    }
  }

  async #isListened(): Promise<boolean> {
    const rows = await this.#store.rows("SELECT EXISTS (SELECT FROM stem.listeners WHERE id <> $1::text)", [this.#tag]).catch(() => []);
    return rows[0]?.[0] === true;
  }

  #say(kind: Kind, names: Iterable<string>): void {
    if (this.#isUp) this.#notifier.say(this.#channelOf(kind), names);
  }

  #wants(kind: Kind): boolean {
    for (const { kinds } of this.#subscribers) if (kinds.has(kind)) return true;
    return false;
  }

  #channelOf(kind: Kind): string {
    for (const [channel, of] of this.#channels) if (of === kind) return channel;
    throw new TypeError(kind);
  }

  /** Messages before the connection was up have been missed. */
  async #up(channels: readonly string[], client: PgOwnClient): Promise<void> {
    const kinds = new Set(channels.map((channel) => this.#channels.get(channel)));
    if (kinds.has("done")) await this.#sign(client);
    if (kinds.has("control")) await this.#replay(client);
    if (kinds.has("work")) this.tell({ kind: "work" });
    if (kinds.has("done")) this.tell({ kind: "done" });
  }

  async #watch(client: PgOwnClient): Promise<void> {
    if (this.#wants("done")) await this.#sign(client);
    else await client.query({ text: "SELECT 1" });
  }

  /** Signs the list of processes that want to learn of ends, and strikes out old entries. */
  async #sign(client: PgOwnClient): Promise<void> {
    await client.query({
      text: this.#store.named(
        `WITH clock AS (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now),
           old AS (DELETE FROM stem.listeners l USING clock WHERE l.until < clock.now AND l.id <> $1::text)
         INSERT INTO stem.listeners (id, until) SELECT $1::text, clock.now + ${LISTENER_MS} FROM clock ON CONFLICT (id) DO UPDATE SET until = excluded.until`,
      ),
      values: [this.#tag],
    });
  }

  /** Messages since the oldest subscription that is still waiting for the connection. */
  async #replay(client: PgOwnClient): Promise<void> {
    let since = performance.now();
    for (const subscriber of this.#subscribers) if (subscriber.kinds.has("control")) since = Math.min(since, subscriber.since);
    const ageMs = Math.min(CONTROL_MS, Math.ceil(performance.now() - Math.max(since, this.#receivedAt)) + 50);
    const { rows } = await client.query({
      text: this.#store.named(
        `SELECT no::text, topic, message FROM stem.control
         WHERE at >= floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1::bigint ORDER BY no`,
      ),
      values: [ageMs],
      rowMode: "array",
      types: TYPES,
    });
    for (const [no, topic, message] of rows as [string, string, string][]) this.#once(Number(no), topic, message);
  }

  #received(kind: Kind | undefined, payload: string): void {
    this.#receivedAt = performance.now();
    if (payload.startsWith(this.#tag)) return;
    const names = payload.slice(TAG);
    if (kind === "control") void this.#fetch(Number(names));
    else if (kind === "work") this.tell({ kind, ...named("queues", names) });
    else if (kind === "done") this.tell({ kind, ...named("ids", names) });
    else if (kind === "cancelled") this.tell({ kind, ids: unpacked(names) ?? [] });
  }

  async #fetch(no: number): Promise<void> {
    if (this.#control.has(no)) return;
    const rows = await this.#store.rows("SELECT topic, message FROM stem.control WHERE no = $1::bigint", [no]).catch(() => []);
    for (const [topic, message] of rows as [string, string][]) this.#once(no, topic, message);
  }

  #once(no: number, topic: string, message: string): void {
    if (this.#control.has(no)) return;
    this.#control.add(no);
    if (this.#control.size > 1_000) this.#control.clear();
    this.tell({ kind: "control", topic, message });
  }
}

function named<K extends string>(key: K, payload: string): { readonly [k in K]?: readonly string[] } {
  const names = unpacked(payload);
  return names === undefined ? {} : ({ [key]: names } as { readonly [k in K]?: readonly string[] });
}
