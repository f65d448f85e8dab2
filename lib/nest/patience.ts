import type { Clock } from "../core/clock.js";
import { keepAlive } from "../core/timers.js";

/**
 * Keeps the process alive until `work` ends.
 * A stop that waits only for sockets and timers of drivers would otherwise end the process before later
 * hooks.
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
 * @returns whether it was fulfilled in time @throws its rejection in time
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
