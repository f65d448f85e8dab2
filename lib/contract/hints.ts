/**
 * Wake-ups that may be lost, doubled or late: they make things sooner, never certain. The adapter gives them
 * on its own after every verb that makes work or ends it, to all processes on the store, this one included.
 */
export interface Hints {
  /**
   * Returns the unsubscribe function. The listener must be quick; what it throws is ignored.
   *
   * @param kinds what it wants to hear of, so that the store need not tell the rest; default: all. It may be
   *   told of others all the same
   */
  subscribe(listener: (hint: Hint) => void, kinds?: readonly Hint["kind"][]): () => void;
  /** Tells every process something that the store does not hold. Never throws; nothing is promised. */
  control(topic: string, message: string): void;
}

export type Hint =
  /** There may be work in these queues; undefined: in any. */
  | { readonly kind: "work"; readonly queues?: readonly string[] }
  /** These jobs may have ended; undefined: any. */
  | { readonly kind: "done"; readonly ids?: readonly string[] }
  /**
   * These jobs were cancelled, and a worker may be running them; apart from `done`, so that workers need not
   * hear of every end.
   */
  | { readonly kind: "cancelled"; readonly ids: readonly string[] }
  | { readonly kind: "control"; readonly topic: string; readonly message: string };
