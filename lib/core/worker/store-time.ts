import type { Clock } from "../clock.js";

/** The store's clock as this process knows it: what the store last said, plus the time since. Behind by the way of the answer, never ahead. */
export class StoreTime {
  readonly #clock: Clock;
  #ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The store has just said what time it is. */
  heard(now: number): void {
    this.#ahead = now - this.#clock.now();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#clock.now() + this.#ahead;
  }
}
