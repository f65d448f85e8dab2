import type { Settlement } from "../../contract/broker.js";
import { bytesOfSettlement, fitting } from "../../contract/size.js";
import type { RunningJob } from "../attempt/running.js";

/** Endings that travel in one call, by place. What is dealt with alone is taken out of both lists. */
export interface Batch {
  readonly jobs: RunningJob[];
  readonly settlements: Settlement[];
}

/** Attempts that have ended here, and what is to be written of each until the store has confirmed it. */
export class Endings {
  /** Called when there may be something to do: an ending is here, or a slot is free. */
  changed: () => void = () => {};
  #jobs: RunningJob[] = [];
  #settlements: Settlement[] = [];
  /** Endings in the calls under way. */
  readonly #travelling = new Set<readonly RunningJob[]>();

  /** How many wait to be written. */
  get waiting(): number {
    return this.#settlements.length;
  }

  /** Jobs that have ended here and are not known to be settled. */
  get unsettled(): readonly RunningJob[] {
    return this.#travelling.size === 0 ? this.#jobs : [...[...this.#travelling].flat(), ...this.#jobs];
  }

  add(job: RunningJob, settlement: Settlement): void {
    this.#jobs.push(job);
    this.#settlements.push(settlement);
    this.changed();
  }

  /** The first of them, at most so many, and so large in all that one call takes them. To be `landed`. */
  depart(most: number): Batch {
    const [jobs, settlements] = [this.#jobs, this.#settlements];
    const count = fitting(settlements, bytesOfSettlement, most);
    this.#jobs = jobs.splice(count);
    this.#settlements = settlements.splice(count);
    this.#travelling.add(jobs);
    return { jobs, settlements };
  }

  /** What is left of a batch waits for the next call. */
  putBack({ jobs, settlements }: Batch): void {
    this.#jobs = [...jobs, ...this.#jobs];
    this.#settlements = [...settlements, ...this.#settlements];
  }

  /** The call with this batch is over. */
  landed({ jobs }: Batch): void {
    this.#travelling.delete(jobs);
  }
}
