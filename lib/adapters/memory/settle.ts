import type { Claim, Settled, Settlement } from "../../contract/index.js";
import { carryOut } from "./along.js";
import { beginAnew } from "./anew.js";
import { lend } from "./claim.js";
import { append } from "./entries.js";
import { loanOf, release } from "./lease.js";
import { enterLine } from "./line.js";
import { arrive, end, type End } from "./links.js";
import { takeNote } from "./notes.js";
import { park } from "./park.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Carries out a batch of settlements that has been checked, then lends the next jobs if asked. */
export function settle(store: Store, settlements: readonly Settlement[], next: Claim | undefined, now: number): Settled {
  const lost: string[] = [];
  const loose: Row[] = [];
  for (const settlement of settlements) {
    const row = loanOf(store, settlement.lease);
    if (row === undefined) {
      lost.push(settlement.lease.jobId);
      continue;
    }
    if (settlement.journal !== undefined) append(row, settlement.journal, now);
    if (settlement.note !== undefined) takeNote(row, settlement.note, now);
    if (settlement.as !== "ready" || settlement.ran === true) row.wake = undefined;
    settleOne(store, row, settlement, loose, now);
    carryOut(store, settlement, loose, now);
  }
  arrive(store, loose, now);
  return next === undefined ? { lost } : { lost, claimed: lend(store, next, now) };
}

/** @param loose takes the job if its links are to be followed */
function settleOne(store: Store, row: Row, settlement: Settlement, loose: Row[], now: number): void {
  const finish = (how: End): void => {
    if (row.outs !== undefined) loose.push(row);
    end(store, row, how, now);
  };
  switch (settlement.as) {
    case "succeeded":
      return finish({ state: "succeeded", result: settlement.result });
    case "failed":
      return finish({ state: "failed", cause: settlement.cause, error: settlement.error, own: true });
    case "cancelled":
      return finish({ state: "cancelled", error: settlement.error, own: true });
    case "ready":
      release(row, settlement.begun);
      if (settlement.attempt === "returned") row.attempts--;
      if (settlement.ran === true) row.lapses = 0;
      if (settlement.error !== undefined) row.error = settlement.error;
      row.dueAt = settlement.dueAt ?? now + (settlement.delayMs ?? 0);
      return enterLine(store, row, now);
    case "anew":
      return beginAnew(store, row, settlement, now);
    case "parked":
      release(row);
      row.attempts--;
      row.lapses = 0;
      return park(store, row, settlement.waits, settlement.deadline, now);
  }
}
