import type { SignatureOptions } from "../task/options.js";
import type { TaskRef } from "../task/ref.js";

/** A task with its payload, not yet enqueued. */
export interface Signature<I = unknown, O = unknown> {
  readonly ref: TaskRef<I, O>;
  /** `{ from: "inputs" }`: the payload is what the jobs before it returned. */
  readonly payload: { readonly value: I } | { readonly from: "inputs" };
  readonly options: SignatureOptions;
}

/** Result type of the last signature of a chain. */
export type LastOutput<S extends readonly Signature[]> = S extends readonly [...Signature[], Signature<unknown, infer O>] ? O : unknown;

/**
 * A task with its payload, not yet enqueued.
 * Without a payload it gets the results of the jobs before it; the first of a chain and members of a group
 * get nothing. Checked when its canvas is enqueued.
 */
export function signatureOf<I, O>(ref: TaskRef<I, O>, payload: I | undefined, options: SignatureOptions = {}): Signature<I, O> {
  return { ref, payload: payload === undefined ? { from: "inputs" } : { value: payload }, options };
}
