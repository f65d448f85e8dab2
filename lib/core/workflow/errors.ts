import { StemError } from "../../contract/errors.js";
import type { Failure } from "../../contract/job.js";

/**
 * A step failed, its tries used up.
 * It has the `name`, `message` and `code` of the error of the step's work (`code` is `STEM_STEP_FAILED` if
 * that had none), because a later pass knows no more than these: branch on them, not with `instanceof`.
 * `cause` is the failure as data, its stack included.
 */
export class StepError extends StemError {
  override readonly cause: Failure;
  /** Key of the step in the journal: `"charge"`, `"charge#2"`. */
  readonly step: string;
  /** How often it was tried. */
  readonly attempts: number;

  constructor(step: string, failure: Failure, attempts: number) {
    super(
      failure.code ?? "STEM_STEP_FAILED",
      failure.message,
      "Catch it in the body to go another way; uncaught, it fails the run's attempt.",
    );
    this.name = failure.name;
    this.message = failure.message;
    this.cause = failure;
    this.step = step;
    this.attempts = attempts;
  }
}

/** One try of a step took longer than its `timeout`. */
export class StepTimeoutError extends StemError {
  constructor(key: string, timeoutMs: number) {
    super(
      "STEM_STEP_TIMEOUT",
      `Step "${key}" took longer than the ${timeoutMs} ms it is allowed.`,
      "Give the step a longer timeout, or let its work stop on step.signal.",
    );
  }
}

/**
 * The code of a workflow no longer fits the journal of one of its runs.
 * Continuing would skip or repeat work. The run is stopped as a dead letter and nothing is undone.
 */
export class WorkflowChangedError extends StemError {
  readonly runId: string;
  /** The journaled entries, as `kind key`, in order. */
  readonly journaled: readonly string[];
  /** What the code asked for in this pass, as `kind key`, in order. */
  readonly asked: readonly string[];

  constructor(workflow: string, runId: string, why: string, journaled: readonly string[], asked: readonly string[]) {
    super(
      "STEM_WORKFLOW_CHANGED",
      `The code of workflow "${workflow}" does not fit run ${runId}: ${why}.\n  The journal says: ${listed(journaled)}\n  The code asked:   ${listed(asked)}`,
      `Deploy the code the run was started with, or code that still asks for all of this, then "stem dlq retry ${runId}". Give a changed workflow a new name while old runs go on.`,
    );
    this.runId = runId;
    this.journaled = journaled;
    this.asked = asked;
  }
}

/** Names at either end of a long list are enough to see where two lists differ. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return "(nothing)";
  const shown = names.length > 30 ? [...names.slice(0, 20), `… ${names.length - 29} more …`, ...names.slice(-9)] : names;
  return shown.join(", ");
}
