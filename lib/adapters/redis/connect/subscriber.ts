import type { Connection } from "./connection.js";
import type { RedisClient } from "./driver.js";

export interface Ears {
  readonly heard: (channel: string, message: string) => void;
  /** These channels are heard from now on; what was said `since` they were wanted, or the connection broke, has been missed (`performance.now()`). */
  readonly tuned: (channels: readonly string[], since: number) => void;
}

/** A sign of life is asked for so often, and waited for so long. */
const WATCH_MS = 15_000;
const ANSWER_MS = 5_000;

/** The connection for subscriptions: there while a channel is wanted, watched, and replaced when it has died without a word. */
export class Subscriber {
  readonly #connection: Connection;
  readonly #ears: Ears;
  #wanted: ReadonlySet<string> = new Set();
  #heard = new Set<string>();
  #client: RedisClient | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Since when something may have been missed. */
  #deafSince = 0;
  #busy = false;
  /** Asked for while busy: to be looked at once more. */
  #again = false;

  constructor(connection: Connection, ears: Ears) {
    this.#connection = connection;
    this.#ears = ears;
  }

  /** From now on these channels are to be heard, and no others. */
  want(channels: ReadonlySet<string>): void {
    if (this.#deafSince === 0) this.#deafSince = performance.now();
    this.#wanted = channels;
    if (channels.size === 0) this.#drop();
    else void this.#tune();
  }

  /** Never rejects. What fails is tried again when the connection is ready again. */
  async #tune(): Promise<void> {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      this.#client ??= this.#connect();
      const client = this.#client;
      while (this.#isReady(client)) {
        const add = [...this.#wanted].filter((channel) => !this.#heard.has(channel));
        const drop = [...this.#heard].filter((channel) => !this.#wanted.has(channel));
        if (add.length === 0 && drop.length === 0) break;
        if (add.length > 0) await client.subscribe(...add);
        if (drop.length > 0) await client.unsubscribe(...drop);
        for (const channel of add) this.#heard.add(channel);
        for (const channel of drop) this.#heard.delete(channel);
        if (add.length > 0) this.#ears.tuned(add, this.#deafSince);
      }
      if (client?.status === "ready") this.#deafSince = 0;
    } catch {
      this.#client?.disconnect(true);
    } finally {
      this.#busy = false;
      if (this.#again && this.#wanted.size > 0) {
        this.#again = false;
        void this.#tune();
      }
    }
  }

  #isReady(client: RedisClient | undefined): client is RedisClient {
    return client !== undefined && client === this.#client && client.status === "ready";
  }

  #connect(): RedisClient | undefined {
    const client = this.#connection.duplicate();
    if (client === undefined) return undefined;
    client.on("error", () => undefined);
    client.on("ready", () => {
      if (client !== this.#client) return;
      void this.#tune();
    });
    client.on("close", () => {
      if (client !== this.#client) return;
      this.#heard = new Set();
      if (this.#deafSince === 0) this.#deafSince = performance.now();
    });
    client.on("message", (channel: string, message: string) => {
      if (client === this.#client) this.#ears.heard(channel, message);
    });
    if (client.status === "wait") client.connect().catch(() => undefined);
    this.#watch ??= setInterval(() => void this.#look(), WATCH_MS).unref();
    return client;
  }

  /** A connection whose other end vanished would be silent for ever. */
  async #look(): Promise<void> {
    const client = this.#client;
    if (client?.status !== "ready") return;
    // Should a subscription have got lost on the way, this makes it good.
    void this.#tune();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("no answer")), ANSWER_MS)));
    try {
      await Promise.race([client.ping(), late]);
    } catch {
      if (client === this.#client) client.disconnect(true);
    } finally {
      clearTimeout(timer);
    }
  }

  #drop(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    const client = this.#client;
    this.#client = undefined;
    this.#heard = new Set();
    this.#deafSince = 0;
    client?.disconnect();
  }
}
