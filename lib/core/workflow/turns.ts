import { clearTimeout, queueMicrotask, setImmediate, setTimeout } from "../timers.js";

/** Taken when this file is loaded, as the timers are. */
const { nextTick } = process;

/** Calls back once all promise callbacks that are due have run, within this turn of the event loop. */
export function drained(callback: () => void): void {
  // Node runs its tick queue whenever the queue of promise callbacks has run empty.
  queueMicrotask(() => nextTick(callback));
}

/** Calls back in the next turn of the event loop. */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Calls back after `ms` of real time, whatever clock is in use; the returned function cancels. */
export function later(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
