import type { Wake } from "../../../contract/index.js";

/** One text for a name and a key, different for different pairs. */
export function topic(name: string, key: string): string {
  return `${name.length}:${name}${key}`;
}

/** Binary search: a run may read a long series, a few events at a time. */
export function placeAfter(events: readonly { readonly seq: number }[], seq: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.seq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Why a job runs again for which an event came. */
export function eventWake({ name, key, seq, payload }: { name: string; key: string; seq: number; payload?: string | undefined }): Wake {
  return { by: "event", name, key, seq, ...(payload !== undefined && { payload }) };
}
