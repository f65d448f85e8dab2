import { CALL_BYTES } from "./size.js";

/** The next portion is at most so many times the last: what follows small ones may be large. */
const GROWTH = 8;
/** Knowing nothing, and after a failure, so many: of the largest payloads that are usual they fit. */
const CAREFUL = 8;

/**
 * How many things of unknown size to ask a store for in one call, so that about `CALL_BYTES` come back:
 * judged by what came last.
 */
export class Portion {
  #most = CAREFUL;

  /** So many, of those wished for. */
  of(wished: number): number {
    return wished < this.#most ? wished : this.#most;
  }

  /** So many came, and so large in all. */
  came(count: number, bytes: number): void {
    if (count === 0) return;
    const fit = bytes === 0 ? Number.POSITIVE_INFINITY : Math.floor((CALL_BYTES * count) / bytes);
    this.#most = Math.max(1, Math.min(fit, this.#most * GROWTH));
  }

  /** The call failed, perhaps for the size of its answer. */
  failed(): void {
    this.#most = Math.min(this.#most, CAREFUL);
  }
}
