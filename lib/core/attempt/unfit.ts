import { PayloadError, UnknownTaskError } from "../../contract/errors.js";
import type { Definitions } from "../codec/definitions.js";
import type { Log } from "../log.js";
import type { TaskRegistry } from "../task/registry.js";
import type { TaskDefinition } from "../task/task.js";
import type { Outcome, Verdict } from "./outcome.js";
import { judge } from "./retryable.js";

/**
 * The verdict of a refusal before the handler ran, or of a result that cannot be kept.
 * Another attempt would end the same.
 */
export function rejected(error: unknown): Verdict {
  return { kind: "threw", error, retryable: false, cause: "rejected" };
}

/**
 * The end of an attempt whose payload or result did not pass its schema.
 * Issues of the schema (`PayloadError`) are final. A schema that threw instead has not judged, perhaps
 * because a service it needs is away, so its error counts like the handler's own.
 */
export function unfit(error: unknown, { retry, name }: TaskDefinition, log: Log): Verdict {
  if (error instanceof PayloadError) return rejected(error);
  return { kind: "threw", error, ...judge(error, retry, name, log), cause: "error" };
}

type Refused = Extract<Outcome, { readonly kind: "refused" }>;

/** The outcome of a job without a handler in this process. */
export function unknownTask(task: string, registry: TaskRegistry, definitions: Definitions): Refused {
  const known = definitions.task(task);
  const error = new UnknownTaskError(task, registry.names(), known?.handler);
  const advice =
    known === undefined
      ? "If it was renamed or taken out, keep a handler of the old name until its jobs have ended. If this worker is older than what enqueues, a newer one will take it."
      : "If another app handles it, give it a queue that this worker does not serve.";
  return { kind: "refused", verdict: rejected(error), error, advice, alone: "wait" };
}

/**
 * The outcome of a payload that did not pass this worker's checks.
 * Another version of the code may accept it.
 */
export function refusedPayload(verdict: Verdict): Outcome {
  if (verdict.retryable) return verdict;
  return {
    kind: "refused",
    verdict,
    error: verdict.error,
    advice: "Workers with other code are alive, which may know its type.",
    alone: "judge",
  };
}
