/** A job that was not stored, and the one that kept it from that. */
export interface Met {
  readonly id: string;
  /**
   * Why it was not stored.
   * `"known"`: a job of this id is stored · `"kept"`: a job holds its unique key, and stays as it is ·
   * `"replaced"`, `"postponed"`: the same, and that job has taken over what is new.
   */
  readonly as: "known" | "kept" | "replaced" | "postponed";
  /**
   * The stored job; for `"known"` the same id. One that holds its key for some time may have been forgotten.
   */
  readonly existing: string;
}

/** Jobs whose ids are stored already. */
export function metKnown(ids: readonly string[]): readonly Met[] {
  return ids.length === 0 ? NONE : ids.map((id) => ({ id, as: "known", existing: id }));
}

/** The ids of the jobs that were not stored. */
export function idsMet({ met }: { readonly met: readonly Met[] }): string[] {
  return met.map(({ id }) => id);
}

const NONE: readonly Met[] = [];
