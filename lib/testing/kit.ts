import type { INestApplicationContext, OnApplicationBootstrap } from "@nestjs/common";
import { StemError } from "../contract/errors.js";
import type { DeathCause, Failure, JobState } from "../contract/job.js";
import type { JobRecord } from "../contract/jobs.js";
import type { Stem } from "../core/client/stem.js";
import { toMs, type Duration } from "../core/task/duration.js";
import { type InputFor, refOf, type Target } from "../core/task/ref.js";
import { STEM_ENVIRONMENT, type StemEnvironment } from "../nest/environment.js";
import { getRuntimeToken, StemRuntime } from "../nest/runtime.js";
import { drainJobs, type Drained, type DrainOptions } from "./drain.js";
import { fireDue, storeSchedules } from "./fire.js";
import { ManualClock } from "./manual-clock.js";
import { nextMoment } from "./next-moment.js";

/** A job for a test, with its payload decoded. */
export interface EnqueuedJob<I = unknown> {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly state: JobState;
  readonly payload: I;
  readonly priority: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly enqueuedAt: Date;
  /** The moment from which it may start, or could have started. */
  readonly dueAt: Date;
}

/** A dead letter with its payload decoded. */
export interface DeadJob {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly cause: DeathCause;
  readonly error: Failure;
  readonly attempts: number;
}

const PAGE = 1_000;

/**
 * Runs an app's jobs step by step, on a clock that stands still.
 * Nothing happens between two calls of `drain`.
 *
 * ```ts
 * const job = await kit.stem.enqueue(SendMail, { to: "ada@example.com" });
 * await kit.drain();
 * assert.equal(await job.result(), "sent");
 * ```
 */
export class StemTestKit implements OnApplicationBootstrap {
  readonly clock: ManualClock;
  readonly #runtime: StemRuntime;

  constructor(runtime: StemRuntime, clock: ManualClock) {
    this.#runtime = runtime;
    this.clock = clock;
  }

  /**
   * The kit of an app that was built with `useStemTesting`.
   *
   * @param instance name of the instance of Stem, if the app has several
   * @throws {StemError} `STEM_NOT_TESTING`: the app has another clock
   */
  static of(app: Pick<INestApplicationContext, "get">, instance?: string): StemTestKit {
    const { clock } = app.get<StemEnvironment>(STEM_ENVIRONMENT, { strict: false });
    if (!(clock instanceof ManualClock)) {
      throw new StemError(
        "STEM_NOT_TESTING",
        "The app runs on the real clock and its own store.",
        "Build it with useStemTesting(Test.createTestingModule({ imports: [AppModule] })).compile().",
      );
    }
    return new StemTestKit(app.get<StemRuntime>(getRuntimeToken(instance), { strict: false }), clock);
  }

  /** Schedules count from the start of the app. */
  onApplicationBootstrap(): Promise<void> {
    return storeSchedules(this.#runtime);
  }

  get stem(): Stem {
    return this.#runtime.stem;
  }

  /**
   * Fires due schedules and runs due jobs, and the jobs these enqueue, until nothing is due.
   * The clock stands still meanwhile. Waits between retries are the longest the task allows, so advancing by
   * them makes the retry due.
   *
   * @throws {StemError} `STEM_DRAIN_ENDLESS`: over 10,000 attempts, naming the busiest task;
   * `STEM_DRAIN_STUCK`: a handler does not return
   */
  async drain(options: DrainOptions = {}): Promise<Drained> {
    await fireDue(this.#runtime, options.patienceMs);
    return drainJobs(this.#runtime, this.clock, options);
  }

  /**
   * Lets `duration` pass and runs everything that falls due in it, in the order of its time.
   * That is retries, sleeps, deadlines and schedules.
   *
   * @throws as `drain`; `limit` is for the whole of it
   */
  async drainThrough(duration: Duration, options: DrainOptions = {}): Promise<Drained> {
    const end = this.clock.now() + toMs(duration, "duration to drain through");
    let attempts = 0;
    for (;;) {
      const left = (options.limit ?? 10_000) - attempts;
      attempts += (await this.drain({ ...options, limit: left })).attempts;
      const next = await nextMoment(this.#runtime);
      if (next === undefined || next > end) break;
      this.clock.set(Math.max(next, this.clock.now()));
    }
    this.clock.set(end);
    return { attempts };
  }

  /**
   * Jobs that are stored, of one task or all, in the order they were enqueued.
   * Jobs that have ended are among them as long as their result is kept.
   */
  async enqueued<const T extends Target>(target: T): Promise<readonly EnqueuedJob<InputFor<T>>[]>;
  async enqueued(): Promise<readonly EnqueuedJob[]>;
  async enqueued(target?: Target): Promise<readonly EnqueuedJob[]> {
    const records: JobRecord[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.stem.jobs({
        limit: PAGE,
        ...(target !== undefined && { task: refOf(target).name }),
        ...(cursor !== undefined && { cursor }),
      });
      records.push(...page);
      if (page.length === 0) break;
      cursor = page.at(-1)!.id;
    }
    return records.reverse().map((record) => ({
      id: record.id,
      task: record.task,
      queue: record.queue,
      state: record.state,
      payload: this.#revived(record.task, record.payload),
      priority: record.priority,
      headers: record.headers ?? {},
      enqueuedAt: new Date(record.enqueuedAt),
      dueAt: new Date(record.dueAt),
    }));
  }

  #revived(task: string, text: string | undefined): unknown {
    const payload = this.stem.codec.decode(text);
    const shape = this.stem.definitions.input(task);
    return shape === undefined ? payload : shape.decode(payload);
  }

  /** Jobs that failed for good, in the order of their ends. At most 1,000. */
  async deadLetters(): Promise<readonly DeadJob[]> {
    const letters = [...(await this.stem.deadLetters.list({ limit: PAGE }))].reverse();
    const records = await this.stem.adapter.jobs.get(letters.map(({ id }) => id));
    return letters.map(({ id, task, queue, cause, error, attempts }, n) => ({
      id,
      task,
      queue,
      payload: this.#revived(task, records[n]?.payload),
      cause,
      error,
      attempts,
    }));
  }
}
