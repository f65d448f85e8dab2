import type { At } from "./at.js";
import type { NewJob } from "./job.js";

/**
 * The due times of recurring jobs.
 * No beat is the leader: the beat that moves a slot by compare-and-set, in one step with its job, has fired
 * it.
 */
export interface Schedules {
  /**
   * Adds schedules; one whose `spec` is unchanged keeps its `nextAt`, a changed one takes the new.
   * A paused one stays paused. A declared one takes the place of a dynamic one of its id, but never the other
   * way round: the dynamic one is then left out.
   */
  upsert(schedules: readonly NewSchedule[], options?: At): Promise<void>;
  /**
   * Schedules that are not paused and whose slot has come, earliest first.
   * They are those of the given ids and all dynamic ones. With them comes the moment of the next one after
   * those. There may be very many dynamic ones, and this is called often.
   */
  due(ids: readonly string[], limit: number, options?: At): Promise<Due>;
  /**
   * Fires slots.
   * For each shot, in one step: if the schedule still stands at `slot`, has the `spec` of the shot and is not
   * paused, moves it to `nextAt` and stores the job. A job id that is stored already does not stop the move.
   * Returns the ids that moved; the others had been fired, or changed, by another process. So no process
   * moves a schedule by times it no longer has.
   */
  fire(shots: readonly Shot[], options?: At): Promise<readonly string[]>;
  /** In the order asked, undefined where there is none. */
  get(ids: readonly string[], options?: At): Promise<{ readonly schedules: readonly (Schedule | undefined)[]; readonly now: number }>;
  /** By id. */
  list(options?: At): Promise<readonly Schedule[]>;
  /** False: no such schedule. A paused schedule keeps its slot; resuming moves it to `nextAt`. */
  pause(id: string, options?: At): Promise<boolean>;
  resume(id: string, nextAt: number | undefined, options?: At): Promise<boolean>;
  remove(id: string, options?: At): Promise<boolean>;
}

export interface NewSchedule {
  readonly id: string;
  /** The data from which core computes slots and builds jobs, as text; opaque here. */
  readonly spec: string;
  /** The next slot. Undefined: none (a schedule that has ended). */
  readonly nextAt: number | undefined;
  /** Made at run time, not declared in the code of some processes: every beat fires it. Default false. */
  readonly dynamic?: boolean;
}

export interface Schedule extends NewSchedule {
  readonly dynamic: boolean;
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

export interface Due {
  readonly schedules: readonly Schedule[];
  readonly nextDueAt: number | undefined;
  readonly now: number;
}
