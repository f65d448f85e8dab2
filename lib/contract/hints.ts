/**
 * Wake-ups that may be lost, doubled or late: they make things sooner, never certain.
 * The adapter sends them after every verb that makes work or ends it, to all processes on the store, this one
 * included.
 */
export interface Hints {
  /**
   * Returns the unsubscribe function. The listener must be quick; its errors are ignored.
   *
   * @param kinds the kinds it needs, so that the store need not send the rest; default: all. Others may come
   * all the same
   */
  subscribe(listener: (hint: Hint) => void, kinds?: readonly Hint["kind"][]): () => void;
  /**
   * Sends a message that the store does not keep to every process. Never throws; delivery is not promised.
   */
  control(topic: string, message: string): void;
}

export type Hint =
  /** There may be work in these queues; undefined: in any. */
  | { readonly kind: "work"; readonly queues?: readonly string[] }
  /** These jobs may have ended; undefined: any. */
  | { readonly kind: "done"; readonly ids?: readonly string[] }
  /**
   * These jobs were cancelled, and a worker may be running them.
   * It is separate from `done`, so that workers need not subscribe to every end.
   */
  | { readonly kind: "cancelled"; readonly ids: readonly string[] }
  | { readonly kind: "control"; readonly topic: string; readonly message: string };
