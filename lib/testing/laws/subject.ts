import type { Adapter } from "../../contract/index.js";

/** What the author of an adapter provides: a way to get a fresh store. */
export interface LawSubject {
  /** An opened adapter on a fresh, empty store. */
  open(): Promise<LawStore>;
  /**
   * How long a hint may take before a law calls it missing, in milliseconds.
   * Default 3,000, far above what any adapter should need.
   */
  readonly hintWithinMs?: number;
}

export interface LawStore {
  readonly adapter: Adapter;
  /**
   * A second, opened connection to the same store, as another process would have.
   * An adapter whose `capabilities.shared` is false may return the same object. Called at most once per law;
   * `close` must close it too.
   */
  other(): Promise<Adapter>;
  /**
   * Begins a caller's transaction on the same store, on a separate connection.
   * Needed if `capabilities.transactions` is true; one is open at a time.
   */
  transaction?(): Promise<LawTransaction>;
  /** Closes the connections and deletes the store. A law may have closed `adapter` before. */
  close(): Promise<void>;
}

/** A transaction that a law has begun as an app would, with its own client. */
export interface LawTransaction {
  /** What an app passes as `{ transaction }`. */
  readonly handle: unknown;
  /**
   * A handle on the same store that is in no transaction, such as a pool or the database itself.
   * It has to be refused once this transaction has ended.
   */
  readonly outside?: unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
