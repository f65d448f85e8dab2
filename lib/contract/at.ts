/** `now` replaces the store's clock, in milliseconds since the epoch. For tests only. */
export interface At {
  readonly now?: number;
}

/** When, and within which transaction, a call stores what it is given. */
export interface Within extends At {
  /**
   * A caller's transaction on the same store, if `capabilities.transactions` is true.
   * What is stored commits or rolls back with it. Refused with `STEM_UNSUPPORTED` elsewhere, and with a
   * `TypeError` if it is not an open transaction on this store.
   */
  readonly transaction?: unknown;
}
