import {
  cancelledWith,
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
  type EnqueueOptions,
  type NewJob,
  type QueueInfo,
  type Removed,
  type Settled,
  type Settlement,
  withEnded,
} from "../../contract/index.js";
import { cancelAll } from "./cancel.js";
import { claim } from "./claim.js";
import { texts } from "./connect/values.js";
import { deadLetters } from "./deadletters.js";
import { endedIn } from "./ended.js";
import { checkPayloads, insertAtOnce, insertJobs, isLarge, isLinked } from "./enqueue.js";
import { removeAll } from "./remove.js";
import { PRESENT } from "./results.js";
import { settle } from "./settle.js";
import { CLOCK, LEVELS, News, type Store } from "./store.js";
import { inTransaction } from "./transaction/index.js";

/** The line of jobs. */
export class PostgresBroker implements Broker {
  readonly deadLetters: DeadLetters;
  readonly #store: Store;
  readonly #adapter: Pick<Adapter, "name" | "honours">;

  constructor(store: Store, adapter: Pick<Adapter, "name" | "honours">) {
    this.#store = store;
    this.#adapter = adapter;
    this.deadLetters = deadLetters(store);
  }

  async enqueue(jobs: readonly NewJob[], options?: EnqueueOptions): Promise<Enqueued> {
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
    for (const settlement of settlements)
      if (settlement.as === "succeeded" && settlement.enqueue !== undefined) {
        checkJobs(settlement.enqueue, this.#adapter);
        checkPayloads(settlement.enqueue);
      }
    if (settlements.length === 0) {
      if (next !== undefined) return { lost: [], claimed: await claim(this.#store, next, options) };
      await this.#store.rows("SELECT 1 WHERE false");
      return { lost: [] };
    }
    return settle(this.#store, settlements, next, options);
  }

  async remove(ids: readonly string[], options?: At): Promise<readonly Removed[]> {
    if (ids.length === 0) return [];
    return this.#store.transact(options, (tx) => removeAll(tx, ids));
  }

  async cancel(ids: readonly string[], reason: string, options?: At): Promise<readonly Cancelled[]> {
    if (ids.length === 0) return [];
    return this.#store.transact(options, async (tx) => cancelledWith(await cancelAll(tx, ids, reason), await endedIn(tx)));
  }

  async pause(queues: readonly string[], _options?: At): Promise<void> {
    await this.#setPaused(queues, true);
  }

  async resume(queues: readonly string[], _options?: At): Promise<void> {
    await this.#setPaused(queues, false);
    const news = new News();
    for (const queue of queues) news.queues.add(queue);
    this.#store.announce(news);
  }

  async queues(options?: At): Promise<readonly QueueInfo[]> {
    const rows = (await this.#store.report(COUNTS, [options?.now ?? null])) as [
      string,
      boolean,
      number,
      number,
      number,
      number,
      number,
      number,
    ][];
    return rows.map(([queue, paused, ready, waiting, active, blocked, parked, dead]) => ({
      queue,
      paused,
      ready,
      delayed: waiting - ready,
      active,
      blocked,
      parked,
      dead,
    }));
  }

  async #setPaused(queues: readonly string[], paused: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.#store.learnQueues(queues);
      const set = await this.#store.rows("UPDATE stem.queues SET paused = $2::boolean WHERE name = ANY($1::text[]) RETURNING no", [
        texts(queues),
        paused,
      ]);
      if (set.length === new Set(queues).size) return;
      if (attempt === 3) throw this.#store.renumbered();
      // What was known of them was so in a store that is gone.
      this.#store.forget();
    }
  }
}

/** Unfinished jobs and dead letters per queue, each counted in a small table or an index. */
const COUNTS = `
  WITH
    waiting AS (SELECT lane / ${LEVELS} AS no, count(*) AS n, count(*) FILTER (WHERE due_at <= ${CLOCK}) AS due FROM stem.line GROUP BY 1),
    lent AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.active a JOIN stem.jobs j ON j.seq = a.seq GROUP BY 1),
    held AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL GROUP BY 1),
    asleep AS (SELECT queue AS no, count(*) AS n FROM stem.parked GROUP BY 1),
    dead AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM stem.ended e JOIN stem.jobs j ON j.seq = e.seq WHERE e.state = 2 AND e.cause <> 'input' AND ${PRESENT} GROUP BY 1)
  SELECT q.name, q.paused, coalesce(waiting.due, 0), coalesce(waiting.n, 0), coalesce(lent.n, 0), coalesce(held.n, 0), coalesce(asleep.n, 0), coalesce(dead.n, 0)
  FROM stem.queues q LEFT JOIN waiting USING (no) LEFT JOIN lent USING (no) LEFT JOIN held USING (no) LEFT JOIN asleep USING (no) LEFT JOIN dead USING (no)
  WHERE q.paused OR coalesce(waiting.n, lent.n, held.n, asleep.n, dead.n) > 0
  ORDER BY q.name`;
