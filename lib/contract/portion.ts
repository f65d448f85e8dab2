import { CALL_BYTES } from "./size.js";

/** The next portion is at most so many times the last: small things may be followed by large ones. */
const GROWTH = 8;
/** The size of the first portion, and of one after a failure. So many of the largest usual payloads fit. */
const CAREFUL = 8;

/**
 * How many things of unknown size to ask a store for in one call.
 * The answer should have about `CALL_BYTES`; the last answers give the estimate.
 */
export class Portion {
  #most = CAREFUL;

  /** The size of the next portion, of those wished for. */
  of(wished: number): number {
    return wished < this.#most ? wished : this.#most;
  }

  /** Notes how many came, and their size in all. */
  came(count: number, bytes: number): void {
    if (count === 0) return;
    const fit = bytes === 0 ? Number.POSITIVE_INFINITY : Math.floor((CALL_BYTES * count) / bytes);
    this.#most = Math.max(1, Math.min(fit, this.#most * GROWTH));
  }

  /** Notes that the call failed, perhaps because of the size of its answer. */
  failed(): void {
    this.#most = Math.min(this.#most, CAREFUL);
  }
}
