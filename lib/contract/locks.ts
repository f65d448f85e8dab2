import type { At } from "./at.js";

/**
 * Named mutual exclusion with an expiry.
 * The token grows at every acquisition of a name, so that a late owner can be recognised.
 */
export interface Locks {
  /**
   * Undefined: another owner holds it.
   * If the same owner asks again, it gets a new token and the old one is void.
   */
  acquire(name: string, owner: string, ttlMs: number, options?: At): Promise<Lock | undefined>;
  /** False: it had expired or gone to another. Never shortens what is left. */
  renew(lock: Lock, ttlMs: number, options?: At): Promise<boolean>;
  /** False: it was not this lock that held the name any more. */
  release(lock: Lock, options?: At): Promise<boolean>;
}

export interface Lock {
  readonly name: string;
  readonly owner: string;
  readonly token: number;
}
