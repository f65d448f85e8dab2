import type { Row } from "../connect/sql.js";
import { statementOf } from "../connect/statements.js";

/** Bits of the header's `flags`, as `sql/claim.sql` sets them. */
export const LIVE = 1;
export const LAPSED_WORKERS = 2;
export const OVERDUE = 4;
export const EXPIRED = 8;
/** A listener, in any process, wants to learn of ends. */
export const LISTENED = 16;

export const CLAIM = statementOf("claim", "alone", "durably", "downward");
export const CLAIM_UPWARD = statementOf("claim", "alone", "durably", "upward");
export const CLAIM_LOOSELY = statementOf("claim", "alone", "loosely", "downward");
export const CLAIM_UPWARD_LOOSELY = statementOf("claim", "alone", "loosely", "upward");

/** True if the claim lent nothing because there are chores first. */
export function hasChores(header: Row): boolean {
  const flags = header[1] as number;
  return (flags & LIVE) !== 0 && (flags & (LAPSED_WORKERS | OVERDUE | EXPIRED)) !== 0;
}

/** Whether a listener, in any process, wants to learn of ends. */
export function isListened(header: Row): boolean {
  return ((header[1] as number) & LISTENED) !== 0;
}
