import type { WorkerRecord, Workers } from "../../contract/workers.js";
import { type Clock, steadyNow } from "../clock.js";
import type { Definitions } from "../codec/definitions.js";
import { everyItem } from "../pages.js";
import { digestOf } from "../task/define.js";
import type { TaskRegistry } from "../task/registry.js";
import type { StoreTime } from "./store-time.js";

/** What a worker publishes about its code (`WorkerBeat.info`), for workers that cannot run a job. */
export interface Announcement {
  /** Names of its tasks, or `*` if they are too many to list. */
  readonly tasks: string;
  /** Equal for all workers of one version of the code, and hardly ever for two versions. */
  readonly code: string;
}

/** Longest list of names. */
const LONGEST = 8_000;

/** How old the list of the others may be. */
const FRESH_MS = 1_000;

export function announcementOf(registry: TaskRegistry, definitions: Definitions): Announcement {
  const tasks = registry.all();
  const names = tasks.map(({ name }) => name).join(" ");
  const code = digestOf(JSON.stringify([tasks.map(({ name, code }) => [name, code]).sort(), [...definitions.tasks]]));
  return { tasks: names.length > LONGEST ? "*" : names, code };
}

export interface CrowdParts {
  readonly workers: Workers;
  readonly clock: Clock;
  readonly storeTime: StoreTime;
  /** Code of this worker. */
  readonly code: string;
}

/** The live workers, as far as this one knows. Read only when a worker meets a job it cannot run. */
export class Crowd {
  readonly #parts: CrowdParts;
  #records: readonly WorkerRecord[] | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(parts: CrowdParts) {
    this.#parts = parts;
  }

  /**
   * Reads the list of workers again if it is a second old.
   * Never rejects: if the store does not answer, the list stays as it was.
   */
  look(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking;
    if (steadyNow(this.#parts.clock) - this.#lookedAt < FRESH_MS) return Promise.resolve();
    return (this.#looking = this.#look().finally(() => (this.#looking = undefined)));
  }

  /**
   * Whether a live worker with other code may be able to run the task.
   * It lists the name, or lists no names (an older version of this package).
   *
   * @param not code that was seen to be unable
   */
  mayRun(task: string, queue: string, not: ReadonlySet<string>): boolean {
    // Without a list no worker can be excluded.
    if (this.#records === undefined) return true;
    return this.#others(queue).some(({ info }) => {
      if (info["code"] === undefined || info["tasks"] === undefined) return true;
      return !not.has(info["code"]) && (info["tasks"] === "*" || info["tasks"].split(" ").includes(task));
    });
  }

  /** How many kinds of workers serve a queue, by their code, and the place of this one among them. */
  placeIn(queue: string): { readonly place: number; readonly of: number } {
    const kinds = new Set([this.#parts.code, ...this.#others(queue).map(({ info }) => info["code"] ?? "")]);
    return { place: [...kinds].sort().indexOf(this.#parts.code), of: kinds.size };
  }

  /** Live workers that serve the queue with other code. */
  #others(queue: string): readonly WorkerRecord[] {
    const { storeTime, code } = this.#parts;
    const now = storeTime.now();
    return (this.#records ?? []).filter(
      ({ leaseUntil, info }) => leaseUntil > now && info["code"] !== code && (info["queues"] ?? "").split(",").includes(queue),
    );
  }

  async #look(): Promise<void> {
    try {
      this.#records = await everyItem((page) => this.#parts.workers.list(page));
      this.#lookedAt = steadyNow(this.#parts.clock);
    } catch {
      // The worker's own calls report what is wrong with the store.
    }
  }
}
