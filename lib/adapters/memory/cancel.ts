import { cancelled, isFinal } from "../../contract/index.js";
import type { Cancelled } from "../../contract/index.js";
import { stopWaiting } from "./events.js";
import { finish } from "./links.js";
import type { Store } from "./store.js";

/**
 * Ends unfinished jobs, whatever they are doing, and with them whoever waits for them. Answers in the order
 * asked.
 */
export function cancel(store: Store, ids: readonly string[], reason: string, now: number): Cancelled[] {
  return ids.map((id): Cancelled => {
    const row = store.find(id, now);
    if (row === undefined) return { id, as: "unknown" };
    const was = row.state;
    if (isFinal(was)) return { id, as: "ended", was };
    stopWaiting(store, row);
    finish(store, row, { state: "cancelled", error: cancelled(reason) }, now);
    return { id, as: "cancelled", was };
  });
}
