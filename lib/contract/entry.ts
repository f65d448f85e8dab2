/** One fact of a run. Of several entries with one key, the one with the highest `seq` counts. */
export interface NewEntry {
  /** Place in the run's journal, from 1, without gaps; chosen by the one worker that holds the run. */
  readonly seq: number;
  /** Name and occurrence: `"charge"`, then `"charge#2"`. */
  readonly key: string;
  /** The kind (`"step"`, `"sleep"`, `"wait"`, …); a replay that meets another kind under a key stops. */
  readonly kind: string;
  readonly state: "open" | "done" | "failed";
  /** Absent is a value too: a step that returned nothing is done. */
  readonly value?: string;
}

export interface Entry extends NewEntry {
  /** The store's clock when it was written. */
  readonly at: number;
}
