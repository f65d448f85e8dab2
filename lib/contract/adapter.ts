import type { Broker } from "./broker.js";
import type { Events } from "./events.js";
import type { Hints } from "./hints.js";
import type { Journal } from "./journal.js";
import type { Limits } from "./limits.js";
import type { Locks } from "./locks.js";
import type { Results } from "./results.js";
import type { Schedules } from "./schedules.js";
import type { Workers } from "./workers.js";

/**
 * All that one store offers: small contracts, one atomic store beneath them. Making an adapter touches nothing; `open` does. Several users in a process may
 * open the same adapter: it is closed when the last one has closed it.
 */
export interface Adapter {
  /** `"memory"`, `"sqlite"`, … */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly broker: Broker;
  readonly results: Results;
  readonly journal: Journal;
  readonly events: Events;
  readonly schedules: Schedules;
  readonly locks: Locks;
  readonly hints: Hints;
  readonly workers: Workers;
  /** Present where `capabilities.limits` is true. */
  readonly limits?: Limits;
  /**
   * Connects and brings the schema up to date.
   * @throws {StemError} `STEM_STORE_OPEN`, `STEM_SCHEMA_NEWER`, `STEM_MISSING_PEER`
   */
  open(): Promise<void>;
  /** Idempotent per `open`. */
  close(): Promise<void>;
  /** Asks the store for a sign of life. @throws whatever keeps it from answering */
  ping(): Promise<Health>;
}

export interface Capabilities {
  /** Survives the end of the process. */
  readonly durable: boolean;
  /** Seen by other processes. */
  readonly shared: boolean;
  /** `enqueue` and `emit` inside the caller's transaction. */
  readonly transactions: boolean;
  readonly limits: boolean;
  readonly unique: boolean;
}

export interface Health {
  /** Where the store is, without secrets. */
  readonly store: string;
  /** Round trip. */
  readonly ms: number;
  /** Version of our schema in the store, for adapters that have one. */
  readonly schema?: number;
}
