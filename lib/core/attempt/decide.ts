import type { Settlement } from "../../contract/broker.js";
import { toFailure } from "../../contract/thrown.js";
import type { Delivery } from "../../contract/job.js";
import type { Dice } from "../clock.js";
import { backoffMs } from "../task/backoff.js";
import type { RetryPolicy } from "../task/task.js";
import type { Outcome } from "./outcome.js";

/**
 * Turns the end of an attempt into the one thing to write.
 * Pure but for the dice, which are thrown for a retry's wait only.
 *
 * @returns undefined when nothing may be written, because the job is not this worker's any more (cancelled or
 * lost)
 */
export function decide(outcome: Outcome, delivery: Delivery, retry: RetryPolicy, dice: Dice): Settlement | undefined {
  const { lease, attempt } = delivery;
  switch (outcome.kind) {
    case "returned":
      if (outcome.journal === undefined && outcome.enqueue === undefined)
        return outcome.result === undefined ? { lease, as: "succeeded" } : { lease, as: "succeeded", result: outcome.result };
      return {
        lease,
        as: "succeeded",
        ...(outcome.result !== undefined && { result: outcome.result }),
        ...(outcome.enqueue !== undefined && { enqueue: outcome.enqueue }),
        ...journalOf(outcome),
      };
    case "threw": {
      const error = toFailure(outcome.error, attempt);
      if (attempt >= retry.attempts) return { lease, as: "failed", cause: outcome.cause, error, ...journalOf(outcome) };
      if (!outcome.retryable) {
        const final = outcome.why === undefined ? error : { ...error, notRetried: outcome.why };
        return { lease, as: "failed", cause: outcome.cause, error: final, ...journalOf(outcome) };
      }
      return { lease, as: "ready", attempt: "spent", ran: true, delayMs: backoffMs(attempt, retry, dice()), error, ...journalOf(outcome) };
    }
    case "snoozed":
      return {
        lease,
        as: "ready",
        attempt: "returned",
        ran: true,
        ...(outcome.delayMs !== undefined ? { delayMs: outcome.delayMs } : outcome.dueAt !== undefined && { dueAt: outcome.dueAt }),
        ...journalOf(outcome),
      };
    case "parked":
      return {
        lease,
        as: "parked",
        waits: outcome.waits,
        ...(outcome.deadline !== undefined && { deadline: outcome.deadline }),
        ...journalOf(outcome),
      };
    case "refused":
      return decide(outcome.verdict, delivery, retry, dice);
    case "handedBack":
      return { lease, as: "ready", attempt: "returned", begun: false, dueAt: outcome.dueAt, error: outcome.error };
    case "aborted":
      if (outcome.reason === "cancelled" || outcome.reason === "lost") return undefined;
      if (outcome.reason === "shutdown") {
        const journal = journalOf(outcome);
        // The journaled entries may hold what the wake brought.
        return { lease, as: "ready", attempt: "returned", ...(journal !== undefined && { ran: true }), ...journal };
      }
      return decide({ ...outcome, kind: "threw", error: TOOK_TOO_LONG, retryable: true, cause: "error" }, delivery, retry, dice);
  }
}

const TOOK_TOO_LONG = { name: "TimeoutError", message: "The attempt took longer than its task allows.", code: "STEM_JOB_TIMEOUT" };

function journalOf({ journal }: Outcome): Pick<Settlement, "journal"> | undefined {
  return journal === undefined || journal.length === 0 ? undefined : { journal };
}
