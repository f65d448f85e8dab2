import type { Jobs } from "../../contract/jobs.js";
import type { Clock, Dice } from "../clock.js";
import type { Log } from "../log.js";
import { describe } from "../log/describe.js";

const EVERY_MS = 60_000;
const PER_CALL = 1_000;

/**
 * Forgets what retention has ended: about once a minute, when the worker has nothing better to do, or else a
 * minute later.
 */
export class Maintenance {
  readonly #jobs: Jobs;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #log: Log;
  readonly #due: () => void;
  #state: "waiting" | "due" | "overdue" = "waiting";
  #cancel: (() => void) | undefined;

  /** @param due told when `chore` has something to do */
  constructor(parts: { readonly jobs: Jobs; readonly clock: Clock; readonly dice: Dice; readonly log: Log; readonly due: () => void }) {
    this.#jobs = parts.jobs;
    this.#clock = parts.clock;
    this.#dice = parts.dice;
    this.#log = parts.log;
    this.#due = parts.due;
  }

  /** Draws the wait anew each time, so that many workers do not prune at once: 30 to 90 s. */
  start(): void {
    this.stop();
    this.#cancel = this.#clock.after(Math.floor(EVERY_MS * (0.5 + this.#dice())), () => {
      this.#state = this.#state === "waiting" ? "due" : "overdue";
      this.start();
      this.#due();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /**
   * One call's worth of pruning, if it is due and the moment is right. Never rejects: a failure is logged,
   * and the next minute will do.
   */
  chore(idle: boolean): Promise<void> | undefined {
    return this.#state === "overdue" || (idle && this.#state === "due") ? this.#prune() : undefined;
  }

  async #prune(): Promise<void> {
    try {
      if ((await this.#jobs.prune(PER_CALL)) < PER_CALL) this.#state = "waiting";
      else this.#state = "due";
    } catch (error) {
      this.#state = "waiting";
      this.#log.warn(`Ended jobs past their retention could not be forgotten this time: ${describe(error)}`);
    }
  }
}
