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
import { deadLetters } from "./deadletters.js";
import { takeEnded } from "./ended.js";
import { insertJobs } from "./enqueue.js";
import { removeAll } from "./remove.js";
import { present } from "./results.js";
import { settleAll } from "./settle.js";
import { LEVELS, type Store } from "./store.js";
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

  async enqueue(jobs: readonly NewJob[], options?: EnqueueOptions): Promise<Enqueued> {
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
    for (const settlement of settlements)
      if (settlement.as === "succeeded" && settlement.enqueue !== undefined) checkJobs(settlement.enqueue, this.#adapter);
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

  async pause(queues: readonly string[], _options?: At): Promise<void> {
    this.#setPaused(queues, 1);
  }

  async resume(queues: readonly string[], _options?: At): Promise<void> {
    this.#setPaused(queues, 0);
  }

  async queues(options?: At): Promise<readonly QueueInfo[]> {
    const now = this.#store.clock(options);
    const rows = this.#store.read(() => this.#store.sql(COUNTS).all({ now })) as (Omit<QueueInfo, "paused"> & {
      readonly paused: number;
    })[];
    const held = (row: (typeof rows)[number]): boolean =>
      row.paused + row.ready + row.delayed + row.active + row.blocked + row.parked + row.dead > 0;
    return Array.from(rows.filter(held), (row) => ({ ...row, paused: row.paused === 1 }));
  }

  #setPaused(queues: readonly string[], paused: 0 | 1): void {
    this.#store.write(() => {
      for (const queue of queues) {
        this.#store.sql("UPDATE queues SET paused = ? WHERE no = ?").run(paused, this.#store.queueNumber(queue));
        if (paused === 0) this.#store.hintWork(queue);
      }
    });
  }
}

/** Unfinished jobs and dead letters per queue, each counted in a small table or a covering index. */
const COUNTS = `
  WITH
    waiting AS (SELECT lane / ${LEVELS} AS no, count(*) AS n, total(due_at <= @now) AS due FROM line GROUP BY 1),
    lent AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM active a CROSS JOIN jobs j ON j.seq = a.seq GROUP BY 1),
    held AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM jobs j LEFT JOIN ended e ON e.seq = j.seq WHERE j.open > 0 AND e.seq IS NULL GROUP BY 1),
    asleep AS (SELECT queue AS no, count(*) AS n FROM parked GROUP BY 1),
    dead AS (SELECT j.lane / ${LEVELS} AS no, count(*) AS n FROM ended e CROSS JOIN jobs j ON j.seq = e.seq
             WHERE e.state = 2 AND e.cause <> 'input' AND ${present("e")} GROUP BY 1)
  SELECT name AS queue, paused, cast(ifnull(waiting.due, 0) AS INTEGER) AS ready, ifnull(waiting.n, 0) - cast(ifnull(waiting.due, 0) AS INTEGER) AS delayed,
    ifnull(lent.n, 0) AS active, ifnull(held.n, 0) AS blocked, ifnull(asleep.n, 0) AS parked, ifnull(dead.n, 0) AS dead
  FROM queues LEFT JOIN waiting USING (no) LEFT JOIN lent USING (no) LEFT JOIN held USING (no) LEFT JOIN asleep USING (no) LEFT JOIN dead USING (no)
  ORDER BY name`;
