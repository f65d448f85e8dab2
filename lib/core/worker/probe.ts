/** Moments in a worker's life that a test may wait for, or die at. */
export type ProbeEvent =
  /** Jobs were lent; none has started. */
  | { readonly at: "claimed"; readonly worker: string; readonly ids: readonly string[] }
  /** Endings are about to be written. */
  | { readonly at: "settling"; readonly worker: string; readonly ids: readonly string[] }
  /** Endings are written. */
  | { readonly at: "settled"; readonly worker: string; readonly ids: readonly string[] }
  /** Nothing runs, nothing is to be written, and no work is known to wait. */
  | { readonly at: "idle"; readonly worker: string };

/**
 * A window for tests, instead of sleeps.
 * It serves fault injection too: an error or a kill in the listener happens at exactly that moment. There is
 * one for the whole process; without a listener it costs one comparison per store call.
 */
export const workerProbe: { listener: ((event: ProbeEvent) => void) | undefined } = { listener: undefined };
