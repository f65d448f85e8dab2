import {
  cancelledWith,
  checkAlong,
  checkJobs,
  metKnown,
  type At,
  type Broker,
  type Cancelled,
  type Adapter,
  type Claim,
  type Claimed,
  type DeadLetters,
  type Enqueued,
  type Within,
  type NewJob,
  type Removed,
  type Settled,
  type Settlement,
  withEnded,
} from "../../contract/index.js";
import { cancelAll } from "./cancel.js";
import { claim } from "./claim.js";
import { deadLetters } from "./deadletters.js";
import { takeEnded } from "./ended.js";
import { insertJobs } from "./enqueue.js";
import { removeAll } from "./remove.js";
import { settleAll } from "./settle.js";
import type { Store } from "./store.js";
import type { Guests } from "./transaction/guests.js";

/** The line of jobs: each verb is one transaction. */
export class SqliteBroker implements Broker {
  readonly deadLetters: DeadLetters;
  readonly #store: Store;
  readonly #guests: Guests;
  readonly #adapter: Pick<Adapter, "name" | "honours">;

  constructor(store: Store, guests: Guests, adapter: Pick<Adapter, "name" | "honours">) {
    this.#store = store;
    this.#guests = guests;
    this.#adapter = adapter;
    this.deadLetters = deadLetters(store);
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

  async remove(ids: readonly string[], options?: At): Promise<readonly Removed[]> {
    if (ids.length === 0) return [];
    const now = this.#store.clock(options);
    return this.#store.write(() => {
      const answers = removeAll(this.#store, ids, now);
      // Whoever removes a job knows that it has ended.
      this.#store.ended = [];
      return answers;
    });
  }

  async cancel(ids: readonly string[], reason: string, options?: At): Promise<readonly Cancelled[]> {
    if (ids.length === 0) return [];
    const now = this.#store.clock(options);
    const answers = this.#store.write(() => cancelledWith(cancelAll(this.#store, ids, reason, now), takeEnded(this.#store)));
    const stopped = answers.filter(({ as, was }) => as === "cancelled" && was === "active").map(({ id }) => id);
    if (stopped.length > 0) this.#store.tell({ kind: "cancelled", ids: stopped });
    return answers;
  }
}
