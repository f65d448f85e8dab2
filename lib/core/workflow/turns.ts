// Taken when this file is loaded, so that fake timers in a user's tests do not stop runs.
const { nextTick } = process;
const immediate = globalThis.setImmediate;
const timeout = globalThis.setTimeout;

/** Calls back once all promise callbacks that are due have run, within this turn of the event loop. */
export function drained(callback: () => void): void {
  // Node runs its tick queue whenever the queue of promise callbacks has run empty.
  queueMicrotask(() => nextTick(callback));
}

/** Calls back in the next turn of the event loop. */
export function nextTurn(callback: () => void): void {
  immediate(callback);
}

/** Calls back after `ms` of real time, whatever clock is in use; the returned function cancels. */
export function later(ms: number, callback: () => void): () => void {
  const timer = timeout(callback, ms);
  return () => clearTimeout(timer);
}
