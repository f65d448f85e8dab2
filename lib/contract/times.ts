/**
 * Longest wait of a timer of Node, and of the servers' settings, in milliseconds (24 days).
 * A longer one would be over at once.
 */
export const LONGEST_MS = 2_147_483_647;

export const TIME_RULE = `is a whole number of milliseconds from 1 to ${LONGEST_MS.toLocaleString("en")}`;

/** Whether a value of an option can be waited for. */
export function isTime(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= LONGEST_MS;
}
