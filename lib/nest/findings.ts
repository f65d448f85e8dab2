import type { Adapter } from "../contract/adapter.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";

/** Between two tries to ask a store that does not answer. */
const AGAIN_MS = 30_000;

/**
 * Warns of weak settings of the store, one line each, as soon as it answers.
 * It delays nothing and never fails: a store that does not answer now is asked again.
 *
 * @returns a function that ends it
 */
export function tellFindings(adapter: Adapter, clock: Clock, log: Log): () => void {
  let ended = false;
  let cancel = (): void => {};
  const ask = async (): Promise<void> => {
    try {
      for (const { message, hint, code } of (await adapter.diagnose?.()) ?? []) if (!ended) log.warn(`${message} → ${hint}  [${code}]`);
    } catch {
      if (!ended) cancel = clock.after(AGAIN_MS, () => void ask());
    }
  };
  void ask();
  return () => {
    ended = true;
    cancel();
  };
}
