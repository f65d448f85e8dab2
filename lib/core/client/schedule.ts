import { JOB_DEFAULTS } from "../../contract/fields.js";
import { StemError, UnknownScheduleError } from "../../contract/errors.js";
import { RUN_TIME, type Schedule, type ScheduleChange, type Schedules } from "../../contract/schedules.js";
import { checkCron, nextSlot } from "../beat/cron.js";
import { isRemoved, storedPlanOf, REMOVED, SCHEDULED, storedSchedule } from "../beat/schedule.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { everyItem } from "../pages.js";
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
  const { known, now } = await find(schedules, name);
  const isDeclared = known !== undefined && known.owner !== RUN_TIME;
  if (isDeclared && !isRemoved(known.spec)) throw declared(name);
  const definition = { id: name, where: `schedule("${name}")`, cron, timeZone, task: task.name, options: rest };
  const stored = storedSchedule(definition, job.payload, now, wayOf(job, rest));
  // A declared schedule that was removed frees its name, unless a beat declares it again before this call
  // ends.
  if (isDeclared) await schedules.change([{ id: name, to: "removed" }]);
  await schedules.put([stored], { owner: RUN_TIME });
  if (isDeclared && (await find(schedules, name)).known?.owner !== RUN_TIME) throw declared(name);
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
    return known !== undefined && this.#change({ id: this.name, to: "paused" });
  }

  async resume(): Promise<boolean> {
    const { known, now } = await this.#known();
    // The slot of a schedule that is not paused must not be skipped, though it may have passed.
    if (known?.paused !== true) return known !== undefined;
    const nextAt = nextSlot(storedPlanOf(known), now);
    const resumed = await this.#change({ id: this.name, to: "resumed", nextAt });
    this.#producer.parts.adapter.hints.control(SCHEDULED, String(nextAt));
    return resumed;
  }

  trigger(): Promise<JobHandle<O>> {
    return this.#producer.answer(async () => {
      const { known } = await this.#known();
      if (known === undefined) {
        const all = await everyItem((page) => this.#schedules.list(page));
        const names = all.filter(({ spec }) => !isRemoved(spec)).map(({ id }) => id);
        throw new UnknownScheduleError(this.name, names);
      }
      const { task, payload, options } = storedPlanOf(known);
      const job = await this.#producer.draft({ ...this.#to, ...task }, { text: payload }, options);
      await this.#producer.send([job], false);
      return new Handle<O>(this.#handles, job.id, "stored", storedAs(job, false, true));
    });
  }

  async next(): Promise<Date | undefined> {
    const { known } = await this.#known();
    return known === undefined || known.paused || known.nextAt === undefined ? undefined : new Date(known.nextAt);
  }

  async remove(): Promise<boolean> {
    const { known } = await this.#known();
    if (known === undefined || !(await this.#change({ id: this.name, to: "removed" }))) return false;
    const { owner, deployment } = known;
    // It shows a beat that declares it that it is not lost.
    if (owner !== RUN_TIME) await this.#schedules.put([{ id: this.name, ...REMOVED }], { owner, deployment });
    return true;
  }

  get #schedules() {
    return this.#producer.parts.adapter.schedules;
  }

  async #change(change: ScheduleChange): Promise<boolean> {
    return (await this.#schedules.change([change]))[0]!;
  }

  async #known(): Promise<Found> {
    const { known, now } = await find(this.#schedules, this.name);
    return { known: known && isRemoved(known.spec) ? undefined : known, now };
  }
}

interface Found {
  readonly known: Schedule | undefined;
  readonly now: number;
}

async function find(schedules: Schedules, name: string): Promise<Found> {
  const {
    items: [known],
    now,
  } = await schedules.list({ ids: [name] });
  return { known, now };
}
