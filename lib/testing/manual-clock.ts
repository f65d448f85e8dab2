import { OptionError } from "../contract/errors.js";
import type { Clock } from "../core/clock.js";
import { toMs, type Duration } from "../core/task/duration.js";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Taken before a test can replace them by fake ones. */
const { setInterval: realInterval, clearInterval: realClear } = globalThis;
const realNow = performance.now.bind(performance);

/** Real milliseconds that it may stand before waits are rejected: a test runner gives a test five seconds. */
const PATIENCE_MS = 2_000;

/**
 * A clock that stands still until the test moves it.
 * Timers call back while it passes them, in the order of their times.
 */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();
  /** Real time of the last move. */
  #movedAt = realNow();
  /** How many pieces of work are under way; while there are any, a standing clock is no fault. */
  #holds = 0;
  #tells = false;

  /**
   * @param start its first moment. Default: 1 January 2026, 00:00 UTC, so that a test has the same date every
   * day
   */
  constructor(start: Date | number = Date.UTC(2026, 0, 1)) {
    this.#now = momentOf(start);
  }

  now(): number {
    return this.#now;
  }

  /** `now()` as a date. */
  date(): Date {
    return new Date(this.#now);
  }

  /** Lets `duration` pass: `clock.advance("1m")`. */
  advance(duration: Duration): void {
    this.set(this.#now + toMs(duration, "duration to advance the clock by"));
  }

  /**
   * Goes on to `moment`. @throws {OptionError} `STEM_CLOCK_INVALID`: it lies in the past, or is not a moment
   */
  set(moment: Date | number): void {
    const target = momentOf(moment);
    if (target < this.#now) {
      throw new OptionError(
        "STEM_CLOCK_INVALID",
        `The clock stands at ${this.date().toISOString()} and cannot go back to ${new Date(target).toISOString()}.`,
        "Time only goes on; start a test with the earliest moment it needs.",
      );
    }
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = target;
    this.#movedAt = realNow();
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /**
   * Rejects waits that nothing can end from now on (`whenStuck`).
   * The testing kit calls it, since with it nothing runs between two drains.
   */
  tellWaits(): this {
    this.#tells = true;
    return this;
  }

  /** While work is done on it, real time may pass. @returns a function that ends the hold */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
      this.#movedAt = realNow();
    };
  }

  /**
   * Calls back when it has stood for two seconds of real time without work, once `tellWaits` was called.
   * @returns a function that ends the subscription
   */
  whenStuck(callback: () => void): () => void {
    if (!this.#tells) return () => {};
    let since = realNow();
    const timer = realInterval(() => {
      if (this.#holds > 0 || realNow() - Math.max(since, this.#movedAt) < PATIENCE_MS) return;
      since = realNow();
      callback();
    }, 100);
    return () => realClear(timer);
  }

  /** The earliest timer up to `target`; of equal ones the first that was set. */
  #next(target: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= target && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}

function momentOf(moment: Date | number): number {
  const ms = typeof moment === "number" ? moment : moment.getTime();
  if (Number.isSafeInteger(ms)) return ms;
  throw new OptionError(
    "STEM_CLOCK_INVALID",
    `The clock was given ${String(moment)}.`,
    "Give a valid Date, or whole milliseconds since the epoch.",
  );
}
