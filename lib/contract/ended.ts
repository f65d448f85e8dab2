import type { Ended } from "./broker.js";

/** Payloads up to so many characters come with the answer that names an end. */
export const ENDED_PAYLOAD = 65_536;

/** An answer with what its call has ended. */
export function withEnded<T extends object>(answer: T, ended: readonly Ended[]): T & { readonly ended?: readonly Ended[] } {
  return ended.length === 0 ? answer : { ...answer, ended };
}
