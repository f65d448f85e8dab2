import { setTimeout as pause } from "node:timers/promises";
import { HeldError, type Store } from "../store.js";

/** Between two looks whether the caller's transaction has ended. */
const LOOK_MS = 2;

/**
 * The same verbs, which wait for the end of a transaction of this process that holds the write lock.
 * Asking SQLite for the lock would block the event loop in the busy wait, and with it the very transaction
 * that is waited for. Verbs that only read do not wait, and without such a transaction nothing changes.
 *
 * @param longestMs how long they wait before they fail with `STEM_STORE_FAILED`
 */
export function waitingForLock<Part extends object>(
  store: Store,
  longestMs: number,
  part: Part,
  verbs: readonly (keyof Part & string)[],
): Part {
  const made = { ...part } as Record<string, unknown>;
  for (const name of verbs) {
    const verb = (part[name] as (...args: unknown[]) => Promise<unknown>).bind(part);
    made[name] = (...args: unknown[]): Promise<unknown> =>
      store.heldBy.size === 0 ? verb(...args) : untilFree(store, longestMs, () => verb(...args));
  }
  return made as Part;
}

/** A verb that did not get the write lock has done nothing yet, so it may be called again. */
async function untilFree<T>(store: Store, longestMs: number, verb: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + longestMs; ; await pause(LOOK_MS)) {
    try {
      return await verb();
    } catch (error) {
      if (!(error instanceof HeldError)) throw error;
      if (performance.now() > until) throw store.heldTooLong(longestMs);
    }
  }
}
