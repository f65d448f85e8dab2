import type { Sql } from "./sql.js";
import { texts } from "./values.js";

/** At most one message per channel and subject in so many milliseconds. */
const QUIET_MS = 5;

/** The server takes payloads below 8,000 bytes. */
const MOST_BYTES = 7_900;

/** The name in a message that means: any. */
const ANY = "*";

/**
 * Sends messages to other processes once the changes have committed, gathered.
 * A message in the transaction of every insert would make all commits of the database wait for each other.
 * The first after a quiet moment goes at once.
 */
export class Notifier {
  readonly #sql: Sql;
  readonly #tag: string;
  readonly #pending = new Map<string, Set<string>>();
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;

  /** @param tag stands before the names of each message and identifies the sender */
  constructor(sql: Sql, tag: string) {
    this.#sql = sql;
    this.#tag = tag;
  }

  /** Sends the listeners of a channel some names. */
  say(channel: string, names: Iterable<string>): void {
    let said = this.#pending.get(channel);
    if (said === undefined) this.#pending.set(channel, (said = new Set()));
    for (const name of names) said.add(name);
    this.#schedule();
  }

  /** Whether everything has been sent. */
  get isIdle(): boolean {
    return !this.#isBusy && this.#pending.size === 0;
  }

  /** Drops messages that have not been sent yet. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending.clear();
  }

  #schedule(): void {
    if (this.#isBusy || this.#timer !== undefined || this.#pending.size === 0) return;
    const wait = this.#sentAt + QUIET_MS - performance.now();
    if (wait <= 0) return void this.#send();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send();
    }, wait);
  }

  async #send(): Promise<void> {
    const messages = [...this.#pending].flatMap(([channel, names]) =>
      packed(names).map((payload) => ({ channel, payload: this.#tag + payload })),
    );
    this.#pending.clear();
    this.#isBusy = true;
    this.#sentAt = performance.now();
    try {
      // A crash loses no promise here, so the commit need not wait for the disk.
      await this.#sql.rows(
        "SELECT set_config('synchronous_commit', 'off', true), count(pg_notify(u.channel, u.payload)::text) FROM unnest($1::text[], $2::text[]) u(channel, payload)",
        [texts(messages.map(({ channel }) => channel)), texts(messages.map(({ payload }) => payload))],
      );
    } catch {
      // A hint may be lost.
    } finally {
      this.#isBusy = false;
      this.#schedule();
    }
  }
}

/** Names as one payload or a few; a name that is too long becomes "any". */
export function packed(names: Iterable<string>): string[] {
  const payloads: string[] = [];
  let list: string[] = [];
  let bytes = 2;
  for (const name of names) {
    const size = Buffer.byteLength(JSON.stringify(name)) + 1;
    if (size > MOST_BYTES) return [ANY];
    if (bytes + size > MOST_BYTES) {
      payloads.push(JSON.stringify(list));
      list = [];
      bytes = 2;
    }
    list.push(name);
    bytes += size;
  }
  if (list.length > 0) payloads.push(JSON.stringify(list));
  return payloads.length > 64 ? [ANY] : payloads;
}

/** The names of a payload; undefined: any. */
export function unpacked(payload: string): readonly string[] | undefined {
  if (payload === ANY) return undefined;
  try {
    return JSON.parse(payload) as string[];
  } catch {
    return undefined;
  }
}
