import { carries, JOB_DEFAULTS, type Claim, type Settled, type Settlement } from "../../contract/index.js";
import { ENDED, GIVES } from "../relational/codes.js";
import type { Loose } from "../relational/ends.js";
import { carryOut } from "./along.js";
import { beginAnew } from "./anew.js";
import { lend } from "./claim.js";
import { append } from "./entries.js";
import { release } from "./lease.js";
import { enterLine } from "./line.js";
import { arrive, end } from "./links.js";
import { takeNote } from "./notes.js";
import { park } from "./park.js";
import { forget } from "./prune.js";
import type { Loan, Store } from "./store.js";

/** Successes per statement; as with enqueue, fewer and longer statements are cheaper. */
const ROWS = 20;

const COLUMNS = "seq, state, ended_at, forget_at, started_at, attempts, fence, result";
const WIDTH = 8;

/** What a settle has still to write or to follow when it has gone through its batch. */
interface Batch {
  readonly now: number;
  readonly loose: Loose[];
  /** Values of the rows for `ended`. */
  readonly succeeded: unknown[];
  /** Numbers of successes that leave no record. */
  readonly forgotten: number[];
}

/** Carries out settlements and, on the way out, a claim, inside the caller's transaction. */
export function settle(store: Store, settlements: readonly Settlement[], next: Claim | undefined, now: number): Settled {
  const lost: string[] = [];
  const batch: Batch = { now, loose: [], succeeded: [], forgotten: [] };
  for (const settlement of settlements) if (!settleOne(store, settlement, batch)) lost.push(settlement.lease.jobId);
  writeSuccesses(store, batch);
  if (batch.loose.length > 0) arrive(store, batch.loose, now);
  return next === undefined ? { lost } : { lost, claimed: lend(store, next, now) };
}

/** False: the lease has gone, and nothing was written. */
function settleOne(store: Store, settlement: Settlement, batch: Batch): boolean {
  const { now, loose } = batch;
  const loan = release(store, settlement.lease);
  if (loan === undefined) return false;
  if (settlement.journal !== undefined && settlement.journal.length > 0) append(store, loan, settlement.journal, now);
  if (settlement.note !== undefined) takeNote(store, loan.seq, settlement.note, now);
  const { jobId: id } = settlement.lease;
  switch (settlement.as) {
    case "succeeded":
      succeed(store, id, loan, settlement.result, batch);
      break;
    case "failed":
    case "cancelled": {
      const { as: state, error } = settlement;
      const cause = settlement.as === "failed" ? settlement.cause : null;
      end(store, { ...loan, id, attempts: loan.attempt, state, cause, error, own: true }, now, loose);
      break;
    }
    case "ready": {
      const dueAt = settlement.dueAt ?? now + (settlement.delayMs ?? 0);
      store
        .sql(
          `UPDATE jobs SET due_at = ?, attempts = ?, fence = ?, started_at = iif(?, started_at, ?), lapses = iif(?, 0, lapses), wake = iif(?, NULL, wake), error = ifnull(?, error)
           WHERE seq = ?`,
        )
        .run(
          dueAt,
          settlement.attempt === "spent" ? loan.attempt : loan.attempt - 1,
          loan.fence,
          settlement.begun === false ? 1 : 0,
          loan.startedAt,
          settlement.ran === true ? 1 : 0,
          settlement.ran === true ? 1 : 0,
          settlement.error === undefined ? null : JSON.stringify(settlement.error),
          loan.seq,
        );
      enterLine(store, loan.seq, loan.lane, dueAt);
      break;
    }
    case "anew":
      beginAnew(store, loan, settlement, now);
      break;
    case "parked":
      park(store, loan, settlement.waits, settlement.deadline, now);
  }
  if (carries(settlement)) {
    // First, since what travels along may be about a job that this batch has just ended.
    writeSuccesses(store, batch);
    carryOut(store, settlement, loose, now);
  }
  return true;
}

function succeed(store: Store, id: string, loan: Loan, result: string | undefined, { now, loose, succeeded, forgotten }: Batch): void {
  const keep = loan.keepResult ?? JOB_DEFAULTS.keepResultMs;
  if (keep === 0 && (loan.links & GIVES) === 0) forgotten.push(loan.seq);
  else {
    succeeded.push(loan.seq, ENDED.succeeded, now, now + keep, loan.startedAt, loan.attempt, loan.fence, result ?? null);
    if (loan.links & GIVES) loose.push({ seq: loan.seq, id, state: "succeeded" });
  }
  store.hintDone(id);
}

/**
 * Writes the successes gathered so far, many rows at a time and then the rest one by one, so that only two
 * statements are prepared.
 */
function writeSuccesses(store: Store, { succeeded, forgotten }: Batch): void {
  let at = 0;
  for (; at + ROWS * WIDTH <= succeeded.length; at += ROWS * WIDTH) store.sql(INSERT_MANY).run(succeeded.slice(at, at + ROWS * WIDTH));
  for (; at < succeeded.length; at += WIDTH) store.sql(INSERT_ONE).run(succeeded.slice(at, at + WIDTH));
  succeeded.length = 0;
  forget(store, forgotten);
  forgotten.length = 0;
}

const ROW = "(?, ?, ?, ?, ?, ?, ?, ?)";
const INSERT_ONE = `INSERT INTO ended (${COLUMNS}) VALUES ${ROW}`;
const INSERT_MANY = `INSERT INTO ended (${COLUMNS}) VALUES ${Array<string>(ROWS).fill(ROW).join(", ")}`;
