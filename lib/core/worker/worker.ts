import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Hint } from "../../contract/hints.js";
import type { Kit } from "../kit.js";
import type { Dice } from "../clock.js";
import { keepAlive } from "../timers.js";
import type { Middleware } from "../context/middleware.js";
import { WorkflowExecutor } from "../workflow/executor.js";
import { Answers } from "./answers.js";
import { Attempts } from "./attempts.js";
import { announcementOf, Crowd } from "./crowd.js";
import { TaskExecutor } from "./execute.js";
import { WorkerLease } from "./lease.js";
import { Loop } from "./loop.js";
import { Maintenance } from "./maintenance.js";
import { settleWorkerOptions, type WorkerOptions, type WorkerSettings } from "./options.js";
import { isClosed, Outage } from "./outage.js";
import { describe } from "../log/describe.js";
import { ServedQueues } from "./queues.js";
import { stoppedError } from "./stopped.js";
import { RunningJobs } from "../attempt/running.js";
import { shutDown } from "./shutdown.js";
import { StoreTime } from "./store-time.js";
import { Announcer } from "./announcer.js";

export interface WorkerParts {
  /** Its registry says which handlers there are, its adapter (open) where the jobs are. */
  readonly stem: Kit;
  readonly options?: WorkerOptions;
  /** Draws the waits of retries and the like. Default `Math.random`. */
  readonly dice?: Dice;
  /** What a person wants to know about this worker, beside host, pid, queues and concurrency. */
  readonly info?: Readonly<Record<string, string>>;
  /** Around every attempt, the first outermost. */
  readonly middleware?: readonly Middleware[];
}

/** From so many slots on, half of them is a batch worth a call of its own. */
const WORTH_TWO = 32;

/**
 * Takes jobs from the store and runs them here. Starts once and stops once. While it runs it keeps the
 * process alive, and goes on by itself through any outage of the store.
 */
export class Worker {
  /** Unique per start: `host:pid:random`. */
  readonly id = `${hostname()}:${process.pid}:${randomBytes(4).toString("hex")}`;
  readonly #stem: Kit;
  readonly #settings: WorkerSettings;
  readonly #queues: ServedQueues;
  readonly #running = new RunningJobs();
  readonly #loop: Loop;
  readonly #attempts: Attempts;
  readonly #answers: Answers;
  readonly #lease: WorkerLease;
  readonly #maintenance: Maintenance;
  #starting: Promise<void> | undefined;
  #stopping: Promise<{ released: number }> | undefined;
  #unsubscribe: (() => void) | undefined;
  /** Lets the process end. */
  #letGo: () => void = () => {};

  /**
   * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`, `STEM_NAME_INVALID`,
   *   `STEM_DURATION_INVALID`
   */
  constructor(parts: WorkerParts) {
    const { stem, dice = Math.random, info = {}, middleware = [] } = parts;
    const { adapter, clock, codec, definitions, log, registry, signals } = stem;
    const settings = settleWorkerOptions(parts.options);
    const storeTime = new StoreTime(clock);
    const queues = new ServedQueues(settings.queues ?? new Map(registry.queues().map((queue) => [queue, undefined])), () =>
      storeTime.now(),
    );
    const running = this.#running;
    const announced = announcementOf(registry, definitions);
    const outage = new Outage(clock, dice, log);
    const announcer = new Announcer(stem);
    const tell = (error: unknown, retryInMs: number): void => signals.tell("worker:error", { workerId: this.id, error, retryInMs });
    const answers = new Answers({ hints: adapter.hints, clock });
    this.#stem = stem;
    this.#answers = answers;
    this.#settings = settings;
    this.#queues = queues;
    this.#maintenance = new Maintenance({ results: adapter.results, clock, dice, log, due: () => this.#loop.nudge() });
    this.#lease = new WorkerLease({
      workers: adapter.workers,
      results: adapter.results,
      clock,
      storeTime,
      leaseMs: settings.leaseMs,
      id: this.id,
      info: {
        host: hostname(),
        pid: String(process.pid),
        queues: queues.names.join(","),
        concurrency: String(settings.concurrency),
        ...announced,
        ...info,
      },
      held: () => [...running.all().filter((job) => !job.gone), ...this.#loop.unsettled],
      lost: (job, why) => this.#attempts.lose(job, why),
      beaten: (error, retryInMs) => {
        this.#attempts.lookAtOverdue();
        if (error === undefined) return this.#loop.resume();
        if (isClosed(error)) return this.#storeClosed(error);
        outage.noticed(error);
        tell(error, retryInMs);
      },
    });
    const tasks = new TaskExecutor({ codec, definitions, log, middleware, maxResultBytes: stem.maxPayloadBytes });
    this.#attempts = new Attempts({
      registry,
      definitions: stem.definitions,
      queues,
      running,
      clock,
      dice,
      log,
      announcer,
      tasks,
      refusals: {
        results: adapter.results,
        crowd: new Crowd({ workers: adapter.workers, clock, storeTime, code: announced.code }),
        storeTime,
        code: announced.code,
        deployMs: settings.deployMs,
      },
      workflows: new WorkflowExecutor({ stem, storeNow: () => storeTime.now(), dice, middleware }),
      end: (job, settlement) => this.#loop.end(job, settlement),
      freed: () => this.#loop.nudge(),
    });
    this.#loop = new Loop({
      broker: adapter.broker,
      clock,
      queues,
      running,
      outage,
      storeTime,
      concurrency: settings.concurrency,
      calls: adapter.capabilities.remote === true && settings.concurrency >= WORTH_TWO ? 2 : 1,
      pollMs: settings.pollMs,
      name: () => this.#lease.name,
      recover: (astray) => {
        if (astray) this.#lease.rename();
        return this.#lease.beat();
      },
      start: (delivery, holder) => this.#attempts.start(delivery, holder),
      settled: (job, settlement, how) => {
        answers.settled(job, settlement, how);
        if (this.#attempts.settled(job)) announcer.settled(job, settlement, how);
      },
      ends: (ended) => stem.ends.tell(ended),
      failed: tell,
      ended: (error) => this.#storeClosed(error),
      chore: (idle) => this.#maintenance.chore(idle),
    });
  }

  /** How many handlers run here now. */
  get running(): number {
    return this.#running.count;
  }

  /** How many may run here at once. */
  get concurrency(): number {
    return this.#settings.concurrency;
  }

  /** Names of the queues it serves. */
  get queues(): readonly string[] {
    return this.#queues.names;
  }

  /**
   * Registers and begins to claim. Resolves also when the store does not answer: the worker then begins as
   * soon as it does. Repeated calls share one start.
   *
   * @throws {StemError} `STEM_CLOSED` after `stop`, `STEM_STORE_CLOSED`
   */
  start(): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(stoppedError("worker"));
    return (this.#starting ??= this.#start());
  }

  /**
   * Claims nothing more, waits for running handlers (`grace`), aborts their signals and waits again
   * (`abortGrace`), hands back what is left with its attempt, signs off. Repeated calls share one stop.
   * During an outage of the store it gives up after both graces; the leases then lapse by themselves.
   */
  stop(): Promise<{ released: number }> {
    return (this.#stopping ??= this.#stop());
  }

  async #start(): Promise<void> {
    const { adapter, signals } = this.#stem;
    this.#letGo = keepAlive();
    try {
      await this.#lease.start();
    } catch (error) {
      if (isClosed(error)) {
        this.#letGo();
        throw error;
      }
      // Anything else: the loop's first call meets the same and begins an outage of the ordinary kind.
    }
    if (this.#stopping !== undefined) return;
    this.#unsubscribe = adapter.hints.subscribe((hint) => this.#hinted(hint), ["work", "cancelled", "control"]);
    this.#maintenance.start();
    if (this.#queues.names.length === 0) this.#stem.log.warn("This worker serves no queue: no task is registered here and none is named.");
    this.#loop.start();
    if (signals.has("worker:started")) signals.tell("worker:started", { workerId: this.id, queues: this.queues });
  }

  async #stop(): Promise<{ released: number }> {
    if (this.#starting === undefined) return { released: 0 };
    const { clock, log, signals } = this.#stem;
    const began = clock.now();
    this.#attempts.stopStarting();
    this.#loop.stopClaiming();
    this.#maintenance.stop();
    this.#unsubscribe?.();
    const released = await shutDown({
      clock,
      log,
      graceMs: this.#settings.graceMs,
      abortGraceMs: this.#settings.abortGraceMs,
      running: this.#running,
      attempts: this.#attempts,
      loop: this.#loop,
      lease: this.#lease,
      starting: this.#starting,
    });
    this.#letGo();
    if (signals.has("worker:stopped")) signals.tell("worker:stopped", { workerId: this.id, released, ms: clock.now() - began });
    return { released };
  }

  #hinted(hint: Hint): void {
    if (hint.kind === "work") this.#loop.hint(hint.queues);
    else if (hint.kind === "control") this.#answers.hear(hint);
    else if (hint.kind === "cancelled" && this.#running.count > 0) this.#mayBeCancelled(hint.ids);
  }

  /** Asks at once, instead of at the next heartbeat, whether jobs that run here are ours still. */
  #mayBeCancelled(ids: readonly string[]): void {
    // Whoever fails here fails again at the next heartbeat, and is heard of then.
    if (this.#running.some((job) => !job.gone && ids.includes(job.delivery.lease.jobId))) this.#lease.beat().catch(() => {});
  }

  #storeClosed(error: unknown): void {
    this.#stem.log.error(`The adapter was closed while the worker ran; it takes no more jobs: ${describe(error)}`);
    this.#loop.close();
    this.#maintenance.stop();
    this.#lease.stop();
    this.#unsubscribe?.();
    this.#letGo();
  }
}
