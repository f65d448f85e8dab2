import type { Claim, Settled, Settlement } from "../../contract/index.js";
import { claim } from "./claim.js";
import { enqueue } from "./enqueue.js";
import { park } from "./events.js";
import { write } from "./journal.js";
import { finish } from "./links.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Carries out a batch of settlements that has been checked, then lends the next jobs if asked. */
export function settle(store: Store, settlements: readonly Settlement[], next: Claim | undefined, now: number): Settled {
  const lost: string[] = [];
  for (const settlement of settlements) {
    const row = store.lentUnder(settlement.lease);
    if (row === undefined) {
      lost.push(settlement.lease.jobId);
      continue;
    }
    if (settlement.journal !== undefined) write(row, settlement.journal, now);
    if (settlement.as !== "ready" || settlement.ran === true) row.wake = undefined;
    end(store, row, settlement, now);
  }
  return next === undefined ? { lost } : { lost, claimed: claim(store, next, now) };
}

function end(store: Store, row: Row, settlement: Settlement, now: number): void {
  switch (settlement.as) {
    case "succeeded":
      finish(store, row, { state: "succeeded", result: settlement.result }, now);
      if (settlement.enqueue !== undefined) enqueue(store, settlement.enqueue, now);
      return;
    case "failed":
      return finish(store, row, { state: "failed", cause: settlement.cause, error: settlement.error, own: true }, now);
    case "cancelled":
      return finish(store, row, { state: "cancelled", error: settlement.error, own: true }, now);
    case "ready":
      store.release(row, settlement.begun);
      if (settlement.attempt === "returned") row.attempts--;
      if (settlement.ran === true) row.lapses = 0;
      if (settlement.error !== undefined) row.error = settlement.error;
      row.dueAt = settlement.dueAt ?? now + (settlement.delayMs ?? 0);
      return store.makeReady(row, now);
    case "parked":
      store.release(row);
      row.attempts--;
      row.lapses = 0;
      return park(store, row, settlement.waits, settlement.deadline, now);
  }
}
