const TURN_MS = 100;

/** How long after the last job it could not run a worker keeps to its turns. */
const KEPT_MS = 5_000;

/**
 * After turns without a job that this worker can run it leaves out 0, 1, then 3 of them.
 * With two kinds of workers it then looks every 0.8 s.
 */
const MOST_IN_VAIN = 7;

/**
 * When a worker that has met jobs it cannot run may take from their queue.
 * Without turns nine old workers would take a job before the one new worker again and again. The time of the
 * store is cut into turns of 100 ms, which go round among the kinds of live workers; a worker that can run
 * everything it meets takes at any time.
 */
export class Rota {
  #until = Number.NEGATIVE_INFINITY;
  #opensAt = Number.NEGATIVE_INFINITY;
  #place = 0;
  #of = 1;
  #vain = 0;

  /** The moment from which the queue may be asked again; a past one: now. All times are the store's. */
  opensAt(now: number): number {
    if (now < this.#opensAt) return this.#opensAt;
    if (now >= this.#until || this.#isOurs(now)) return Number.NEGATIVE_INFINITY;
    return this.#next(now);
  }

  /** Asks for nothing until the other workers are known. */
  hold(): void {
    this.#opensAt = Number.POSITIVE_INFINITY;
  }

  /** Takes at any time again: no other worker would gain by the turns. */
  release(): void {
    this.#opensAt = Number.NEGATIVE_INFINITY;
    this.#until = Number.NEGATIVE_INFINITY;
    this.#vain = 0;
  }

  /** @param vain the queue brought nothing that can be run here since it was last asked */
  refused(now: number, { place, of }: { readonly place: number; readonly of: number }, vain: boolean): void {
    this.#place = place;
    this.#of = of;
    this.#until = now + KEPT_MS;
    this.#vain = vain ? Math.min(MOST_IN_VAIN, this.#vain * 2 + 1) : 0;
    this.#opensAt = this.#next(now) + Math.floor(this.#vain / 2) * TURN_MS * of;
  }

  #isOurs(now: number): boolean {
    return Math.floor(now / TURN_MS) % this.#of === this.#place;
  }

  /** The beginning of the next own turn after the present one. */
  #next(now: number): number {
    const turn = Math.floor(now / TURN_MS);
    const wait = (((this.#place - turn) % this.#of) + this.#of) % this.#of;
    return (turn + (wait === 0 ? this.#of : wait)) * TURN_MS;
  }
}
