/** `now` replaces the store's clock, in milliseconds since the epoch. For tests only. */
export interface At {
  readonly now?: number;
}

/** When, and within which transaction, a call stores what it is given. */
export interface Within extends At {
  /**
   * A transaction of the caller's on the same store, where `capabilities.transactions` is true: what is
   * stored commits or rolls back with it. Refused with `STEM_UNSUPPORTED` elsewhere, and with a `TypeError`
   * if it is no open transaction on this store.
   */
  readonly transaction?: unknown;
}
