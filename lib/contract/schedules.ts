import type { At } from "./at.js";
import type { NewJob } from "./job.js";
import type { Page, PageFilter } from "./page.js";

/**
 * The due times of recurring jobs.
 * No beat is the leader: the beat that moves a slot by compare-and-set, in one step with its job, has fired
 * it.
 */
export interface Schedules {
  /**
   * Stores schedules of one owner, each with an id of its own, all or none.
   * One whose `spec` is unchanged keeps its `nextAt`, a changed one takes the new; a paused one stays paused.
   * One of another owner changes hands, except that those made at run time never take the place of others.
   * One that a newer deployment of the owner has stored stays as it is.
   *
   * @returns false: a newer deployment of the owner has retired what it does not have, and nothing is stored
   */
  put(schedules: readonly NewSchedule[], from: PutFrom, options?: At): Promise<boolean>;
  /**
   * Schedules that are not paused and whose slot has come, earliest first.
   * They are those of the given owners and all made at run time. With them comes the moment of the next one
   * after those. There may be very many schedules, and this is called often.
   */
  due(owners: readonly string[], limit: number, options?: DueOptions): Promise<Due>;
  /**
   * Fires slots.
   * For each shot, in the order given and in one step: if the schedule still stands at `slot`, has the `spec`
   * of the shot and is not paused, moves it to `nextAt` and stores the job. So no process moves a schedule by
   * times it no longer has.
   *
   * @returns what became of each shot, in the order given
   */
  fire(shots: readonly Shot[], options?: At): Promise<readonly Fired[]>;
  /** By id, in pages of up to `limit`: default 100, at most 1,000. */
  list(filter?: ScheduleFilter, options?: At): Promise<SchedulePage>;
  /**
   * Changes schedules, each in one step, as if one by one in the order given.
   *
   * @returns whether there was such a schedule, for each change
   */
  change(changes: readonly ScheduleChange[], options?: At): Promise<readonly boolean[]>;
}

/** The owner of schedules that were made at run time: every beat fires them. */
export const RUN_TIME = "";

/** Who stores schedules. */
export interface PutFrom {
  /** Whose beats fire them, up to 200 characters; `RUN_TIME`: all beats do. */
  readonly owner: string;
  /**
   * A whole number that grows from deployment to deployment of the owner; default 0.
   * What is made at run time has none.
   */
  readonly deployment?: number;
  /**
   * Removes what older deployments of the owner have stored and is not among the schedules given.
   * From then on, older deployments of the owner store nothing. Needs `deployment`.
   */
  readonly retire?: boolean;
}

export interface DueOptions extends At {
  /** Of the owners' schedules only these. Those made at run time come all the same. */
  readonly only?: readonly string[];
}

export interface ScheduleFilter extends PageFilter {
  readonly ids?: readonly string[];
  /** `RUN_TIME`: those made at run time. */
  readonly owner?: string;
}

export type ScheduleChange =
  /** It keeps its slot. */
  | { readonly id: string; readonly to: "paused" }
  | { readonly id: string; readonly to: "resumed"; readonly nextAt: number | undefined }
  | { readonly id: string; readonly to: "removed" };

export interface NewSchedule {
  readonly id: string;
  /** The data from which core computes slots and builds jobs, as text; opaque here. */
  readonly spec: string;
  /** The next slot. Undefined: none (a schedule that has ended). */
  readonly nextAt: number | undefined;
}

export interface Schedule extends NewSchedule {
  /** `RUN_TIME`: it was made at run time. */
  readonly owner: string;
  /** The deployment of the owner that stored it last. */
  readonly deployment: number;
  readonly paused: boolean;
  /** The last slot that was fired. */
  readonly lastAt: number | undefined;
  readonly fires: number;
}

export interface Shot {
  readonly id: string;
  readonly slot: number;
  readonly nextAt: number | undefined;
  /** What `nextAt` was computed from. */
  readonly spec: string;
  /** Absent: the schedule only moves, and `lastAt` and `fires` stay as they are. */
  readonly job?: NewJob;
}

/**
 * What became of a shot.
 * `"fired"`: the schedule moved, and the job, if there is one, is stored · `"known"`: it moved, but a job of
 * that id had been stored before, or one holds its unique key · `"gone"`: nothing changed, since the slot had
 * been fired, or the schedule changed, by another process.
 */
export type Fired = "fired" | "known" | "gone";

export interface Due {
  readonly schedules: readonly Schedule[];
  readonly nextDueAt: number | undefined;
  readonly now: number;
}

export interface SchedulePage extends Page<Schedule> {
  readonly now: number;
}

/**
 * What became of shots.
 *
 * @param moved whether the schedule of each shot moved
 * @param met ids of the jobs of those that were not stored, in the order of the shots
 */
export function firedOf(shots: readonly Shot[], moved: readonly boolean[], met: readonly string[]): readonly Fired[] {
  const left = [...met];
  // From the end: of two jobs of one id in this call the first is stored.
  const fired = shots.map((_, n): Fired => {
    const i = shots.length - 1 - n;
    if (!moved[i]) return "gone";
    const id = shots[i]!.job?.id;
    if (id === undefined || left.at(-1) !== id) return "fired";
    left.pop();
    return "known";
  });
  return fired.reverse();
}
