import {
  checkAlong,
  checkJobs,
  metKnown,
  type At,
  type Broker,
  type Adapter,
  type Claim,
  type Claimed,
  type Enqueued,
  type Within,
  type NewJob,
  type Settled,
  type Settlement,
  withEnded,
} from "../../contract/index.js";
import { claim } from "./claim.js";
import { takeEnded } from "./ended.js";
import { insertJobs } from "./enqueue.js";
import { settleAll } from "./settle.js";
import type { Store } from "./store.js";
import type { Guests } from "./transaction/guests.js";

/** The line of jobs: each verb is one transaction. */
export class SqliteBroker implements Broker {
  readonly #store: Store;
  readonly #guests: Guests;
  readonly #adapter: Pick<Adapter, "name" | "honours">;

  constructor(store: Store, guests: Guests, adapter: Pick<Adapter, "name" | "honours">) {
    this.#store = store;
    this.#guests = guests;
    this.#adapter = adapter;
  }

  async enqueue(jobs: readonly NewJob[], options?: Within): Promise<Enqueued> {
    checkJobs(jobs, this.#adapter);
    const now = this.#store.clock(options);
    if (options?.transaction !== undefined)
      return this.#guests.run(options.transaction, (inside) => {
        const met = metKnown(insertJobs(inside, jobs, now, true));
        // Whether they have ended is known when the caller has committed.
        inside.ended = [];
        return { met };
      });
    if (jobs.length === 0) return { met: [] };
    return this.#store.write(() => withEnded({ met: metKnown(insertJobs(this.#store, jobs, now, true)) }, takeEnded(this.#store)));
  }

  async claim(request: Claim, options?: At): Promise<Claimed> {
    return claim(this.#store, request, this.#store.clock(options));
  }

  async settle(settlements: readonly Settlement[], next?: Claim, options?: At): Promise<Settled> {
    checkAlong(settlements, this.#adapter);
    const now = this.#store.clock(options);
    if (settlements.length === 0 && next !== undefined) return { lost: [], claimed: claim(this.#store, next, now) };
    return this.#store.write(() => withEnded(settleAll(this.#store, settlements, next, now), takeEnded(this.#store)));
  }
}
