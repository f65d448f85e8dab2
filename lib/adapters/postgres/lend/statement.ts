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
