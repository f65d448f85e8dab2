/** How far a running job says it is. Fields that are left out change nothing. */
export interface Note {
  /** Takes the place of the state before. At most 65,536 characters. */
  readonly state?: string;
  /** Lines to add to the job's log, of which the last 200 are kept. At most 4,000 characters each. */
  readonly log?: readonly string[];
}

/** What a job has noted so far. */
export interface Noted {
  readonly state?: string;
  /** The store's clock at the last note. */
  readonly at: number;
  readonly log: readonly LogLine[];
}

export interface LogLine {
  /** The store's clock when it was written. */
  readonly at: number;
  readonly line: string;
}

/** How many lines of a log are kept. */
export const LOG_LINES = 200;

/** Whether a note says anything. */
export function saysSomething({ state, log = [] }: Note): boolean {
  return state !== undefined || log.length > 0;
}
