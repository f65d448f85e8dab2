import assert from "node:assert/strict";
import type {
  Adapter,
  Along,
  Answer,
  At,
  Claim,
  Change,
  Changed,
  Claimed,
  Delivery,
  Ending,
  Enqueued,
  Failure,
  JobFilter,
  JobRecord,
  JobState,
  NewJob,
  QueueInfo,
  Settled,
  Settlement,
  Which,
} from "../../contract/index.js";
import type { LawStore, LawTransaction } from "./subject.js";

/** Any fixed instant will do: 2026-01-01T00:00:00Z. */
const START = Date.UTC(2026, 0, 1);

/** The lease of workers that the law did not register by `hire`. One hour. */
const LONG_LEASE_MS = 3_600_000;

let benches = 0;

/** The tools of a law: an adapter on an empty store, a clock, names, and short forms of the common verbs. */
export class LawBench {
  readonly adapter: Adapter;
  /** The law's own time, in milliseconds since the epoch; only the law moves it. */
  now = START;
  /** Queue of the jobs made by `job`. */
  readonly queue: string;

  readonly #store: LawStore;
  readonly #prefix = `law${++benches}`;
  readonly #hired = new Set<string>();
  #serial = 0;
  #other: Promise<Adapter> | undefined;

  /** How long a law waits for a hint, in milliseconds. */
  readonly hintWithinMs: number;

  constructor(store: LawStore, hintWithinMs = 3_000) {
    this.#store = store;
    this.hintWithinMs = hintWithinMs;
    this.adapter = store.adapter;
    this.queue = this.name("queue");
  }

  /** A second connection to the same store. */
  other(): Promise<Adapter> {
    return (this.#other ??= this.#store.other());
  }

  /** Begins a transaction as a caller would. */
  async transaction(): Promise<LawTransaction> {
    assert.ok(this.#store.transaction, "the adapter claims transactions, so LawStore.transaction is wanted");
    return this.#store.transaction();
  }

  /** The `{ now }` to give to a verb. */
  get at(): Required<At> {
    return { now: this.now };
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.now += ms;
  }

  /** A name that no other law uses; the same for the same word. */
  name(word: string): string {
    return `${this.#prefix}.${word}`;
  }

  /** A job with a new id in the bench's queue. */
  job(over: Partial<NewJob> = {}): NewJob {
    return { id: this.name(`job${++this.#serial}`), task: this.name("task"), queue: this.queue, payload: "{}", ...over };
  }

  /** As many jobs, in the order they will be stored, each with these fields. */
  jobs(count: number, over: Partial<NewJob> | ((index: number) => Partial<NewJob>) = {}): NewJob[] {
    return Array.from({ length: count }, (_, index) => this.job(typeof over === "function" ? over(index) : over));
  }

  enqueue(...jobs: NewJob[]): Promise<Enqueued> {
    return this.adapter.broker.enqueue(jobs, this.at);
  }

  /** Stores one job made of these fields and returns it. */
  async put(over: Partial<NewJob> = {}): Promise<NewJob> {
    const job = this.job(over);
    await this.enqueue(job);
    return job;
  }

  /** Registers a worker, or renews it, with this lease. From then on only the law renews it. */
  async hire(worker: string, leaseMs = LONG_LEASE_MS): Promise<void> {
    this.#hired.add(worker);
    await this.adapter.workers.renew({ id: worker, leaseMs, info: {} }, [], this.at);
  }

  /**
   * Claims; default up to 10 from the bench's queue for worker `ann`.
   * A worker that was not hired gets a live lease first.
   */
  async claim(over: Partial<Claim> = {}): Promise<Claimed> {
    return this.adapter.broker.claim(await this.ask(over), this.at);
  }

  /** The claim itself, to be used by the law. */
  async ask(over: Partial<Claim> = {}): Promise<Claim> {
    const worker = over.worker ?? "ann";
    if (!this.#hired.has(worker)) await this.adapter.workers.renew({ id: worker, leaseMs: LONG_LEASE_MS, info: {} }, [], this.at);
    return { worker, from: over.from ?? [{ queue: this.queue }], limit: over.limit ?? 10, ...(over.upward && { upward: true }) };
  }

  async take(over: Partial<Claim> = {}): Promise<readonly Delivery[]> {
    return (await this.claim(over)).deliveries;
  }

  /** Claims and expects exactly one delivery. */
  async takeOne(over: Partial<Claim> = {}): Promise<Delivery> {
    return one(await this.take(over));
  }

  settle(...settlements: Settlement[]): Promise<Settled> {
    return this.adapter.broker.settle(settlements, undefined, this.at);
  }

  /** Settles one delivery and expects that it counts. */
  async end(delivery: Delivery, ending: Along & Ending): Promise<void> {
    assert.deepEqual((await this.settle({ lease: delivery.lease, ...ending })).lost, [], `the lease of ${delivery.job.id} was not good`);
  }

  succeed(delivery: Delivery, result?: string): Promise<void> {
    return this.end(delivery, { as: "succeeded", ...(result !== undefined && { result }) });
  }

  fail(delivery: Delivery, message = "boom"): Promise<void> {
    return this.end(delivery, { as: "failed", cause: "error", error: failure(message) });
  }

  change(which: Which, change: Change): Promise<Changed> {
    return this.adapter.jobs.change(which, change, this.at);
  }

  async cancel(jobIds: readonly string[], reason = "stop"): Promise<readonly Answer[]> {
    return (await this.change({ ids: jobIds }, { to: "cancelled", reason })).answers;
  }

  async forget(jobIds: readonly string[]): Promise<readonly Answer[]> {
    return (await this.change({ ids: jobIds }, { to: "forgotten" })).answers;
  }

  /** Makes jobs ready again; returns those that moved. */
  async retry(jobIds: readonly string[]): Promise<readonly string[]> {
    const { answers } = await this.change({ ids: jobIds }, { to: "ready" });
    return answers.filter(({ as }) => as === "changed").map(({ id }) => id);
  }

  /** One page of dead letters. */
  async dead(filter: JobFilter = {}): Promise<readonly JobRecord[]> {
    return (await this.adapter.jobs.list({ ...filter, dead: true }, this.at)).items;
  }

  /** Forgets dead letters in one step; returns how many. */
  async purge(filter: JobFilter = {}): Promise<number> {
    const { answers } = await this.change({ ...filter, dead: true } as Which, { to: "forgotten" });
    return answers.filter(({ as }) => as === "changed").length;
  }

  async record(id: string): Promise<JobRecord | undefined> {
    const found = await this.adapter.jobs.get([id], this.at);
    assert.equal(found.length, 1, "get answers once per id");
    return found[0];
  }

  async known(id: string): Promise<JobRecord> {
    const record = await this.record(id);
    assert.ok(record, `job ${id} is not stored`);
    return record;
  }

  async state(id: string): Promise<JobState> {
    return (await this.known(id)).state;
  }

  async states(...jobs: readonly { readonly id: string }[]): Promise<readonly JobState[]> {
    return Promise.all(jobs.map((job) => this.state(job.id)));
  }

  /** All queues, with what they hold. */
  async queues(): Promise<readonly QueueInfo[]> {
    const { items, next } = await this.adapter.queues.list({}, this.at);
    assert.equal(next, undefined, "few queues fit on a page");
    return items;
  }

  pause(...queues: readonly string[]): Promise<void> {
    return this.adapter.queues.change(queues, { paused: true }, this.at);
  }

  resume(...queues: readonly string[]): Promise<void> {
    return this.adapter.queues.change(queues, { paused: false }, this.at);
  }

  /**
   * Runs all due jobs of the queue until none is due, each ended by `handler`.
   * Returns the ids in the order they were lent.
   */
  async drain(
    handler: (delivery: Delivery) => Ending = () => ({ as: "succeeded" }),
    over: Partial<Claim> = {},
  ): Promise<readonly string[]> {
    const lent: string[] = [];
    for (let found = await this.take(over); found.length > 0; found = await this.take(over)) {
      lent.push(...ids(found));
      assert.ok(lent.length <= 10_000, "jobs are lent without end");
      const settlements: Settlement[] = [];
      for (const delivery of found) settlements.push({ lease: delivery.lease, ...handler(delivery) });
      await this.settle(...settlements);
    }
    return lent;
  }
}

/** The one element of a list that must have just one. */
export function one<T>(list: readonly T[]): T {
  assert.equal(list.length, 1, `expected exactly one, found ${list.length}`);
  return list[0]!;
}

export function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ job }) => job.id);
}

/** For comparing lists whose order is not promised. */
export function sorted(list: readonly string[]): string[] {
  return [...list].sort();
}

export function failure(message = "boom"): Failure {
  return { name: "Error", message };
}
