import type { Claim, Settled, Settlement } from "../../contract/index.js";
import { beginAnew } from "./anew.js";
import { claim } from "./claim.js";
import { carryOut } from "./along.js";
import { write } from "./entries.js";
import { park } from "./events.js";
import { close, spreadAll, type End } from "./links.js";
import { takeNote } from "./notes.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Carries out a batch of settlements that has been checked, then lends the next jobs if asked. */
export function settle(store: Store, settlements: readonly Settlement[], next: Claim | undefined, now: number): Settled {
  const lost: string[] = [];
  const loose: Row[] = [];
  for (const settlement of settlements) {
    const row = store.lentUnder(settlement.lease);
    if (row === undefined) {
      lost.push(settlement.lease.jobId);
      continue;
    }
    if (settlement.journal !== undefined) write(row, settlement.journal, now);
    if (settlement.note !== undefined) takeNote(row, settlement.note, now);
    if (settlement.as !== "ready" || settlement.ran === true) row.wake = undefined;
    end(store, row, settlement, loose, now);
    carryOut(store, settlement, loose, now);
  }
  spreadAll(store, loose, now);
  return next === undefined ? { lost } : { lost, claimed: claim(store, next, now) };
}

/** @param loose takes the job if its links are to be followed */
function end(store: Store, row: Row, settlement: Settlement, loose: Row[], now: number): void {
  const finish = (how: End): void => {
    if (row.outs !== undefined) loose.push(row);
    close(store, row, how, now);
  };
  switch (settlement.as) {
    case "succeeded":
      return finish({ state: "succeeded", result: settlement.result });
    case "failed":
      return finish({ state: "failed", cause: settlement.cause, error: settlement.error, own: true });
    case "cancelled":
      return finish({ state: "cancelled", error: settlement.error, own: true });
    case "ready":
      store.release(row, settlement.begun);
      if (settlement.attempt === "returned") row.attempts--;
      if (settlement.ran === true) row.lapses = 0;
      if (settlement.error !== undefined) row.error = settlement.error;
      row.dueAt = settlement.dueAt ?? now + (settlement.delayMs ?? 0);
      return store.makeReady(row, now);
    case "anew":
      return beginAnew(store, row, settlement, now);
    case "parked":
      store.release(row);
      row.attempts--;
      row.lapses = 0;
      return park(store, row, settlement.waits, settlement.deadline, now);
  }
}
