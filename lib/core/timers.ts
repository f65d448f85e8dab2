/**
 * The timers of this process, taken when core loads.
 * A test that replaces them later (`jest.useFakeTimers()`) then stops its own timers, not its jobs.
 */
export const { queueMicrotask, setImmediate, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;

/** Longest wait of a timer of Node, in milliseconds; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Keeps the process alive until the returned function is called.
 * Timers of a clock do not, and not every store has a socket that does.
 */
export function keepAlive(): () => void {
  const timer = setInterval(() => {}, LONGEST_TIMER_MS);
  return () => clearInterval(timer);
}
