/** Priorities per queue in the numbering of lanes. */
export const LEVELS = 10;
