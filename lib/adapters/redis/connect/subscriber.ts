import type { Connection } from "./connection.js";
import type { RedisClient } from "./driver.js";
import { recycle } from "./keep.js";

export interface Listening {
  readonly received: (channel: string, message: string) => void;
  /**
   * These channels are subscribed from now on.
   * Messages `since` they were wanted, or since the connection broke, have been missed (`performance.now()`).
   */
  readonly subscribed: (channels: readonly string[], since: number) => void;
}

/** How often a ping is sent, and how long it is waited for. */
const WATCH_MS = 15_000;
const ANSWER_MS = 5_000;

/**
 * The connection for subscriptions.
 * It is there while a channel is wanted, watched, and replaced when it has died silently.
 */
export class Subscriber {
  readonly #connection: Connection;
  readonly #calls: Listening;
  #wanted: ReadonlySet<string> = new Set();
  #subscribed = new Set<string>();
  #client: RedisClient | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Since when messages may have been missed. */
  #missedSince = 0;
  #busy = false;
  /** Asked for while busy: to be looked at once more. */
  #again = false;

  constructor(connection: Connection, calls: Listening) {
    this.#connection = connection;
    this.#calls = calls;
    connection.doubted = () => void this.#adjust(true);
  }

  /** Subscribes to these channels from now on, and to no others. */
  want(channels: ReadonlySet<string>): void {
    if (this.#missedSince === 0) this.#missedSince = performance.now();
    this.#wanted = channels;
    if (channels.size === 0) this.#drop();
    else void this.#adjust();
  }

  /**
   * Never rejects. A failure is tried again when the connection is ready again.
   * `prove`: the connection has to show that it lives.
   */
  async #adjust(prove = false): Promise<void> {
    if (this.#wanted.size === 0) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#client ??= this.#connect();
    const client = this.#client;
    try {
      while (this.#isReady(client)) {
        const add = [...this.#wanted].filter((channel) => !this.#subscribed.has(channel));
        const drop = [...this.#subscribed].filter((channel) => !this.#wanted.has(channel));
        // Subscribing once more changes nothing and is answered by the very connection that brings the
        // messages; a ping to a cluster is not.
        const ask = prove ? [...this.#wanted] : add;
        prove = false;
        if (ask.length === 0 && drop.length === 0) break;
        if (ask.length > 0) await this.#inTime(client.subscribe(...ask));
        if (drop.length > 0) await this.#inTime(client.unsubscribe(...drop));
        if (!this.#isReady(client)) break;
        for (const channel of add) this.#subscribed.add(channel);
        for (const channel of drop) this.#subscribed.delete(channel);
        if (add.length > 0) this.#calls.subscribed(add, this.#missedSince);
      }
      if (this.#isReady(client)) this.#missedSince = 0;
    } catch {
      if (client !== undefined && client === this.#client) recycle(client);
    } finally {
      this.#busy = false;
      if (this.#again && this.#wanted.size > 0) {
        this.#again = false;
        void this.#adjust();
      }
    }
  }

  /** A connection whose other end vanished would be silent for ever. */
  async #inTime(answer: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ms = Math.min(ANSWER_MS, this.#connection.patienceMs);
    const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error("no answer")), ms)));
    try {
      await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #isReady(client: RedisClient | undefined): client is RedisClient {
    return client !== undefined && client === this.#client && client.status === "ready";
  }

  #connect(): RedisClient | undefined {
    const client = this.#connection.duplicate((own) => own === this.#client);
    if (client === undefined) return undefined;
    client.on("error", () => undefined);
    client.on("ready", () => {
      if (client !== this.#client) return;
      void this.#adjust();
    });
    client.on("close", () => {
      if (client !== this.#client) return;
      this.#subscribed = new Set();
      if (this.#missedSince === 0) this.#missedSince = performance.now();
    });
    client.on("message", (channel: string, message: string) => {
      if (client === this.#client) this.#calls.received(channel, message);
    });
    if (client.status === "wait") client.connect().catch(() => undefined);
    this.#watch ??= setInterval(() => void this.#adjust(true), WATCH_MS).unref();
    return client;
  }

  #drop(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    const client = this.#client;
    this.#client = undefined;
    this.#subscribed = new Set();
    this.#missedSince = 0;
    client?.disconnect();
  }
}
