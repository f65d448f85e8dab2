import type { EventWait } from "../../contract/job.js";
import type { AbortedBy } from "../attempt/outcome.js";
import type { Clock } from "../clock.js";
import type { Draft, Heard } from "./entries.js";
import type { Inbox } from "./inbox.js";
import type { Ledger } from "./ledger.js";
import type { Fact, Past } from "./past.js";

/** The parts of the course of a pass. */
export interface FlowParts {
  readonly past: Past;
  readonly ledger: Ledger;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly storeNow: () => number;
  /** How long a body that waits, or asks for something new, may not ask for what it did before. Real time. */
  readonly patienceMs: number;
  /** Called, perhaps more than once, when the body has got all that is journaled, or stands still. */
  readonly replayed: () => void;
  /** Called when the verdict stands; steps may still run then. */
  readonly stopped: (verdict: Verdict) => void;
}

/** Why a pass ends. */
export type Verdict =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: unknown }
  | { readonly kind: "suspended" }
  | { readonly kind: "aborted"; readonly reason: AbortedBy }
  /** The journal could not be written. */
  | { readonly kind: "unsure" }
  /** The code does not fit the journal. */
  | { readonly kind: "changed"; readonly why: string; readonly silent?: boolean };

/** Something durable that the body waits for. */
export interface Pending {
  /**
   * Store time at which the wait is over (a sleep, the next try of a step). Checked here, while steps run.
   */
  readonly until?: number;
  readonly elapsed?: () => void;
  /** Comes from outside; `deadline` in store time is checked by the store, in one step with the park. */
  readonly event?: Omit<EventWait, "after">;
  /** Called when the event has come. */
  readonly heard?: (heard: Heard) => void;
  readonly deadline?: number;
}

/** What an ask does, by what is known under its key. */
export interface Asked {
  /** The outcome is known and goes to the body. */
  told(draft: Draft): void;
  /** Begun in an earlier pass. Defaults to `begin`. */
  again?(fact: Fact): void;
  /** Not met before. */
  begin(): void;
}

/** An outcome that came about in this pass. */
export interface FreshOutcome {
  readonly key: string;
  readonly entry: Draft | Failing;
  readonly tell: () => void;
  /** Called when the entry is in the store or travels with the pass's ending. */
  readonly written?: () => void;
}

/**
 * The failure of a step.
 * It is journaled only once the body has gone on from it; until then the step may be run again.
 */
export interface Failing {
  /** The place at which the body got it: after the entry of this number. */
  readonly failed: (after: number) => Draft;
  /** The entry to write if the run fails because of it; undefined: none. */
  readonly anew: Draft | undefined;
  /**
   * Its work was done, only its result cannot be kept.
   * Unless the run fails because of it, it is journaled even if the body has not gone on yet.
   */
  readonly once: boolean;
}
