import type { Along } from "./along.js";
import type { At, Within } from "./at.js";
import type { DeathCause, Delivery, EventWait, Failure, FinalState, Lease, NewJob } from "./job.js";
import type { Met } from "./met.js";

/**
 * The line of jobs.
 * Three verbs carry all the traffic (`enqueue`, `claim`, `settle`); each takes a batch and is ONE atomic step
 * in the store (a transaction, or a script), so no crash can fall between "result saved" and "job removed".
 */
export interface Broker {
  /**
   * Stores all the jobs or none.
   * A job whose id is stored already, in any state, is skipped and reported; the first of two equal ids in
   * one call wins. Core has checked the batch with `checkJobs`. So is a job whose unique key is held
   * (`NewJob.unique`), also by an earlier one of the call.
   *
   * A stored job past its retention counts as absent, pruned or not: the new job replaces its record in the
   * same step. See also `NewJob.known`. (A job that a settlement or a schedule stores replaces it likewise,
   * but is skipped where this verb refuses.)
   * @throws {IdTakenError} the stored job of an id is of another task; nothing of the call is stored
   */
  enqueue(jobs: readonly NewJob[], options?: Within): Promise<Enqueued>;

  /**
   * Lends due jobs to a worker, in this order of work:
   * take back what lapsed workers hold (attempt given back, lapse counted, at the `maxLapses`-th the job is
   * dead with cause `"lapsed"`); wake parked jobs whose deadline passed; expire; then lend, in each queue the
   * higher priority first, then the earlier due, then the earlier stored. Queues are served in the order
   * given; paused ones are passed over. Attempts are counted here, so that a crash cannot lose the count.
   */
  claim(request: Claim, options?: At): Promise<Claimed>;

  /**
   * Carries out how deliveries ended and, when `next` is given, claims more work in the same step.
   * So a busy worker makes one round trip per batch. A settlement whose lease is stale writes nothing at all
   * and is reported in `lost`.
   */
  settle(settlements: readonly Settlement[], next?: Claim, options?: At): Promise<Settled>;
}

export interface Enqueued {
  /** The jobs that were not stored, in the order given, and why. */
  readonly met: readonly Met[];
  /** Jobs of this call that ended at once, because what they wait for had ended badly. */
  readonly ended?: readonly Ended[];
}

/**
 * A job that a call has ended without success, other than by its own settlement.
 * It ended by a lapse, by its expiry, by a cancel, or because an input did not succeed. Each such end is in
 * the answer of one call, so that one process can signal it. Absent or empty: there are none.
 */
export interface Ended {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly state: Exclude<FinalState, "succeeded">;
  readonly cause?: DeathCause;
  readonly error: Failure;
  /** Attempts that count. */
  readonly attempts: number;
  /** Left out where it is long; the record has it. */
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Claim {
  /** A worker with a live lease (see `Workers`). */
  readonly worker: string;
  readonly from: readonly QueueShare[];
  /** At most this many in all; at least 1. */
  readonly limit: number;
  /**
   * Within each queue the lowest priority goes first, and the highest last. Default: the highest first.
   * A worker claims so now and then, so that no priority starves while there is always work of a higher one.
   */
  readonly upward?: true;
}

export interface QueueShare {
  readonly queue: string;
  /** At most this many from this queue; default `Claim.limit`. */
  readonly limit?: number;
}

export interface Claimed {
  readonly deliveries: readonly Delivery[];
  /**
   * When a claim from the same queues could next bring a job without a hint.
   * That is the earliest due job or parked deadline in those queues, or the end of another worker's lease
   * that holds jobs. Undefined: nothing is foreseen. Jobs that are due now but did not fit the limits do not
   * count; paused queues do not count.
   */
  readonly nextDueAt: number | undefined;
  /** The store's clock at this claim. */
  readonly now: number;
  /**
   * The worker's own lease had run out (or it never registered), so nothing was lent.
   * It must renew first.
   */
  readonly lapsed: boolean;
  readonly ended?: readonly Ended[];
}

/** What to write, as core has decided. The adapter only carries it out. */
export type Settlement = { readonly lease: Lease } & Along & Ending;

export type Ending =
  /** Done. `result` absent: the handler returned nothing (which differs from not having ended). */
  | { readonly as: "succeeded"; readonly result?: string }
  /** Dead: kept as a dead letter. */
  | { readonly as: "failed"; readonly cause: "error" | "rejected"; readonly error: Failure }
  /**
   * Again: a retry keeps the attempt spent and says why; a snooze or release gives it back.
   * Due `delayMs` from now, or at `dueAt`; without either at once. `ran`: the handler ended by itself (or
   * journaled something), so the job's lapses and wake are forgotten; a hand-back leaves both, unless entries
   * travel with it: those forget the lapses. `begun: false`: nothing of it was done, so that a job which was
   * never begun may still expire.
   */
  | {
      readonly as: "ready";
      readonly attempt: "spent" | "returned";
      readonly ran?: boolean;
      readonly begun?: false;
      readonly delayMs?: number;
      readonly dueAt?: number;
      readonly error?: Failure;
    }
  /**
   * Waits for the first of some events, until `deadline` if given (an absolute time).
   * The attempt is given back, lapses are forgotten. If one of the events is stored already, the job is
   * `ready` at once with that wake: the check and the park are one step.
   */
  | { readonly as: "parked"; readonly waits: readonly EventWait[]; readonly deadline?: number }
  | { readonly as: "cancelled"; readonly error: Failure }
  | NewLife;

/**
 * The same job begins anew, ready at once: with this payload and these headers, or none.
 * Of its old life stay the id, the place by arrival, queue, priority, group, inputs and who waits for it. The
 * journal and the note are dropped, also what this settlement brings for them; attempts, lapses, failure and
 * wake are forgotten, and it does not expire. Its next lease is above all earlier ones.
 */
export interface NewLife {
  readonly as: "anew";
  readonly payload: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Settled {
  /** Jobs whose lease had gone: nothing was written for them. */
  readonly lost: readonly string[];
  /** Present when `next` was given. */
  readonly claimed?: Claimed;
  /** Also what the claim in it has ended. */
  readonly ended?: readonly Ended[];
}

export type { At, Within, FinalState };
