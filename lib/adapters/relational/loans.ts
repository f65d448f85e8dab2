import type { Lease } from "../../contract/index.js";

/** Loans remembered at most. */
const MOST = 50_000;

/**
 * What a handle remembers of the jobs it lent, by id, so that settling needs no look-up.
 * It is only a cache.
 */
export class Loans<Loan extends { readonly seq: number; readonly fence: number }> {
  readonly #byId = new Map<string, Loan>();

  remember(id: string, loan: Loan): void {
    if (this.#byId.size >= MOST) this.#byId.clear();
    this.#byId.set(id, loan);
  }

  /** The loan of a lease, if it is this very delivery. */
  recall(lease: Lease): Loan | undefined {
    const loan = this.#byId.get(lease.jobId);
    return loan?.seq === lease.job && loan.fence === lease.fence ? loan : undefined;
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  clear(): void {
    this.#byId.clear();
  }
}
