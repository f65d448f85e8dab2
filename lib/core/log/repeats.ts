import { type Clock, steadyNow } from "../clock.js";

/**
 * How long equal messages are counted before the first count is told, and the longest such time. Each is four
 * times the one before.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/** Kinds that are counted at once; beyond it the one that was met first is told and forgotten. */
const KINDS = 1_000;

interface Kind {
  readonly more: (count: number, ms: number) => void;
  count: number;
  since: number;
  windowMs: number;
  cancel: () => void;
}

/**
 * Keeps a thousand equal failures from being a thousand messages: the first of a kind is told whole, those
 * that follow within a second are counted and told as one line, then those within four, and so on up to five
 * minutes. A kind that was quiet for one such time is told whole again.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param kind what makes two messages equal
   * @param whole tells the first
   * @param more tells how many followed in so many ms
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

  /** Tells what was counted so far and forgets all kinds. */
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
