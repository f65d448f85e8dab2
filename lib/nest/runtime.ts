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
import type { Beat, ScheduleDefinition } from "../core/beat/beat.js";
import { Stem } from "../core/client/stem.js";
import type { Dice } from "../core/clock.js";
import type { StemDefinitions } from "../core/schema/json-schema.js";
import { TaskRegistry } from "../core/task/registry.js";
import type { TaskDefinition } from "../core/task/task.js";
import { Signals } from "../core/telemetry/signals.js";
import type { WorkerOptions } from "../core/worker/options.js";
import type { Worker } from "../core/worker/worker.js";
import { checkFound, crewOf, type Ingredients, workerOf } from "./assemble.js";
import { StemBootError } from "./boot-error.js";
import { countsText } from "./counts.js";
import type { StemEnvironment } from "./environment.js";
import { stackOf, textOf } from "./error-text.js";
import { tellFindings } from "./findings.js";
import { Lifecycle } from "./lifecycle.js";
import { optionProblems, type StemOptions } from "./options.js";
import { differencesOf, staleWarning } from "./stale.js";
import { DEFAULT_INSTANCE, isDefault } from "./tokens.js";
import { unfitQueues } from "./unfit-queues.js";

/** The token of `StemRuntime`; for the instance without a name that is the class itself. */
export function getRuntimeToken(name?: string): string | typeof StemRuntime {
  return isDefault(name) ? StemRuntime : `nestjs-stem:runtime:${name}`;
}

/**
 * One instance of Stem in one app: its handlers, its worker and its beat.
 * `Lifecycle` says when each begins and ends, `assemble.ts` what worker and beat are made of.
 */
export class StemRuntime
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly name: string;
  readonly adapter: Adapter;
  readonly stem: Stem;
  /** The tasks and workflows found in the app's providers; complete after `onModuleInit`. */
  readonly registry = new TaskRegistry();
  /** The definitions of the instance's clients. */
  readonly brought: readonly StemDefinitions[];
  readonly #options: StemOptions;
  readonly #environment: StemEnvironment;
  readonly #boot: () => Promise<void>;
  readonly #log: Logger;
  readonly #lifecycle: Lifecycle;
  #schedules: readonly ScheduleDefinition[] = [];
  #endFindings = (): void => {};

  /**
   * @param brought the types of the clients that are listed with it
   * @param boot explores the whole app, prepares all its instances and opens their stores; the same promise
   * for all of them
   * @throws {StemBootError} without a store
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
    this.#lifecycle = new Lifecycle(() => this.#ingredients, this.#log);
  }

  /** The schedules found in the app's providers; complete after `onModuleInit`. */
  get schedules(): readonly ScheduleDefinition[] {
    return this.#schedules;
  }

  /** Undefined in a process that runs no jobs. */
  get worker(): Worker | undefined {
    return this.#lifecycle.crew.worker;
  }

  /** Undefined in a process that fires no schedules. */
  get beat(): Beat | undefined {
    return this.#lifecycle.crew.beat;
  }

  /**
   * Adds the definitions of all clients of the app for this instance's tasks, and for events.
   * Returns where they contradict each other.
   */
  define(all: readonly StemDefinitions[]): readonly StemError[] {
    return all.flatMap((one) => this.stem.definitions.add(one, ({ instance = DEFAULT_INSTANCE }) => instance === this.name));
  }

  /**
   * Adds the handlers of the app's providers and makes worker and beat of them, unstarted.
   * Returns every mistake.
   */
  prepare(tasks: readonly TaskDefinition[], schedules: readonly ScheduleDefinition[]): readonly StemError[] {
    this.#schedules = schedules;
    const wrong = optionProblems(this.#options, this.name);
    const { problems, roles } = checkFound(this.#ingredients, tasks);
    const found = [...wrong, ...problems];
    if (found.length === 0) this.#lifecycle.crew = crewOf(this.#ingredients, roles, this.#log);
    return found;
  }

  /**
   * Opens the store.
   * A server that is not there is waited for a while (`connectTimeoutMs`); the app then comes up without it.
   */
  async open(): Promise<void> {
    try {
      await this.adapter.open(this.stem.log);
    } catch (error) {
      // The message and its remedy help, not the place in the driver.
      if (error instanceof StemError) error.stack = `${error.name}: ${error.message}`;
      throw error;
    }
    this.#lifecycle.opened();
    this.#endFindings = tellFindings(this.adapter, this.stem.clock, this.stem.log);
    this.#log.log(`${countsText(this.registry, this.#schedules)} on ${this.adapter.name}`);
    this.#tellStale();
    const { worker, beat } = this.#lifecycle.crew;
    if (worker !== undefined)
      for (const line of unfitQueues(worker.queues, this.registry, beat === undefined ? [] : this.#schedules)) this.#log.warn(line);
    await this.#environment.opened?.(this);
  }

  /**
   * A worker by the options, not started, beside the instance's own; for tests that run step by step.
   *
   * @param overrides go before the options
   */
  makeWorker(dice?: Dice, overrides: Pick<WorkerOptions, "grace" | "abortGrace" | "deploy"> = {}): Worker {
    return workerOf(this.#ingredients, dice, overrides);
  }

  /**
   * Starts worker and beat, where this process has them. Idempotent.
   * The app calls it unless `autoStart` is false. After `stop` it goes on with new ones, as soon as the jobs
   * of the old ones have ended: `worker` and `beat` are others then.
   *
   * @throws {StemError} `STEM_NOT_READY` before the app is initialised, `STEM_CLOSED` once it shuts down
   */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /**
   * Stops claiming and firing at once; the promise waits for running jobs. `start` goes on.
   * Never rejects; failures are logged. Idempotent; the app calls it at its end.
   */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async onModuleInit(): Promise<void> {
    await this.#boot();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#environment.autoStart ?? this.#options.autoStart ?? true) await this.start();
  }

  onModuleDestroy(): void {
    void this.#lifecycle.leave();
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
    this.#endFindings();
    return this.#lifecycle.close();
  }

  /**
   * Warns of a generated client that is out of date, in development.
   * Tests have some of the handlers only, and run jobs by themselves.
   */
  #tellStale(): void {
    if (this.#environment.production !== false) return;
    const autoStart = this.#environment.autoStart ?? this.#options.autoStart ?? true;
    const differences = differencesOf(this.stem.definitions, this.registry, autoStart ? (this.worker?.queues ?? []) : []);
    if (differences.length > 0) this.#log.warn(staleWarning(differences));
  }

  get #ingredients(): Ingredients {
    return { stem: this.stem, options: this.#options, environment: this.#environment, schedules: this.#schedules };
  }
}
