import { type Clock, steadyNow } from "../clock.js";

/**
 * The store's clock as this process knows it: what the store last said, plus the time since, whatever becomes
 * of the clock of this host. Behind by the way of the answer, never ahead.
 */
export class StoreTime {
  readonly #clock: Clock;
  #ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The store has just said what time it is. */
  heard(now: number): void {
    this.#ahead = now - steadyNow(this.#clock);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return steadyNow(this.#clock) + this.#ahead;
  }
}
