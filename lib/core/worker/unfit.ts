import { PayloadError } from "../../contract/errors.js";
import type { Log } from "../log.js";
import type { TaskDefinition } from "../task/task.js";
import type { Outcome } from "./outcome.js";
import { judge } from "./retryable.js";

/** Refused before the handler ran, or after it with a result that cannot be kept: running it again would end the same. */
export function rejected(error: unknown): Outcome & { readonly kind: "threw" } {
  return { kind: "threw", error, retryable: false, cause: "rejected" };
}

/**
 * The end of an attempt whose payload or result did not get past its schema. What the schema reported (`PayloadError`) is final; a schema that threw instead has
 * not judged, perhaps because what it asks is away, so that its error is one like the handler's own.
 */
export function unfit(error: unknown, { retry, name }: TaskDefinition, log: Log): Outcome & { readonly kind: "threw" } {
  if (error instanceof PayloadError) return rejected(error);
  return { kind: "threw", error, ...judge(error, retry, name, log), cause: "error" };
}
