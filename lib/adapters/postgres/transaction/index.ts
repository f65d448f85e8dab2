import { UnsupportedError, type EnqueueOptions } from "../../../contract/index.js";
import type { Store, Tx } from "../store.js";

/** Runs `work` inside a transaction of the caller's. */
export async function inTransaction<T>(_store: Store, _options: EnqueueOptions, _work: (tx: Tx) => Promise<T>): Promise<T> {
  throw new UnsupportedError("postgres", "a transaction of the caller's");
}
