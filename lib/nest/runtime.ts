import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from "@nestjs/common";
import type { Adapter } from "../contract/adapter.js";
import { StemError } from "../contract/errors.js";
import type { Dice } from "../core/clock.js";
import { Beat, type ScheduleDefinition } from "../core/beat/beat.js";
import { Stem } from "../core/client/stem.js";
import type { StemDefinitions } from "../core/schema/json-schema.js";
import { Signals } from "../core/telemetry/signals.js";
import { TaskRegistry } from "../core/task/registry.js";
import type { TaskDefinition } from "../core/task/task.js";
import type { WorkerOptions } from "../core/worker/options.js";
import { Worker } from "../core/worker/worker.js";
import { problemOf, StemBootError } from "./boot-error.js";
import { countsText, plural } from "./counts.js";
import type { StemEnvironment } from "./environment.js";
import { stackOf, textOf } from "./error-text.js";
import { clashOf, leavingError, notReadyError } from "./refusals.js";
import { differencesOf, staleWarning } from "./stale.js";
import { unfitQueues } from "./unfit-queues.js";
import { tellFindings } from "./findings.js";
import { optionProblems, type StemOptions } from "./options.js";
import { inTime, keptAlive } from "./patience.js";
import { rolesOf, type Roles } from "./roles.js";
import { DEFAULT_INSTANCE, isDefault } from "./tokens.js";
import { workerOverrides } from "./worker-environment.js";

/**
 * How long the start of an app waits for worker and beat to reach the store. They need no more than a few
 * round trips, and the app need not wait for them.
 */
const START_PATIENCE_MS = 2_000;

/** What `StemRuntime` is provided under; for the instance without a name that is the class itself. */
export function getRuntimeToken(name?: string): string | typeof StemRuntime {
  return isDefault(name) ? StemRuntime : `nestjs-stem:runtime:${name}`;
}

/**
 * One instance of Stem in one app: what it knows, what it runs, and when each begins and ends.
 *
 * start: faults are reported and the store is opened in `onModuleInit`; worker and beat start in
 * `onApplicationBootstrap`. stop: claiming ends in `onModuleDestroy`; running jobs are waited for in
 * `beforeApplicationShutdown`; the client and the store close in `onApplicationShutdown`, so that other
 * providers and running jobs can enqueue until then. Nest 12 shuts a global module down last, Nest 11 first:
 * there the last hook of others that can enqueue is `beforeApplicationShutdown`.
 */
export class StemRuntime
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly name: string;
  readonly adapter: Adapter;
  readonly stem: Stem;
  /** The tasks and workflows found in the app's providers; complete after `onModuleInit`. */
  readonly registry = new TaskRegistry();
  /** What the instance's clients brought along. */
  readonly brought: readonly StemDefinitions[];
  readonly #options: StemOptions;
  readonly #environment: StemEnvironment;
  readonly #boot: () => Promise<void>;
  readonly #log: Logger;
  #schedules: readonly ScheduleDefinition[] = [];
  #worker: Worker | undefined;
  #beat: Beat | undefined;
  #opened = false;
  #endFindings = (): void => {};
  #started: Promise<void> | undefined;
  #stopped: Promise<void> = Promise.resolve();
  /** Worker and beat have been stopped; each of them starts but once. */
  #worn = false;
  #leaving = false;

  /**
   * @param brought what the clients listed with it know of types
   * @param boot explores the whole app, prepares all its instances and opens their stores; the same promise
   *   for all of them
   * @throws {StemBootError} without a store there is nothing to build on
   */
  constructor(
    name: string | undefined,
    options: StemOptions,
    environment: StemEnvironment,
    boot: () => Promise<void>,
    brought: readonly StemDefinitions[] = [],
  ) {
    this.name = name ?? DEFAULT_INSTANCE;
    if (typeof options?.adapter?.open !== "function") throw new StemBootError(optionProblems(options, this.name));
    this.#options = options;
    this.brought = brought;
    this.#environment = environment;
    this.#boot = boot;
    this.#log = new Logger(isDefault(name) ? "Stem" : `Stem ${name}`);
    this.adapter = environment.adapterFor?.(this.name, options.adapter) ?? options.adapter;
    const clock = environment.clock ?? options.clock;
    this.stem = new Stem({
      adapter: this.adapter,
      registry: this.registry,
      signals: new Signals((error, signal) => this.#log.error(`A listener of "${signal}" threw: ${textOf(error)}`, stackOf(error))),
      log: this.#log,
      ...(clock !== undefined && { clock }),
      ...(options.codec !== undefined && { codec: options.codec }),
      ...(options.maxPayloadBytes !== undefined && { maxPayloadBytes: options.maxPayloadBytes }),
    });
  }

  /** The schedules found in the app's providers; complete after `onModuleInit`. */
  get schedules(): readonly ScheduleDefinition[] {
    return this.#schedules;
  }

  /** Undefined in a process that runs no jobs. */
  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** Undefined in a process that fires no schedules. */
  get beat(): Beat | undefined {
    return this.#beat;
  }

  /**
   * Takes what all clients of the app know of this instance's tasks, and of events. Returns where they
   * contradict each other.
   */
  define(all: readonly StemDefinitions[]): readonly StemError[] {
    return all.flatMap((one) => this.stem.definitions.add(one, ({ instance = DEFAULT_INSTANCE }) => instance === this.name));
  }

  /**
   * Takes what the app's providers contain and makes worker and beat of it, unstarted. Returns everything
   * that is wrong.
   */
  prepare(tasks: readonly TaskDefinition[], schedules: readonly ScheduleDefinition[]): readonly StemError[] {
    let roles: Roles | undefined;
    const problems: (StemError | undefined)[] = [
      ...optionProblems(this.#options, this.name),
      problemOf(() => (roles = rolesOf(this.#environment.role))),
      problemOf(() => void workerOverrides(this.#environment)),
      ...tasks.map((task) => problemOf(() => this.registry.add(task))),
      ...schedules.map((one, n) => clashOf(one, schedules.slice(0, n))),
      ...schedules.map((one) => problemOf(() => this.#checkPayload(one))),
    ];
    this.#schedules = schedules;
    const found = problems.filter((problem) => problem !== undefined);
    if (found.length === 0) this.#make(roles);
    return found;
  }

  /**
   * Opens the store. A server that is not there is waited for a while (`connectTimeoutMs`); the app then
   * comes up without it.
   */
  async open(): Promise<void> {
    try {
      await this.adapter.open(this.stem.log);
    } catch (error) {
      // Whoever reads why the app does not start is helped by the message and its remedy, not by where in the
      // driver it came up.
      if (error instanceof StemError) error.stack = `${error.name}: ${error.message}`;
      throw error;
    }
    this.#opened = true;
    this.#endFindings = tellFindings(this.adapter, this.stem.clock, this.stem.log);
    this.#log.log(`${countsText(this.registry, this.#schedules)} on ${this.adapter.name}`);
    this.#tellStale();
    if (this.#worker !== undefined)
      for (const line of unfitQueues(this.#worker.queues, this.registry, this.#beat === undefined ? [] : this.#schedules))
        this.#log.warn(line);
    await this.#environment.opened?.(this);
  }

  /**
   * A worker as the options describe it, not started, beside the one that is this instance's own; for tests
   * that run jobs step by step.
   *
   * @param overrides go before the options
   */
  makeWorker(dice?: Dice, overrides: Pick<WorkerOptions, "grace" | "abortGrace" | "deploy"> = {}): Worker {
    const { middleware } = this.#options;
    // A schedule may send its jobs to a queue that no task of this process has by itself.
    const queues = new Set([...this.registry.queues(), ...this.#schedules.flatMap(({ options }) => options?.queue ?? [])]);
    return new Worker({
      stem: this.stem,
      options: { ...(queues.size > 0 && { queues: [...queues].sort() }), ...this.#workerOptions(), ...overrides },
      ...(middleware !== undefined && { middleware }),
      ...(dice !== undefined && { dice }),
    });
  }

  /**
   * Starts worker and beat, where this process has them. The app does it by itself unless `autoStart` is
   * false. Idempotent. After `stop` it goes on with new ones, as soon as the jobs of the old ones have ended:
   * `worker` and `beat` are others then.
   *
   * @throws {StemError} `STEM_NOT_READY` before the app is initialised, `STEM_CLOSED` once it shuts down
   */
  start(): Promise<void> {
    if (this.#leaving) return Promise.reject(leavingError());
    if (!this.#opened) return Promise.reject(notReadyError());
    return (this.#started ??= this.#start(this.#stopped));
  }

  /**
   * Stops claiming and firing at once; the promise waits for running jobs. `start` goes on. Never rejects;
   * what goes wrong is logged. Idempotent; the app does it by itself at its end.
   */
  stop(): Promise<void> {
    if (this.#started !== undefined) {
      this.#stopped = keptAlive(this.#stop(this.#started));
      this.#started = undefined;
    }
    return this.#stopped;
  }

  async onModuleInit(): Promise<void> {
    await this.#boot();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#environment.autoStart ?? this.#options.autoStart ?? true) await this.start();
  }

  onModuleDestroy(): void {
    this.#leaving = true;
    void this.stop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
    await this.close();
  }

  /** Closes the client, then the store. Idempotent, and harmless when nothing was opened. */
  close(): Promise<void> {
    return keptAlive(this.#close());
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = false;
    this.#leaving = true;
    this.#endFindings();
    try {
      await this.stem.close();
      if (!opened) return;
      await this.adapter.close();
      this.#log.log("Closed");
    } catch (error) {
      this.#log.error(`Closing failed: ${textOf(error)}`, stackOf(error));
    }
  }

  /**
   * While developing: whether the generated client is up to date. Tests have some of the handlers only, and
   * run jobs by themselves.
   */
  #tellStale(): void {
    if (this.#environment.production !== false) return;
    const autoStart = this.#environment.autoStart ?? this.#options.autoStart ?? true;
    const differences = differencesOf(this.stem.definitions, this.registry, autoStart ? (this.#worker?.queues ?? []) : []);
    if (differences.length > 0) this.#log.warn(staleWarning(differences));
  }

  #checkPayload({ task, payload, where }: ScheduleDefinition): void {
    const what = `payload of @Cron on ${where}`;
    const shape = this.stem.definitions.input(task);
    const definition = this.registry.get(task);
    if (definition?.validate === true && definition.input === undefined) shape?.check(payload, "payload", `@Cron on ${where}`);
    this.stem.codec.encode(shape === undefined ? payload : shape.encode(payload), what);
  }

  #workerOptions(): WorkerOptions {
    const { worker } = this.#options;
    return { ...(typeof worker === "object" && worker), ...workerOverrides(this.#environment) };
  }

  #make(roles: Roles | undefined): void {
    const { worker = true } = this.#options;
    const named = this.#workerOptions().queues !== undefined;
    if ((roles?.worker ?? worker !== false) && (named || this.registry.all().length > 0))
      this.#worker = this.makeWorker(this.#environment.dice);
    else if (roles?.worker === true)
      this.#log.warn("This process is to work, but no provider carries @Task or @Workflow: no worker is started");
    // Schedules may be made at run time, so one that works is ready to fire them though its code declares
    // none.
    const beat = roles?.beat ?? this.#options.beat ?? (this.#schedules.length > 0 || this.#worker !== undefined);
    if (beat) this.#beat = this.#makeBeat();
  }

  #makeBeat(): Beat {
    return new Beat({ stem: this.stem, schedules: this.#schedules });
  }

  async #start(stopped: Promise<void>): Promise<void> {
    await stopped;
    if (this.#leaving) throw leavingError();
    if (this.#worn) {
      this.#worker &&= this.makeWorker(this.#environment.dice);
      this.#beat &&= this.#makeBeat();
      this.#worn = false;
    }
    const [worker, beat] = [this.#worker, this.#beat];
    const starting = Promise.all([worker?.start(), beat?.start()]).then(() => {
      if (worker !== undefined)
        this.#log.log(`Worker ${worker.id} serves ${worker.queues.join(", ")} (up to ${worker.concurrency} jobs at once)`);
      if (beat !== undefined && this.#schedules.length > 0) this.#log.log(`Beat fires ${plural(this.#schedules.length, "schedule")}`);
    });
    if (await inTime(this.stem.clock, START_PATIENCE_MS, starting)) return;
    starting.catch((error: unknown) => this.#log.error(`Starting failed: ${textOf(error)}`, stackOf(error)));
    this.#log.warn("The store does not answer yet; worker and beat begin by themselves when it does");
  }

  async #stop(started: Promise<void>): Promise<void> {
    try {
      // A worker that failed to start has said so to whoever started it; the rest is stopped all the same.
      await started.catch(() => {});
      this.#worn = true;
      await Promise.all([this.#beat?.stop(), this.#worker?.stop()]);
    } catch (error) {
      this.#log.error(`Stopping failed: ${textOf(error)}`, stackOf(error));
    }
  }
}
