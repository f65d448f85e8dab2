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
import { checkNewLives } from "./anew.js";
import { claim } from "./claim.js";
import { endedIn } from "./ended.js";
import { checkPayloads, insertAtOnce, insertJobs, isLarge, isLinked } from "./enqueue.js";
import { settle } from "./settle.js";
import { News, type Store } from "./store.js";
import { inTransaction } from "./transaction/index.js";

/** The line of jobs. */
export class PostgresBroker implements Broker {
  readonly #store: Store;
  readonly #adapter: Pick<Adapter, "name" | "honours">;

  constructor(store: Store, adapter: Pick<Adapter, "name" | "honours">) {
    this.#store = store;
    this.#adapter = adapter;
  }

  async enqueue(jobs: readonly NewJob[], options?: Within): Promise<Enqueued> {
    const store = this.#store;
    checkJobs(jobs, this.#adapter);
    checkPayloads(jobs);
    const queues = jobs.map(({ queue }) => queue);
    if (options?.transaction !== undefined)
      return inTransaction(store, options, isLinked(jobs) ? "read committed" : "any isolation", async (tx) => {
        if (jobs.length === 0) return { met: [] };
        await store.learnQueues(queues);
        return { met: metKnown(await insertJobs(store, tx, jobs, "in the caller's transaction")) };
      });
    if (jobs.length === 0) return { met: [] };
    await store.learnQueues(queues);
    const thoroughly = (): Promise<Enqueued> =>
      store.transact(options, async (tx) => withEnded({ met: metKnown(await insertJobs(store, tx, jobs, "refuse")) }, await endedIn(tx)));
    if (isLinked(jobs) || isLarge(jobs) || jobs.some(({ known }) => known === "again")) return thoroughly();
    const duplicates = await insertAtOnce(store, jobs, options?.now);
    if (duplicates === undefined) return thoroughly();
    const news = new News();
    for (const queue of queues) news.queues.add(queue);
    news.isEarlier = jobs.some(({ dueAt }) => dueAt !== undefined);
    store.announce(news);
    return { met: metKnown(duplicates) };
  }

  async claim(request: Claim, options?: At): Promise<Claimed> {
    return claim(this.#store, request, options);
  }

  async settle(settlements: readonly Settlement[], next?: Claim, options?: At): Promise<Settled> {
    checkAlong(settlements, this.#adapter);
    for (const { enqueue } of settlements) if (enqueue !== undefined) checkPayloads(enqueue);
    checkNewLives(settlements);
    if (settlements.length === 0) {
      if (next !== undefined) return { lost: [], claimed: await claim(this.#store, next, options) };
      await this.#store.rows("SELECT 1 WHERE false");
      return { lost: [] };
    }
    return settle(this.#store, settlements, next, options);
  }
}
