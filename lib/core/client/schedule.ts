import { JOB_DEFAULTS } from "../../contract/fields.js";
import { StemError, UnknownScheduleError } from "../../contract/errors.js";
import type { Schedule } from "../../contract/schedules.js";
import { checkCron, nextSlot } from "../beat/cron.js";
import { isRemoved, storedPlanOf, REMOVED, SCHEDULED, storedSchedule } from "../beat/schedule.js";
import { checkName, refuseUnknown } from "../task/define.js";
import type { TaskRef } from "../task/ref.js";
import { storedAs } from "../job/answers.js";
import type { JobHandle, ScheduleClient } from "./face.js";
import { SCHEDULE_OPTIONS, type ScheduleOptions } from "../task/options.js";
import { Handle, type HandleParts } from "./handle.js";
import type { Draft } from "./draft.js";
import type { Producer } from "./producer.js";

/** The arguments of `TaskClient.schedule`. */
interface Wanted {
  readonly name: string;
  readonly cron: string;
  readonly payload: unknown;
  readonly options: ScheduleOptions | undefined;
}

/** Stores a schedule that was made at run time. @throws as `TaskClient.schedule` */
export async function storePlan(producer: Producer, task: TaskRef, { name, cron, payload, options = {} }: Wanted): Promise<void> {
  checkName(name, "schedule name");
  const of = `of schedule "${name}"`;
  refuseUnknown(options, SCHEDULE_OPTIONS, of);
  const { timeZone = "UTC", ...rest } = options;
  checkCron(cron, timeZone, of);
  const job = await producer.draft(task, { value: payload }, rest);
  const { schedules, hints } = producer.parts.adapter;
  const {
    schedules: [known],
    now,
  } = await schedules.get([name]);
  if (known?.dynamic === false && !isRemoved(known.spec)) throw declared(name);
  const definition = { id: name, where: `schedule("${name}")`, cron, timeZone, task: task.name, options: rest };
  const stored = storedSchedule(definition, job.payload, now, wayOf(job, rest));
  // A declared schedule that was removed frees its name, unless a beat declares it again before this call
  // ends.
  const removed = known?.dynamic === false;
  if (removed) await schedules.remove(name);
  await schedules.upsert([stored]);
  if (removed && (await schedules.get([name])).schedules[0]?.dynamic === false) throw declared(name);
  hints.control(SCHEDULED, String(stored.nextAt));
}

/**
 * What a beat without the task needs to know about it.
 * Default values and the schedule's own options are left out, so that a spec stays the same text.
 */
function wayOf({ queue, priority = 0, keepResultMs, keepFailedMs }: Draft, options: ScheduleOptions): Omit<TaskRef, "name"> {
  return {
    queue,
    priority,
    ...(options.keepResult === undefined && keepResultMs !== JOB_DEFAULTS.keepResultMs && { keepResultMs: keepResultMs! }),
    ...(options.keepFailed === undefined && keepFailedMs !== JOB_DEFAULTS.keepFailedMs && { keepFailedMs: keepFailedMs! }),
  };
}

function declared(name: string): StemError {
  return new StemError(
    "STEM_SCHEDULE_DECLARED",
    `Schedule "${name}" is declared in the code by @Cron, so it cannot be made at run time.`,
    `Choose another name. If no code declares it any more, remove it first: stem.schedule("${name}").remove().`,
  );
}

/** See `ScheduleClient`. */
export class StemScheduleClient<O> implements ScheduleClient<O> {
  readonly name: string;
  readonly #producer: Producer;
  readonly #handles: HandleParts;
  readonly #to: TaskRef;

  /** @param to where its jobs go; the name is the schedule's own */
  constructor(producer: Producer, handles: HandleParts, to: TaskRef) {
    this.#producer = producer;
    this.#handles = handles;
    this.name = to.name;
    this.#to = to;
  }

  async pause(): Promise<boolean> {
    const { known } = await this.#known();
    return known !== undefined && this.#schedules.pause(this.name);
  }

  async resume(): Promise<boolean> {
    const { known, now } = await this.#known();
    // The slot of a schedule that is not paused must not be skipped, though it may have passed.
    if (known?.paused !== true) return known !== undefined;
    const nextAt = nextSlot(storedPlanOf(known), now);
    const resumed = await this.#schedules.resume(this.name, nextAt);
    this.#producer.parts.adapter.hints.control(SCHEDULED, String(nextAt));
    return resumed;
  }

  trigger(): Promise<JobHandle<O>> {
    return this.#producer.answer(async () => {
      const { known } = await this.#known();
      if (known === undefined) {
        const names = (await this.#schedules.list()).filter(({ spec }) => !isRemoved(spec)).map(({ id }) => id);
        throw new UnknownScheduleError(this.name, names);
      }
      const { task, payload, options } = storedPlanOf(known);
      const job = await this.#producer.draft({ ...this.#to, ...task }, { text: payload }, options);
      await this.#producer.send([job], false);
      return new Handle<O>(this.#handles, job.id, false, storedAs(job, false, true));
    });
  }

  async next(): Promise<Date | undefined> {
    const { known } = await this.#known();
    return known === undefined || known.paused || known.nextAt === undefined ? undefined : new Date(known.nextAt);
  }

  async remove(): Promise<boolean> {
    const { known } = await this.#known();
    if (known === undefined || !(await this.#schedules.remove(this.name))) return false;
    // It shows a beat that declares it that it is not lost.
    if (!known.dynamic) await this.#schedules.upsert([{ id: this.name, ...REMOVED }]);
    return true;
  }

  get #schedules() {
    return this.#producer.parts.adapter.schedules;
  }

  async #known(): Promise<{ readonly known: Schedule | undefined; readonly now: number }> {
    const {
      schedules: [known],
      now,
    } = await this.#schedules.get([this.name]);
    return { known: known && isRemoved(known.spec) ? undefined : known, now };
  }
}
