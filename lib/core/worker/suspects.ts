import { queueMicrotask } from "../timers.js";
import type { RunningJob } from "../attempt/running.js";

/** A job that was lent this often to workers that died may be what kills them. */
export const SUSPECT_LAPSES = 2;

/**
 * Keeps a job that kills its worker from taking others along until they are dead as well. What is claimed
 * together with it lapses together with it, comes back together and would be claimed together again. So of
 * all jobs that have lapsed twice a worker runs one at a time: the others are handed back, and the one begins
 * only when the store has confirmed that they are. It then kills nothing but itself, and others that run
 * beside it get two lapses from it at most.
 */
export class Suspects {
  #one: RunningJob | undefined;
  #begin: (() => void) | undefined;
  readonly #handedBack = new Set<RunningJob>();
  #looking = false;

  /**
   * @param begin starts the job; called once, when those of the same claim that had to be handed back are
   * @returns false if another one is here: this one is to be handed back
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
   * The store has confirmed how a job ended here, or that it is somebody else's.
   *
   * @returns true if it was handed back unstarted
   */
  settled(job: RunningJob): boolean {
    const was = this.#handedBack.size > 0 && this.#handedBack.delete(job);
    if (was) this.#look();
    return was;
  }

  /** A job has ended here. */
  ended(job: RunningJob): void {
    if (this.#one !== job) return;
    this.#one = undefined;
    this.#begin = undefined;
  }

  /** In a turn of its own, when all of a claim have been looked at. */
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
