import type { Logger } from "@nestjs/common";
import { crewAnew, type Crew, type Ingredients, NO_CREW } from "./assemble.js";
import { plural } from "./counts.js";
import { stackOf, textOf } from "./error-text.js";
import { inTime, keptAlive } from "./patience.js";
import { leavingError, notReadyError } from "./refusals.js";

/**
 * How long the start of an app waits for worker and beat to reach the store.
 * They need no more than a few round trips, and the app need not wait for them.
 */
const START_PATIENCE_MS = 2_000;

/**
 * When worker, beat, client and store of one instance begin and end.
 *
 * start: faults are reported and the store is opened in `onModuleInit`; worker and beat start in
 * `onApplicationBootstrap`. stop: claiming ends in `onModuleDestroy`; running jobs are waited for in
 * `beforeApplicationShutdown`; the client and the store close in `onApplicationShutdown`, so that other
 * providers and running jobs can enqueue until then. Nest 12 shuts a global module down last, Nest 11 first:
 * there the last hook of others that can enqueue is `beforeApplicationShutdown`.
 */
export class Lifecycle {
  /** Those of now: after a stop and another start they are others. */
  crew: Crew = NO_CREW;
  readonly #ingredients: () => Ingredients;
  readonly #log: Logger;
  #opened = false;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> = Promise.resolve();
  /** Worker and beat have been stopped; each of them starts once only. */
  #worn = false;
  #leaving = false;

  constructor(ingredients: () => Ingredients, log: Logger) {
    this.#ingredients = ingredients;
    this.#log = log;
  }

  /** The store is open: from now on there is something to close. */
  opened(): void {
    this.#opened = true;
  }

  /** See `StemRuntime.start`. */
  start(): Promise<void> {
    if (this.#leaving) return Promise.reject(leavingError());
    if (!this.#opened) return Promise.reject(notReadyError());
    return (this.#started ??= this.#start(this.#stopped));
  }

  /** See `StemRuntime.stop`. */
  stop(): Promise<void> {
    if (this.#started !== undefined) {
      this.#stopped = keptAlive(this.#stop(this.#started));
      this.#started = undefined;
    }
    return this.#stopped;
  }

  /** As `stop`, and nothing starts any more. */
  leave(): Promise<void> {
    this.#leaving = true;
    return this.stop();
  }

  /** See `StemRuntime.close`. */
  close(): Promise<void> {
    return keptAlive(this.#close());
  }

  async #start(stopped: Promise<void>): Promise<void> {
    await stopped;
    if (this.#leaving) throw leavingError();
    const ingredients = this.#ingredients();
    if (this.#worn) {
      this.crew = crewAnew(ingredients, this.crew);
      this.#worn = false;
    }
    const { worker, beat } = this.crew;
    const { stem, schedules } = ingredients;
    const starting = Promise.all([worker?.start(), beat?.start()]).then(() => {
      if (worker !== undefined)
        this.#log.log(`Worker ${worker.id} serves ${worker.queues.join(", ")} (up to ${worker.concurrency} jobs at once)`);
      if (beat !== undefined && schedules.length > 0) this.#log.log(`Beat fires ${plural(schedules.length, "schedule")}`);
    });
    if (await inTime(stem.clock, START_PATIENCE_MS, starting)) return;
    starting.catch((error: unknown) => this.#log.error(`Starting failed: ${textOf(error)}`, stackOf(error)));
    this.#log.warn("The store does not answer yet; worker and beat begin by themselves when it does");
  }

  async #stop(started: Promise<void>): Promise<void> {
    try {
      // A worker that failed to start has told its starter so; the rest is stopped all the same.
      await started.catch(() => {});
      this.#worn = true;
      await Promise.all([this.crew.beat?.stop(), this.crew.worker?.stop()]);
    } catch (error) {
      this.#log.error(`Stopping failed: ${textOf(error)}`, stackOf(error));
    }
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = false;
    this.#leaving = true;
    const { stem } = this.#ingredients();
    try {
      await stem.close();
      if (!opened) return;
      await stem.adapter.close();
      this.#log.log("Closed");
    } catch (error) {
      this.#log.error(`Closing failed: ${textOf(error)}`, stackOf(error));
    }
  }
}
