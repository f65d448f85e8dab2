import { type Clock, steadyNow } from "../clock.js";

/**
 * The store's clock in this process: its last answer plus the time since.
 * Changes of this host's clock do not matter. It is late by the way of the answer, never early.
 */
export class StoreTime {
  readonly #clock: Clock;
  #ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes the time in an answer of the store. */
  heard(now: number): void {
    this.#ahead = now - steadyNow(this.#clock);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return steadyNow(this.#clock) + this.#ahead;
  }
}
