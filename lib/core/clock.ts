/** Time and waiting, replaceable in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `ms`; the returned function cancels. A pending timer does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    // Node fires at once when the delay does not fit 31 bits; waking early is harmless, the caller looks at the time again.
    const timer = setTimeout(callback, Math.min(ms, 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Numbers in [0, 1), such as `Math.random`. */
export type Dice = () => number;
