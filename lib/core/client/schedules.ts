import type { Adapter } from "../../contract/adapter.js";
import { RUN_TIME, type Schedule } from "../../contract/schedules.js";
import { everyItem } from "../pages.js";
import { isRemoved, storedPlanOf } from "../beat/schedule.js";

/** One schedule, as it is stored. */
export interface ScheduleInfo {
  readonly name: string;
  /**
   * Name of the task or workflow.
   * Undefined if this version cannot read what a newer one stored; so are the next two.
   */
  readonly task: string | undefined;
  readonly cron: string | undefined;
  readonly timeZone: string | undefined;
  /** By `@Cron` in the code, not made at run time. */
  readonly declared: boolean;
  readonly paused: boolean;
  /** The slot it will fire next. Undefined: none, because it is paused or has ended. */
  readonly next: Date | undefined;
  /** The slot it fired last. */
  readonly last: Date | undefined;
  /** How many slots it has fired. */
  readonly fires: number;
}

/** All schedules of the store. */
export interface ScheduleList {
  /** By name, those that were declared and those that were made at run time. */
  list(): Promise<readonly ScheduleInfo[]>;
}

export function scheduleList({ schedules }: Adapter): ScheduleList {
  return {
    async list() {
      const all = await everyItem((page) => schedules.list(page));
      return all.filter(({ spec }) => !isRemoved(spec)).map(infoOf);
    },
  };
}

function infoOf(stored: Schedule): ScheduleInfo {
  const { id: name, owner, paused, nextAt, lastAt, fires } = stored;
  const { task, cron, timeZone } = read(stored);
  return {
    name,
    task,
    cron,
    timeZone,
    declared: owner !== RUN_TIME,
    paused,
    next: paused ? undefined : date(nextAt),
    last: date(lastAt),
    fires,
  };
}

function read(stored: Schedule): Pick<ScheduleInfo, "task" | "cron" | "timeZone"> {
  try {
    const { task, cron, timeZone } = storedPlanOf(stored);
    return { task: task.name, cron, timeZone };
  } catch {
    return { task: undefined, cron: undefined, timeZone: undefined };
  }
}

function date(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
