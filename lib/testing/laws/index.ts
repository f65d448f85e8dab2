import { adapterLaws } from "./adapter.laws.js";
import { anewLaws } from "./anew.laws.js";
import { alongLaws } from "./along.laws.js";
import { alongOrderLaws } from "./along-order.laws.js";
import { cancelLaws } from "./cancel.laws.js";
import { canvasLaws } from "./canvas.laws.js";
import { changeLaws } from "./changes.laws.js";
import { checkLawsOf } from "./check-laws.js";
import { claimLaws } from "./claim.laws.js";
import { deadLetterLaws } from "./deadletters.laws.js";
import { delayedLaws } from "./delayed.laws.js";
import { endsLaws } from "./ends.laws.js";
import { eventLaws } from "./events.laws.js";
import { failureLaws } from "./failures.laws.js";
import { hintLaws } from "./hints.laws.js";
import { idLaws } from "./ids.laws.js";
import { jobLaws } from "./job.laws.js";
import { journalLaws } from "./journal.laws.js";
import { inputFailureLaws } from "./input-failures.laws.js";
import { keyLaws } from "./keys.laws.js";
import { lapseLaws } from "./lapses.laws.js";
import type { Law, LawOutcome } from "./law.js";
import { leaseLaws } from "./leases.laws.js";
import { lockLaws } from "./locks.laws.js";
import { noteLaws } from "./notes.laws.js";
import { ownerLaws } from "./owners.laws.js";
import { queueLaws } from "./queues.laws.js";
import { recordLaws } from "./jobs.laws.js";
import { rewriteLaws } from "./rewrite.laws.js";
import { runLaws } from "./runs.laws.js";
import { scheduleLaws } from "./schedules.laws.js";
import { settleLaws } from "./settle.laws.js";
import { stateLaws } from "./states.laws.js";
import type { LawSubject } from "./subject.js";
import { textLaws } from "./texts.laws.js";
import { transactionLaws } from "./transactions.laws.js";
import { orderLaws } from "./orders.laws.js";
import { uniqueLaws } from "./unique.laws.js";
import { workerLaws } from "./workers.laws.js";

export { LawBench } from "./bench.js";
export { checkLaw } from "./check-laws.js";
export type { Law, LawOutcome } from "./law.js";
export type { LawStore, LawSubject, LawTransaction } from "./subject.js";

/** Every promise an adapter makes, grouped as the contract is. Titles are unique. */
export const laws: readonly Law[] = [
  ...jobLaws,
  ...textLaws,
  ...idLaws,
  ...stateLaws,
  ...claimLaws,
  ...queueLaws,
  ...settleLaws,
  ...leaseLaws,
  ...lapseLaws,
  ...failureLaws,
  ...cancelLaws,
  ...endsLaws,
  ...deadLetterLaws,
  ...uniqueLaws,
  ...keyLaws,
  ...canvasLaws,
  ...inputFailureLaws,
  ...journalLaws,
  ...rewriteLaws,
  ...anewLaws,
  ...noteLaws,
  ...eventLaws,
  ...alongLaws,
  ...alongOrderLaws,
  ...runLaws,
  ...scheduleLaws,
  ...ownerLaws,
  ...lockLaws,
  ...recordLaws,
  ...changeLaws,
  ...delayedLaws,
  ...workerLaws,
  ...orderLaws,
  ...hintLaws,
  ...transactionLaws,
  ...adapterLaws,
];

/**
 * Checks all laws on an adapter, each on a fresh store, and says how each went.
 * An adapter is ready when no outcome has an `error`.
 *
 * @param options.only checks just the laws whose title contains this text
 * @example
 * const broken = (await checkLaws({ open: openMyAdapter })).filter(({ error }) => error !== undefined);
 */
export function checkLaws(subject: LawSubject, options: { readonly only?: string } = {}): Promise<readonly LawOutcome[]> {
  return checkLawsOf(laws, subject, options);
}
