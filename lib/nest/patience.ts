import type { Clock } from "../core/clock.js";
import { keepAlive } from "../core/timers.js";

/**
 * A stop that waits on nothing but sockets and timers of drivers would otherwise end the process, and with it
 * the hooks that were still to come.
 */
export async function keptAlive(work: Promise<void>): Promise<void> {
  const letGo = keepAlive();
  try {
    await work;
  } finally {
    letGo();
  }
}

/**
 * Waits for a promise, but no longer than `ms`.
 * @returns whether it was fulfilled in time @throws what it was rejected with in time
 */
export async function inTime(clock: Clock, ms: number, promise: Promise<void>): Promise<boolean> {
  let cancel = (): void => {};
  const late = new Promise<false>((resolve) => (cancel = clock.after(ms, () => resolve(false))));
  try {
    return await Promise.race([promise.then(() => true as const), late]);
  } finally {
    cancel();
  }
}
