import { clearTimeout, queueMicrotask, setImmediate, setTimeout } from "../timers.js";

/** Taken when this file is loaded, as the timers are. */
const { nextTick } = process;

/** Calls back once all promise callbacks that are due have run, within this turn of the event loop. */
export function drained(callback: () => void): void {
  // Node runs its tick queue when the queue of promise callbacks has run empty.
  queueMicrotask(() => nextTick(callback));
}

/** How long replays may use a turn of the event loop, all runs of the process together. */
const SLICE_MS = 10;

const now = performance.now.bind(performance);
let sliceEnds: number | undefined;

/**
 * As `drained`; but in the next turn of the event loop once the calls of this one have taken long.
 * Other code of the process then gets its turn.
 */
export function sliced(callback: () => void): void {
  if (sliceEnds === undefined) {
    sliceEnds = now() + SLICE_MS;
    setImmediate(() => (sliceEnds = undefined));
  }
  if (now() < sliceEnds) drained(callback);
  else setImmediate(() => drained(callback));
}

/** Calls back in the next turn of the event loop. */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Calls back after `ms` of real time, with any clock in use; the returned function cancels. */
export function later(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
