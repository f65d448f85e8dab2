import type { Adapter } from "../../contract/index.js";

/** What an adapter author hands over: a way to get a store that nobody else uses. */
export interface LawSubject {
  /** An opened adapter on a fresh, empty store. */
  open(): Promise<LawStore>;
  /**
   * How long a hint may take before a law calls it missing, in milliseconds. Default 3,000, far above what
   * any adapter should need.
   */
  readonly hintWithinMs?: number;
}

export interface LawStore {
  readonly adapter: Adapter;
  /**
   * A second, opened handle on the same store, as another process would have. An adapter whose
   * `capabilities.shared` is false may return the same object. Called at most once per law; `close` must
   * close it too.
   */
  other(): Promise<Adapter>;
  /**
   * Begins a transaction of a caller's on the same store, on a connection of its own. Wanted where
   * `capabilities.transactions` is true; one is open at a time.
   */
  transaction?(): Promise<LawTransaction>;
  /** Closes the handles and clears the store away. Must bear that a law has closed `adapter` before. */
  close(): Promise<void>;
}

/** A transaction that a law has begun as an app would, with its own client. */
export interface LawTransaction {
  /** What an app passes as `{ transaction }`. */
  readonly handle: unknown;
  /**
   * A handle on the same store that is in no transaction, such as a pool or the database itself; it is to be
   * refused once this transaction has ended.
   */
  readonly outside?: unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
