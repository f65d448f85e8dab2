import type { NewSchedule } from "../../contract/schedules.js";
import type { EnqueueOptions } from "../client/face.js";
import { type CronTimes, nextSlot } from "./cron.js";

/** A recurring job, as declared in the code. */
export interface ScheduleDefinition extends CronTimes {
  /** Unique per store; slots and job ids are made of it. */
  readonly id: string;
  /** Where it was declared, for people: `"Reports.daily"`. */
  readonly where: string;
  /** Name of the task or workflow. */
  readonly task: string;
  readonly payload?: unknown;
  /** How its jobs are enqueued. */
  readonly options?: Omit<EnqueueOptions, "id" | "delay" | "at" | "transaction">;
}

/** The id of the job of one slot: `shop.tick@2026-01-01T09:00:00.000Z`. One slot, one id, so that a slot fired twice is one job. */
export function slotId(scheduleId: string, slotMs: number): string {
  return `${scheduleId}@${new Date(slotMs).toISOString()}`;
}

/** What is stored of a schedule, its first slot the next one after `now`. */
export function storedSchedule(schedule: ScheduleDefinition, payload: string, now: number): NewSchedule {
  const { id, cron, timeZone, task, options = {} } = schedule;
  const sorted = Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { id, spec: JSON.stringify({ cron: cron.trim(), timeZone, task, payload, options: sorted }), nextAt: nextSlot(schedule, now) };
}
