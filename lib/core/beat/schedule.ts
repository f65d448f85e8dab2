import type { NewSchedule } from "../../contract/schedules.js";
import type { EnqueueOptions } from "../task/options.js";
import type { TaskRef } from "../task/ref.js";
import { type CronTimes, nextSlot } from "./cron.js";

/** A recurring job, as declared in the code. */
export interface ScheduleDefinition extends CronTimes {
  /** Unique per store; slots and job ids are made of it. */
  readonly id: string;
  /** Where it was declared, for messages: `"Reports.daily"`. */
  readonly where: string;
  /** Name of the task or workflow. */
  readonly task: string;
  readonly payload?: unknown;
  /** How its jobs are enqueued. */
  readonly options?: Omit<EnqueueOptions, "id" | "delay" | "at" | "transaction">;
}

/**
 * The id of the job of one slot: `shop.tick@2026-01-01T09:00:00.000Z`.
 * One slot, one id, so that a slot fired twice is one job.
 */
export function slotId(scheduleId: string, slotMs: number): string {
  return `${scheduleId}@${new Date(slotMs).toISOString()}`;
}

/** Owner of the schedules that are declared in the code, whichever app it is. */
export const DECLARED = "app";

/** The stored form of a schedule: enough to compute its slots and to make its jobs, in any process. */
interface Spec {
  readonly cron: string;
  readonly timeZone: string;
  readonly task: string;
  /** Encoded. */
  readonly payload: string;
  readonly options: Omit<NonNullable<ScheduleDefinition["options"]>, "retry">;
  /** Beside the options, where beats before 0.2 do not look: they refuse unknown options. */
  readonly retry?: EnqueueOptions["retry"];
  /** For one made at run time: where its jobs go from a process that does not know the task. */
  readonly to?: Omit<TaskRef, "name">;
}

/** The stored form of a schedule, its first slot the next one after `now`. */
export function storedSchedule(schedule: ScheduleDefinition, payload: string, now: number, to?: Spec["to"]): NewSchedule {
  const { id, cron, timeZone, task, options: { retry, ...options } = {} } = schedule;
  const sorted = Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  const spec: Spec = {
    cron: cron.trim(),
    timeZone,
    task,
    payload,
    options: sorted,
    ...(retry !== undefined && { retry }),
    ...(to !== undefined && { to }),
  };
  return { id, spec: JSON.stringify(spec), nextAt: nextSlot(schedule, now) };
}

/**
 * Stands in place of a declared schedule that a person removed.
 * Only a schedule that the store lost is declared again while a beat runs.
 */
export const REMOVED: Pick<NewSchedule, "spec" | "nextAt"> = { spec: '{"removed":true}', nextAt: undefined };

export function isRemoved(spec: string): boolean {
  return spec === REMOVED.spec;
}

/** A schedule as it was stored. */
export interface StoredPlan extends CronTimes {
  readonly task: TaskRef;
  readonly payload: string;
  readonly options: NonNullable<ScheduleDefinition["options"]>;
}

/** Reads a stored plan. @throws {SyntaxError} another program stored it */
export function storedPlanOf({ id, spec }: Pick<NewSchedule, "id" | "spec">): StoredPlan {
  const { cron, timeZone, task, payload, options, retry, to } = JSON.parse(spec) as Spec;
  return { id, cron, timeZone, task: { name: task, ...to }, payload, options: { ...options, ...(retry !== undefined && { retry }) } };
}

/** The topic of the hint that a schedule was made, changed or resumed. The message is its next slot. */
export const SCHEDULED = "schedules";
