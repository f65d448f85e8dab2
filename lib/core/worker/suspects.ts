import { queueMicrotask } from "../timers.js";
import type { RunningJob } from "../attempt/running.js";

/** A job that was lent this often to workers that died may be what kills them. */
export const SUSPECT_LAPSES = 2;

/**
 * Keeps a job that kills its worker from using up the lapses of the jobs beside it.
 * Jobs that are claimed together lapse together, come back together and would be claimed together again. So
 * of all jobs that have lapsed twice a worker runs one at a time: the others are handed back, and the one
 * begins only when the store has confirmed that they are. It then kills nothing but itself, and others that
 * run beside it get two lapses from it at most.
 */
export class Suspects {
  #one: RunningJob | undefined;
  #begin: (() => void) | undefined;
  readonly #handedBack = new Set<RunningJob>();
  #looking = false;

  /**
   * @param begin starts the job; called once, when all jobs of the same claim that had to be handed back are
   * @returns false if another one is here: this one has to be handed back
   */
  admit(job: RunningJob, begin: () => void): boolean {
    if (this.#one !== undefined) {
      this.#handedBack.add(job);
      return false;
    }
    this.#one = job;
    this.#begin = begin;
    this.#look();
    return true;
  }

  /**
   * To be called when the store has confirmed how a job ended here, or that it was lost.
   *
   * @returns true if it was handed back unstarted
   */
  settled(job: RunningJob): boolean {
    const was = this.#handedBack.size > 0 && this.#handedBack.delete(job);
    if (was) this.#look();
    return was;
  }

  /** To be called when a job has ended here. */
  ended(job: RunningJob): void {
    if (this.#one !== job) return;
    this.#one = undefined;
    this.#begin = undefined;
  }

  /** In a separate turn, when all jobs of a claim have been looked at. */
  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    queueMicrotask(() => {
      this.#looking = false;
      const begin = this.#begin;
      if (begin === undefined || this.#handedBack.size > 0) return;
      this.#begin = undefined;
      begin();
    });
  }
}
