import type { Signature, SignatureOptions } from "../client/face.js";
import type { TaskRef } from "../task/ref.js";

/**
 * A task with its payload, not yet enqueued. Undefined as payload means "what the jobs before it returned",
 * and nothing for the first of a chain and for members of a group. Checked when its canvas is enqueued.
 */
export function signatureOf<I, O>(ref: TaskRef<I, O>, payload: I | undefined, options: SignatureOptions = {}): Signature<I, O> {
  return { ref, payload: payload === undefined ? { from: "inputs" } : { value: payload }, options };
}
