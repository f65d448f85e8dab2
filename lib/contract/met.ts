/** What a new job met that was not stored. */
export interface Met {
  readonly id: string;
  /**
   * `"known"`: a job of this id is stored · `"kept"`: another job holds its key, and stays as it is ·
   * `"replaced"`, `"postponed"`: the same, and that job has taken over what is new.
   */
  readonly as: "known" | "kept" | "replaced" | "postponed";
  /** The stored job; of one that is known its own id. */
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
