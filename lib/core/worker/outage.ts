import type { Clock, Dice } from "../clock.js";
import type { Log } from "../log.js";
import { describe } from "../log/describe.js";

/** First and longest wait before the store is asked again. */
const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * How long the store has been failing, and when to ask again. Says so once when it begins and once when it is
 * over.
 */
export class Outage {
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #log: Log;
  #since: number | undefined;
  /** How it fails: it answers, and refuses; or nobody answers. */
  #refused = false;
  #calls = 0;
  #tries = 0;

  constructor(clock: Clock, dice: Dice, log: Log) {
    this.#clock = clock;
    this.#dice = dice;
    this.#log = log;
  }

  get lasting(): boolean {
    return this.#since !== undefined;
  }

  /** Takes note of a call that failed. */
  noticed(error: unknown): void {
    this.#calls++;
    const refused = hasRefused(error);
    // Once of each: who looks at the network while the server refuses looks in the wrong place.
    if (this.#since !== undefined && refused === this.#refused) return;
    this.#since ??= this.#clock.now();
    this.#refused = refused;
    const [what, when] = refused ? ["answers and refuses", "takes it"] : ["does not answer", "is back"];
    this.#log.error(`The store ${what}; running handlers go on, and what they did is kept and written when it ${when}: ${describe(error)}`);
  }

  /**
   * As `noticed`, for a call that is tried again.
   * @returns the wait before the next try: doubling from 100 ms up to 5 s, of which the second half is drawn,
   *   so that workers that lost the store together do not come back together
   */
  failed(error: unknown): number {
    this.noticed(error);
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries++);
    return Math.ceil((ceiling * (1 + this.#dice())) / 2);
  }

  over(): void {
    if (this.#since === undefined) return;
    this.#log.log(`The store is back after ${this.#clock.now() - this.#since} ms and ${this.#calls} failed calls.`);
    this.#since = undefined;
    this.#refused = false;
    this.#calls = 0;
    this.#tries = 0;
  }
}

/** Whether a store was there and said no, as its own errors tell. Of any other error nobody knows. */
export function hasRefused(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "string" && code.startsWith("STEM_") && code !== "STEM_STORE_UNREACHABLE";
}

/**
 * Whether asking again is pointless, because the adapter was closed. By code, so that another realm's or
 * copy's error counts.
 */
export function isClosed(error: unknown): boolean {
  return codeOf(error) === "STEM_STORE_CLOSED";
}

function codeOf(error: unknown): unknown {
  try {
    return typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  } catch {
    return undefined;
  }
}
