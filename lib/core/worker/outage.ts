import type { Clock, Dice } from "../clock.js";
import type { Log } from "../log.js";
import { describe } from "../log/describe.js";

/** First and longest wait before the store is asked again. */
const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * How long the store has been failing, and when to ask again.
 * It logs once when that begins and once when it is over.
 */
export class Outage {
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #log: Log;
  #since: number | undefined;
  /** How it fails: true if the server answers and refuses, false if there is no answer. */
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

  /** Notes a call that failed. */
  noticed(error: unknown): void {
    this.#calls++;
    const refused = hasRefused(error);
    // Logged once each: while the server refuses, a message about the network would mislead.
    if (this.#since !== undefined && refused === this.#refused) return;
    this.#since ??= this.#clock.now();
    this.#refused = refused;
    const [what, when] = refused ? ["answers and refuses", "takes it"] : ["does not answer", "is back"];
    this.#log.error(`The store ${what}; running handlers go on, and what they did is kept and written when it ${when}: ${describe(error)}`);
  }

  /**
   * As `noticed`, for a call that is tried again.
   * @returns the wait before the next try: doubling from 100 ms up to 5 s, of which the second half is drawn,
   * so that workers that lost the store together do not come back together
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

/** Whether the store answered and refused, by its own errors. Other errors do not count. */
export function hasRefused(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "string" && code.startsWith("STEM_") && code !== "STEM_STORE_UNREACHABLE";
}

/**
 * Whether asking again is pointless, because the adapter was closed.
 * By code, so that another realm's or copy's error counts.
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
