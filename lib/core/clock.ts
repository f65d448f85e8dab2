import { clearTimeout, LONGEST_TIMER_MS, setTimeout } from "./timers.js";

/** Time and waiting, replaceable in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Milliseconds that go by evenly, from any start: for measuring, as `now` may be set by hand.
   * Default: `now`.
   */
  steady?(): number;
  /**
   * Calls back once after `ms`; the returned function cancels.
   * A pending timer does not keep the process alive.
   */
  after(ms: number, callback: () => void): () => void;
  /**
   * For a clock that only a test moves: calls back each time it has stood so long that waits would never end.
   */
  whenStuck?(callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  steady: performance.now.bind(performance),
  after(ms, callback) {
    if (ms > LONGEST_TIMER_MS) return afterLong(ms, callback);
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** See `Clock.steady`. */
export function steadyNow(clock: Clock): number {
  return clock.steady === undefined ? clock.now() : clock.steady();
}

/** In parts: some 24 days fit a timer of Node. */
function afterLong(ms: number, callback: () => void): () => void {
  let cancel = systemClock.after(LONGEST_TIMER_MS, () => {
    cancel = systemClock.after(ms - LONGEST_TIMER_MS, callback);
  });
  return () => cancel();
}

/** Numbers in [0, 1), such as `Math.random`. */
export type Dice = () => number;
