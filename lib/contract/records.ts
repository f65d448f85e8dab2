import type { JobState } from "./job.js";
import type { JobRecord } from "./jobs.js";

/** The fields of a job's record beside its state, for a job that is due at `dueAt`. */
export function delayedOf(state: JobState, dueAt: number, now: number): Pick<JobRecord, "delayed"> {
  return state === "ready" && dueAt > now ? DELAYED : NOT_DELAYED;
}

/** Whether a record is one of those that `JobFilter.delayed` asks for. */
export function fitsDelayed({ delayed = false }: { readonly delayed?: boolean }, wanted: boolean | undefined): boolean {
  return wanted === undefined || delayed === wanted;
}

const DELAYED: Pick<JobRecord, "delayed"> = { delayed: true };
const NOT_DELAYED: Pick<JobRecord, "delayed"> = {};

/** Counts to begin with. */
export function noCounts(): Record<JobState | "delayed", number> {
  return { blocked: 0, ready: 0, delayed: 0, active: 0, parked: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
}
