import type { Adapter } from "../../../lib/contract/adapter.js";
import type { Enqueued, Within } from "../../../lib/contract/broker.js";
import type { NewEvent } from "../../../lib/contract/events.js";
import { COMMON_KINDS } from "../../../lib/contract/fields.js";
import type { Hint } from "../../../lib/contract/hints.js";
import type { FinalState, NewJob } from "../../../lib/contract/job.js";
import { metKnown } from "../../../lib/contract/met.js";
import type { JobRecord } from "../../../lib/contract/jobs.js";
import type { Clock } from "../../../lib/core/clock.js";
import type { StemParts } from "../../../lib/core/client/parts.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import type { TaskOptions } from "../../../lib/core/task/task.js";

/** One call of a store verb that the test answers when it likes. */
export interface Held<A, R> {
  readonly asked: A;
  answer(result: R): void;
  fail(error: unknown): void;
}

/**
 * A store that does what the test says, call by call. It keeps records in `records`; while `holdEnqueue` or
 * `holdGet` is true, such calls wait in `enqueues` or `gets` until the test answers them. Every verb that is
 * not written here throws.
 */
export class FakeStore {
  readonly records = new Map<string, JobRecord>();
  readonly batches: (readonly NewJob[])[] = [];
  readonly options: (Within | undefined)[] = [];
  readonly events: NewEvent[] = [];
  readonly reads: (readonly string[])[] = [];
  readonly cancels: { readonly ids: readonly string[]; readonly reason: string }[] = [];
  readonly listeners = new Set<(hint: Hint) => void>();
  readonly enqueues: Held<readonly NewJob[], Enqueued>[] = [];
  readonly gets: Held<readonly string[], readonly (JobRecord | undefined)[]>[] = [];
  holdEnqueue = false;
  holdGet = false;
  /** Called with each batch before it is stored; throws to refuse it. */
  check: (jobs: readonly NewJob[]) => void = () => {};

  readonly adapter: Adapter;

  constructor() {
    const missing = new Proxy({}, { get: (_, verb) => () => Promise.reject(new Error(`${String(verb)} is not faked`)) });
    this.adapter = {
      name: "fake",
      capabilities: { durable: false, shared: false, transactions: true },
      honours: new Set(COMMON_KINDS),
      broker: {
        enqueue: (jobs: readonly NewJob[], options?: Within) => {
          this.batches.push(jobs);
          this.options.push(options);
          return this.holdEnqueue ? hold(this.enqueues, jobs) : this.#store(jobs);
        },
      },
      jobs: {
        get: (ids: readonly string[]) => {
          this.reads.push(ids);
          return this.holdGet ? hold(this.gets, ids) : Promise.resolve(this.read(ids));
        },
        change: async ({ ids = [] }: { readonly ids?: readonly string[] }, { reason }: { readonly reason: string }) => {
          this.cancels.push({ ids, reason });
          return { answers: ids.map((id) => ({ id, as: this.records.has(id) ? ("changed" as const) : ("unknown" as const) })) };
        },
      },
      events: {
        emit: async (events: readonly NewEvent[]) => {
          const duplicates = events.filter((event) => this.events.some(({ id }) => id === event.id)).map(({ id }) => id);
          this.events.push(...events.filter(({ id }) => !duplicates.includes(id)));
          return { duplicates, woken: [] };
        },
      },
      hints: {
        subscribe: (listener: (hint: Hint) => void) => {
          this.listeners.add(listener);
          return () => void this.listeners.delete(listener);
        },
        control: () => {},
      },
      journal: missing,
      schedules: missing,
      locks: missing,
      workers: missing,
      open: () => Promise.resolve(),
      close: () => Promise.resolve(),
      ping: () => Promise.resolve({ store: "fake", ms: 0 }),
    } as unknown as Adapter;
  }

  read(ids: readonly string[]): readonly (JobRecord | undefined)[] {
    return ids.map((id) => this.records.get(id));
  }

  /** The job ends; with a hint, unless it is to be lost. */
  end(id: string, state: FinalState, rest: Partial<JobRecord> = {}, hint: Hint | "lost" = { kind: "done", ids: [id] }): void {
    this.records.set(id, { ...this.records.get(id)!, state, ...rest });
    if (hint !== "lost") this.hint(hint);
  }

  hint(hint: Hint): void {
    for (const listener of this.listeners) listener(hint);
  }

  async #store(jobs: readonly NewJob[]): Promise<Enqueued> {
    this.check(jobs);
    const duplicates: string[] = [];
    for (const job of jobs) {
      if (this.records.has(job.id)) duplicates.push(job.id);
      else this.records.set(job.id, recordOf(job));
    }
    return { met: metKnown(duplicates) };
  }
}

export function recordOf(job: NewJob): JobRecord {
  const { id, task, queue, payload, priority = 0, headers, group } = job;
  return {
    id,
    task,
    queue,
    payload,
    priority,
    state: (job.waitsFor ?? 0) > 0 ? "blocked" : "ready",
    attempts: 0,
    lapses: 0,
    enqueuedAt: 0,
    dueAt: 0,
    ...(headers !== undefined && { headers }),
    ...(group !== undefined && { group }),
  };
}

/** A clock that stands until it is told to pass. */
export class StandingClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Somebody sets the clock: the time is another, but none has passed. */
  jump(ms: number): void {
    this.#now += ms;
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.timers.delete(next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = until;
  }
}

/** A Stem on a fake store, with one task, `mail.send`, in queue `mail`. */
export function stemOn(store = new FakeStore(), options: TaskOptions = {}, parts: Partial<StemParts> = {}) {
  const registry = new TaskRegistry();
  registry.add(defineTask({ name: "mail.send", kind: "task", where: "SendMail.run", run: () => {} }, { queue: "mail", ...options }));
  const clock = new StandingClock();
  return { store, registry, clock, stem: new Stem({ adapter: store.adapter, registry, clock, ...parts }) };
}

/** Lets everything that waits for nothing but its turn go on. */
export function turns(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

function hold<A, R>(list: Held<A, R>[], asked: A): Promise<R> {
  return new Promise((answer, fail) => list.push({ asked, answer, fail }));
}
