import { type Clock, steadyNow } from "../clock.js";

/**
 * How long equal messages are counted before the first count is logged, and the longest such time.
 * Each is four times the one before.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/** Kinds that are counted at once; beyond it the oldest is logged and dropped. */
const KINDS = 1_000;

interface Kind {
  readonly more: (count: number, ms: number) => void;
  count: number;
  since: number;
  windowMs: number;
  cancel: () => void;
}

/**
 * Keeps a thousand equal failures from being a thousand messages.
 * The first of a kind is logged whole. Those that follow within a second are counted and logged as one line,
 * then those within four, and so on up to five minutes. A kind that was quiet for one such time is logged
 * whole again.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param kind what makes two messages equal
   * @param whole logs the first
   * @param more logs how many followed in so many ms
   */
  tell(kind: string, whole: () => void, more: (count: number, ms: number) => void): void {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return void known.count++;
    if (this.#kinds.size >= KINDS) this.#end(this.#kinds.keys().next().value!);
    const fresh: Kind = { more, count: 0, since: steadyNow(this.#clock), windowMs: FIRST_MS, cancel: () => {} };
    this.#kinds.set(kind, fresh);
    this.#await(kind, fresh);
    whole();
  }

  /** Logs what was counted so far and drops all kinds. */
  close(): void {
    while (this.#kinds.size > 0) this.#end(this.#kinds.keys().next().value!);
  }

  #await(name: string, kind: Kind): void {
    kind.cancel = this.#clock.after(kind.windowMs, () => {
      if (kind.count === 0) return void this.#kinds.delete(name);
      this.#tell(kind);
      kind.windowMs = Math.min(kind.windowMs * 4, LONGEST_MS);
      this.#await(name, kind);
    });
  }

  #end(name: string): void {
    const kind = this.#kinds.get(name)!;
    this.#kinds.delete(name);
    kind.cancel();
    if (kind.count > 0) this.#tell(kind);
  }

  #tell(kind: Kind): void {
    const [count, now] = [kind.count, steadyNow(this.#clock)];
    const ms = now - kind.since;
    kind.count = 0;
    kind.since = now;
    kind.more(count, ms);
  }
}
