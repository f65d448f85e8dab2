import type { Cancelled, Ended } from "./broker.js";

/** Payloads up to so many characters come with the answer that names an end. */
export const ENDED_PAYLOAD = 65_536;

/** An answer with what its call has ended. */
export function withEnded<T extends object>(answer: T, ended: readonly Ended[]): T & { readonly ended?: readonly Ended[] } {
  return ended.length === 0 ? answer : { ...answer, ended };
}

/** The answers of a cancel with what it has ended. */
export function cancelledWith(answers: readonly Cancelled[], ended: readonly Ended[]): readonly Cancelled[] {
  return ended.length === 0 || answers.length === 0 ? answers : [{ ...answers[0]!, ended }, ...answers.slice(1)];
}
