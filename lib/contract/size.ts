import type { Along } from "./along.js";
import type { Settlement } from "./broker.js";
import type { NewJob } from "./job.js";

/**
 * About how many bytes of payloads, results and journals go in one call.
 * A call is bounded so that it is answered well within any sensible time limit; a single job that is larger
 * goes alone.
 */
export const CALL_BYTES = 8_388_608;

/**
 * The size of texts up to this length is not measured: a thousand of them fit into a call at their largest.
 */
const SHORT = 2_796;

/** The bytes of a text as UTF-8, for a short text up to three times too many, since it is not measured. */
export function bytesOf(text: string): number {
  return text.length <= SHORT ? text.length * 3 : Buffer.byteLength(text);
}

/** The size of a job in a call. */
export function bytesOfJob({ payload, headers }: Pick<NewJob, "payload" | "headers">): number {
  let bytes = bytesOf(payload);
  if (headers !== undefined) for (const name of Object.keys(headers)) bytes += bytesOf(name) + bytesOf(headers[name]!);
  return bytes;
}

/** The size of what travels along in a call. */
export function bytesOfAlong({ journal, note, enqueue, emit, cancel }: Along): number {
  let bytes = 0;
  if (journal !== undefined) for (const { value } of journal) if (value !== undefined) bytes += bytesOf(value);
  if (note?.state !== undefined) bytes += bytesOf(note.state);
  if (note?.log !== undefined) for (const line of note.log) bytes += bytesOf(line);
  if (enqueue !== undefined) for (const job of enqueue) bytes += bytesOfJob(job);
  if (emit !== undefined) for (const { payload } of emit) if (payload !== undefined) bytes += bytesOf(payload);
  if (cancel !== undefined) for (const { reason } of cancel) bytes += bytesOf(reason);
  return bytes;
}

/** What an ending weighs in a call, with all that travels along. */
export function bytesOfSettlement(settlement: Settlement): number {
  const bytes = bytesOfAlong(settlement);
  if (settlement.as === "anew") return bytes + bytesOfJob(settlement);
  return settlement.as === "succeeded" && settlement.result !== undefined ? bytes + bytesOf(settlement.result) : bytes;
}

/** How many of `items`, from place `from` on, go into one call: one at least, `most` at the most. */
export function fitting<T>(items: readonly T[], weigh: (item: T) => number, most: number, from = 0): number {
  const to = Math.min(items.length, from + most);
  let bytes = 0;
  let at = from;
  for (; at < to; at++) {
    bytes += weigh(items[at]!);
    if (bytes > CALL_BYTES && at > from) break;
  }
  return at - from;
}
