/** The stored job that kept a new job from being stored. */
export interface Met {
  readonly id: string;
  /**
   * Why it was not stored.
   * `"known"`: a job of this id is stored · `"kept"`: another job holds its key, and stays as it is ·
   * `"replaced"`, `"postponed"`: the same, and that job has taken over what is new.
   */
  readonly as: "known" | "kept" | "replaced" | "postponed";
  /** The stored job; for `"known"` the same id. */
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
