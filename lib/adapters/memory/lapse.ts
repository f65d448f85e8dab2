import { expired, lapsed } from "../../contract/index.js";
import { release } from "./lease.js";
import { enterLine } from "./line.js";
import { arrive, end } from "./links.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/**
 * Makes ready what lapsed workers hold, or ends it if it has lost too many workers.
 * It gets its earlier place in line.
 */
export function takeBack(store: Store, now: number): void {
  for (const worker of store.workers.values()) {
    if (worker.leaseUntil > now || worker.held.size === 0) continue;
    for (const row of worker.held) {
      row.attempts--;
      row.lapses++;
      release(row);
      if (row.lapses < row.maxLapses) enterLine(store, row, now);
      else {
        end(store, row, { state: "failed", cause: "lapsed", error: lapsed(row.lapses) }, now);
        arrive(store, [row], now);
      }
    }
  }
}

/** Ends a job that had not started by its expiry. */
export function expire(store: Store, row: Row, now: number): void {
  end(store, row, { state: "expired", error: expired(row.expiresAt!) }, now);
  arrive(store, [row], now);
}
