/**
 * Most parked jobs that one claim wakes, and most expired jobs it ends.
 * A backlog of them takes several claims.
 */
export const BOUND = 1_000;
