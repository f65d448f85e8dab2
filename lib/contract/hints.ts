/**
 * Wake-ups that may be lost, doubled or late: they make things sooner, never certain. The adapter gives them on its own after every
 * verb that makes work or ends it, to all processes on the store, this one included.
 */
export interface Hints {
  /** Returns the unsubscribe function. The listener must be quick; what it throws is ignored. */
  subscribe(listener: (hint: Hint) => void): () => void;
  /** Tells every process something that the store does not hold. Never throws; nothing is promised. */
  control(topic: string, message: string): void;
}

export type Hint =
  /** There may be work in these queues; undefined: in any. */
  | { readonly kind: "work"; readonly queues?: readonly string[] }
  /** These jobs may have ended; undefined: any. */
  | { readonly kind: "done"; readonly ids?: readonly string[] }
  | { readonly kind: "control"; readonly topic: string; readonly message: string };
