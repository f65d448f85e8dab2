import type { RunningJobs } from "../attempt/running.js";

/** From so many slots on, half of them is a batch worth a separate call. */
const WORTH_TWO = 32;

/**
 * How many handlers may run in this process, and how many more the store may be asked for. Read at each turn,
 * so that `limit` may change while the worker runs.
 */
export class Slots {
  /** How many handlers may run at once. */
  limit: number;
  /** Slots that claims under way ask for. */
  asked = 0;
  readonly #running: RunningJobs;
  readonly #remote: boolean;

  /** @param remote the store is a server: while it works at one call, another may go out */
  constructor(limit: number, running: RunningJobs, remote: boolean) {
    this.limit = limit;
    this.#running = running;
    this.#remote = remote;
  }

  /** Slots in which nothing runs and which no call asks for. */
  get free(): number {
    return this.limit - this.#running.count - this.asked;
  }

  /** How many calls may be under way at once. */
  get calls(): 1 | 2 {
    return this.#remote && this.limit >= WORTH_TWO ? 2 : 1;
  }

  /** With two calls, at most so many endings, and so many new jobs, in each. */
  get share(): number {
    return Math.ceil(this.limit / this.calls);
  }

  /** A second call goes out with at least so many endings or free slots. */
  get second(): number {
    return this.calls === 1 ? Number.POSITIVE_INFINITY : Math.ceil(this.limit / 4);
  }
}
