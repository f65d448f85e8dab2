import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "./connection.js";
import type { PgOwnClient } from "./driver.js";

/** How often a quiet connection gets a ping, and how long the answer may take. */
const WATCH_MS = 5_000;
const ANSWER_MS = 2_500;

/** Most between two attempts. */
const LONGEST_WAIT_MS = 5_000;

export interface Listening {
  /** The channels wanted now. */
  readonly channels: () => readonly string[];
  /** These have just come up: earlier messages on them have been missed. */
  readonly up: (channels: readonly string[], client: PgOwnClient) => Promise<void>;
  readonly received: (channel: string, payload: string) => void;
  /** At every ping. */
  readonly watch: (client: PgOwnClient) => Promise<void>;
}

/** One connection that listens, while there are channels to listen to; it reconnects by itself. */
export class Listener {
  readonly #connection: Connection;
  readonly #calls: Listening;
  #stop: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  #client: PgOwnClient | undefined;
  #listening = new Set<string>();
  #changing: Promise<void> = Promise.resolve();

  constructor(connection: Connection, calls: Listening) {
    this.#connection = connection;
    this.#calls = calls;
  }

  /** To be called when the wanted channels may have changed. */
  refresh(): void {
    if (this.#calls.channels().length === 0) return void this.stop();
    if (this.#stop === undefined) {
      const stop = new AbortController();
      this.#stop = stop;
      const before = this.#ended;
      this.#ended = before.then(() => this.#live(stop.signal));
      return;
    }
    this.#adjust();
  }

  /** Ends the connection, if there is one. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#ended;
  }

  async #live(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const client = this.#make();
      const cut = new AbortController();
      const gone = (): void => cut.abort();
      client.on("error", gone);
      client.on("end", gone);
      let isConnected = false;
      const stopped = (): void => {
        gone();
        // Does not wait for an answer that may never come.
        if (!isConnected) client.connection.stream.destroy();
      };
      signal.addEventListener("abort", stopped, { once: true });
      try {
        await within(client.connect(), this.#connection.target.connectTimeoutMs);
        isConnected = true;
        client.connection.stream.unref?.();
        client.on("notification", ({ channel, payload = "" }) => this.#calls.received(channel, payload));
        this.#listening = new Set();
        this.#client = client;
        this.#adjust();
        attempt = 0;
        while (!cut.signal.aborted) {
          await pause(WATCH_MS, undefined, { ref: false, signal: cut.signal }).catch(() => undefined);
          if (!cut.signal.aborted) await within(this.#calls.watch(client), ANSWER_MS);
        }
      } catch {
        // Tried again: hints may be lost, and the next connection makes up for it.
      } finally {
        this.#client = undefined;
        signal.removeEventListener("abort", stopped);
        await this.#end(client, cut.signal.aborted && !signal.aborted);
      }
      if (!signal.aborted)
        await pause(Math.min(LONGEST_WAIT_MS, 100 * 2 ** attempt) * (0.5 + Math.random() / 2), undefined, { ref: false, signal }).catch(
          () => undefined,
        );
    }
  }

  #make(): PgOwnClient {
    const { target, driver, pool } = this.#connection;
    const client = new driver.Client({
      // A pool hides its password when its options are listed.
      ...(target.pool === undefined ? target.config : { ...pool.options, password: pool.options["password"] }),
      query_timeout: target.commandTimeoutMs,
    });
    return client;
  }

  async #end(client: PgOwnClient, isCut: boolean): Promise<void> {
    if (
      !isCut &&
      (await within(client.end(), 1_000).then(
        () => true,
        () => false,
      ))
    )
      return;
    client.connection.stream.destroy();
  }

  /** Listens to the wanted channels and no others, one change after the other. */
  #adjust(): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#changing = this.#changing
      .then(async () => {
        if (this.#client !== client) return;
        const wanted = new Set(this.#calls.channels());
        const fresh = [...wanted].filter((channel) => !this.#listening.has(channel));
        const stale = [...this.#listening].filter((channel) => !wanted.has(channel));
        for (const channel of fresh) await client.query({ text: `LISTEN "${channel}"` });
        for (const channel of stale) await client.query({ text: `UNLISTEN "${channel}"` });
        this.#listening = wanted;
        if (fresh.length > 0) await this.#calls.up(fresh, client);
      })
      .catch(() => client.connection.stream.destroy());
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      work,
      pause(ms, undefined, { ref: false, signal: late.signal }).then(() => {
        throw new Error("no answer in time");
      }),
    ]);
  } finally {
    late.abort();
    work.catch(() => undefined);
  }
}
