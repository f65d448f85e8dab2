import type { FinalState, JobState } from "../../contract/index.js";

/** Priorities of a queue. */
export const LEVELS = 10;

/** The lane of a queue and a priority: ascending lanes of a queue are descending priorities. */
export const laneOf = (queue: number, priority: number): number => queue * LEVELS + LEVELS - 1 - priority;

/** The number of the queue that a lane belongs to. */
export const queueIn = (lane: number): number => Math.floor(lane / LEVELS);

/** The priority of the jobs in a lane. */
export const priorityIn = (lane: number): number => LEVELS - 1 - (lane % LEVELS);

/** States as numbers in `ended`. */
export const ENDED = { succeeded: 1, failed: 2, cancelled: 3, expired: 4 } as const satisfies Record<FinalState, number>;

/** The same the other way round. */
export const FINAL: Readonly<Record<number, FinalState>> = { 1: "succeeded", 2: "failed", 3: "cancelled", 4: "expired" };

/** States by where a job stands, as `STANDS` counts it. */
export const STATES: Readonly<Record<number, JobState>> = { ...FINAL, 5: "active", 6: "parked", 7: "blocked", 8: "ready" };

/**
 * Where a job stands, as a number: 1–4 ended, 5 active, 6 parked, 7 blocked, 8 ready. Of the tables by which
 * it is told, `e` is `ended`, `a` has the jobs on loan, `p` is `parked`.
 */
export const STANDS = `CASE WHEN e.seq IS NOT NULL THEN e.state WHEN a.seq IS NOT NULL THEN 5 WHEN p.seq IS NOT NULL THEN 6 WHEN j.open > 0 THEN 7 ELSE 8 END`;

/**
 * Bits of `jobs.links`: others wait for the job · it waits for others · it has a journal · it has a note · it
 * has a unique key.
 */
export const GIVES = 1;
export const TAKES = 2;
export const JOURNALED = 4;
export const NOTED = 16;
export const KEYED = 64;
