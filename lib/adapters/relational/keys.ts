import type { Unique } from "../../contract/index.js";

/** What `jobs.key` holds: the key behind a letter that says until when it is held. */
export function keyText({ key, until }: Unique): string {
  return `${typeof until === "string" ? until[0]! : TIMED}${key}`;
}

/** What `keys.until` holds: 0 until the job is lent, null until it has ended, else a moment. */
export function untilOf({ until }: Unique, now: number): number | null {
  return until === "started" ? 0 : until === "ended" ? null : now + until.ms;
}

/**
 * The key in `jobs.key`, and `keys.until` for it.
 * Undefined: it is held for some time, and not taken again.
 */
export function keyIn(text: string): { readonly key: string; readonly until: 0 | null } | undefined {
  return text[0] === TIMED ? undefined : { key: text.slice(1), until: text[0] === "s" ? 0 : null };
}

const TIMED = "t";

/** Who has taken a key, and where that job stands. */
export interface Holder {
  readonly id: string;
  readonly seq: number;
  readonly until: number | null;
  /** As a number, see `STANDS`; null: the job has been forgotten. */
  readonly stands: number | null;
  /** Only if it has not begun. */
  readonly expiresAt: number | null;
  /** It has not been lent since it took the key. */
  readonly isUnlent: boolean;
}

const READY = 8;

/** Whether the key is held: the row of the key points, and the job decides. */
export function isHeld(holder: Holder, now: number): boolean {
  const { until, stands, expiresAt } = holder;
  if (until !== null && until > 0) return until > now;
  if (stands === null || stands < 5) return false;
  if (stands === READY && expiresAt !== null && expiresAt <= now) return false;
  return until === null || isWaiting(holder);
}

/** Whether the job has not been lent since it took the key, so that it can be replaced. */
export function isWaiting({ until, stands, isUnlent }: Holder): boolean {
  return until === 0 && stands === READY && isUnlent;
}
