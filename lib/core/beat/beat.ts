import type { Due, Schedule, Shot } from "../../contract/schedules.js";
import { Producer } from "../client/producer.js";
import type { Stem } from "../client/stem.js";
import { nextSlot } from "./cron.js";
import { type ScheduleDefinition, slotId, storedSchedule } from "./schedule.js";

export type { ScheduleDefinition } from "./schedule.js";

/** How many slots are fired in one call of the store. */
const BATCH = 100;
/** Never sleeps longer, so that a schedule that was resumed or changed elsewhere is noticed. */
const LONGEST_SLEEP_MS = 60_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * Fires schedules: turns each slot that has come into one job. Any number of beats may run on one store; none is the leader, a slot belongs to whoever moves it first.
 * Slots that were missed while no beat ran are caught up by one job, not by one each.
 */
export class Beat {
  readonly #stem: Stem;
  readonly #producer: Producer;
  readonly #schedules: ReadonlyMap<string, ScheduleDefinition>;
  #running: Promise<void> | undefined;
  #stopping = false;
  #wake: () => void = () => {};

  constructor(parts: { readonly stem: Stem; readonly schedules: readonly ScheduleDefinition[] }) {
    this.#stem = parts.stem;
    this.#producer = new Producer(parts.stem);
    this.#schedules = new Map(parts.schedules.map((schedule) => [schedule.id, schedule]));
  }

  /**
   * Stores its schedules (one that is stored unchanged keeps its place) and begins to fire. Idempotent.
   *
   * @throws when a schedule's job cannot be made (unknown task, payload that cannot travel), or the store does not answer
   */
  async start(): Promise<void> {
    if (this.#running !== undefined || this.#stopping) return;
    const { now } = await this.#due(0);
    const stored = await Promise.all(
      [...this.#schedules.values()].map(async (schedule) => storedSchedule(schedule, (await this.#job(schedule, now)).payload, now)),
    );
    await this.#stem.adapter.schedules.upsert(stored);
    this.#running ??= this.#run();
  }

  /** Stops; resolves when no call to the store is under way any more. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    // A timer that holds the process open: a process that only beats would otherwise end at once.
    const alive = setInterval(() => {}, 2 ** 30);
    let failures = 0;
    try {
      while (!this.#stopping) {
        try {
          const due = await this.#due(BATCH);
          failures = 0;
          if (due.schedules.length > 0) await this.#fire(due);
          else await this.#sleep(Math.min((due.nextDueAt ?? Infinity) - due.now, LONGEST_SLEEP_MS));
        } catch (error) {
          await this.#sleep(this.#backoff(error, failures++));
        }
      }
    } finally {
      clearInterval(alive);
    }
  }

  #due(limit: number): Promise<Due> {
    return this.#stem.adapter.schedules.due([...this.#schedules.keys()], limit);
  }

  async #fire({ schedules, now }: Due): Promise<void> {
    const shots = (await Promise.all(schedules.map((stored) => this.#shot(stored, now)))).filter((shot) => shot !== undefined);
    if (shots.length === 0) return this.#sleep(LONGEST_SLEEP_MS);
    const fired = new Set(await this.#stem.adapter.schedules.fire(shots));
    if (!this.#stem.signals.has("schedule:fired")) return;
    for (const { id, slot, job } of shots) {
      if (fired.has(id))
        this.#stem.signals.tell("schedule:fired", { schedule: id, slot: new Date(slot), jobId: job.id, lateMs: now - slot });
    }
  }

  /** The job of the slot a schedule stands at, and where it goes from there. */
  async #shot({ id, nextAt: slot }: Schedule, now: number): Promise<Shot | undefined> {
    const schedule = this.#schedules.get(id);
    if (schedule === undefined || slot === undefined) return undefined;
    return { id, slot, nextAt: nextSlot(schedule, Math.max(slot, now)), job: await this.#job(schedule, slot) };
  }

  #job({ id, task, payload, options }: ScheduleDefinition, slot: number): ReturnType<Producer["draft"]> {
    return this.#producer.draft({ name: task }, { value: payload }, options, slotId(id, slot));
  }

  #backoff(error: unknown, failures: number): number {
    const retryInMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
    if (failures === 0) this.#stem.log.error(`The beat cannot reach the store; it goes on by itself. ${String(error)}`);
    this.#stem.signals.tell("beat:error", { error, retryInMs });
    return retryInMs;
  }

  #sleep(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#stem.clock.after(Math.max(0, ms), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
