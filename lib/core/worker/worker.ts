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
import { Endings } from "./endings.js";
import { Exchange } from "./exchange.js";
import { TaskExecutor } from "./execute.js";
import { WorkerLease } from "./lease.js";
import { Loop } from "./loop.js";
import { Maintenance } from "./maintenance.js";
import { settleWorkerOptions, type WorkerOptions, type WorkerSettings } from "./options.js";
import { type Obey, Orders } from "./orders.js";
import { isClosed, Outage } from "./outage.js";
import { describe } from "../log/describe.js";
import { ServedQueues } from "./queues.js";
import { stoppedError } from "./stopped.js";
import type { Executor } from "../attempt/executor.js";
import { RunningJobs } from "../attempt/running.js";
import { shutDown } from "./shutdown.js";
import { Slots } from "./slots.js";
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
  /** Carries out what the worker is ordered to do. Default: it knows no order. */
  readonly obey?: Obey;
}

/**
 * Takes jobs from the store and runs them here. Starts once and stops once. While it runs it keeps the
 * process alive, and goes on by itself through any outage of the store.
 */
export class Worker {
  /** Unique per start: `host:pid:random`. */
  readonly id = `${hostname()}:${process.pid}:${randomBytes(4).toString("hex")}`;
  readonly #stem: Kit;
  readonly #settings: WorkerSettings;
  readonly #running = new RunningJobs();
  readonly #endings = new Endings();
  readonly #queues: ServedQueues;
  readonly #slots: Slots;
  readonly #outage: Outage;
  readonly #announcer: Announcer;
  readonly #answers: Answers;
  readonly #attempts: Attempts;
  readonly #lease: WorkerLease;
  readonly #maintenance: Maintenance;
  readonly #loop: Loop;
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
    const { stem, dice = Math.random, info = {} } = parts;
    const { adapter, clock, log, registry, definitions, ends } = stem;
    const { broker, jobs, workers, hints, capabilities } = adapter;
    const { concurrency, deployMs, leaseMs, pollMs, queues: named } = (this.#settings = settleWorkerOptions(parts.options));
    const announced = announcementOf(registry, definitions);
    const { code } = announced;
    const storeTime = new StoreTime(clock);
    const queues = new ServedQueues(named ?? new Map(registry.queues().map((queue) => [queue, undefined])), storeTime);
    const shared = { clock, dice, log, storeTime, jobs, workers, queues, running: this.#running, endings: this.#endings };
    this.#stem = stem;
    this.#queues = queues;
    this.#slots = new Slots(concurrency, this.#running, capabilities.remote === true);
    this.#outage = new Outage(clock, dice, log);
    this.#announcer = new Announcer(stem, this.id);
    this.#answers = new Answers({ hints, clock });
    const refusals = { jobs, crowd: new Crowd({ ...shared, code }), storeTime, code, deployMs };
    const told = { announcer: this.#announcer, answers: this.#answers };
    this.#attempts = new Attempts({ ...shared, ...told, ...executorsOf(parts, storeTime), registry, definitions, refusals });
    this.#lease = new WorkerLease({
      ...shared,
      attempts: this.#attempts,
      id: this.id,
      orders: new Orders({ obey: parts.obey ?? (() => false), log }),
      leaseMs,
      info: { ...infoOf(queues, concurrency), ...announced, ...info },
      renewed: (error, retryInMs) => this.#renewed(error, retryInMs),
    });
    this.#maintenance = new Maintenance({ ...shared, due: () => this.#loop.nudge() });
    const held = { slots: this.#slots, lease: this.#lease, attempts: this.#attempts };
    const exchange = new Exchange({ ...shared, ...held, broker, ends });
    const around = { exchange, maintenance: this.#maintenance, outage: this.#outage, announcer: this.#announcer, pollMs };
    this.#loop = new Loop({ ...shared, ...held, ...around, ended: (error) => this.#storeClosed(error) });
  }

  /** How many handlers run here now. */
  get running(): number {
    return this.#running.count;
  }

  /** How many may run here at once. */
  get concurrency(): number {
    return this.#slots.limit;
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
      endings: this.#endings,
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
    if (this.#running.some((job) => !job.gone && ids.includes(job.delivery.lease.jobId))) this.#lease.renew().catch(() => {});
  }

  /** A renewal of the lease by its timer went well (undefined), or failed and is tried again. */
  #renewed(error: unknown, retryInMs: number): void {
    this.#attempts.lookAtOverdue();
    if (error === undefined) return this.#loop.resume();
    if (isClosed(error)) return this.#storeClosed(error);
    this.#outage.noticed(error);
    this.#announcer.failed(error, retryInMs);
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

/** What carries out attempts: one for tasks and one for workflows. */
function executorsOf(
  { stem, dice = Math.random, middleware = [] }: WorkerParts,
  storeTime: StoreTime,
): { readonly tasks: Executor; readonly workflows: Executor } {
  const { codec, definitions, log, maxPayloadBytes: maxResultBytes } = stem;
  return {
    tasks: new TaskExecutor({ codec, definitions, log, middleware, maxResultBytes }),
    workflows: new WorkflowExecutor({ stem, storeNow: () => storeTime.now(), dice, middleware }),
  };
}

/** What a person wants to know of any worker. */
function infoOf(queues: ServedQueues, concurrency: number): Readonly<Record<string, string>> {
  return { host: hostname(), pid: String(process.pid), queues: queues.names.join(","), concurrency: String(concurrency) };
}
