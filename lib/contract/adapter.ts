import type { Broker } from "./broker.js";
import type { Events } from "./events.js";
import type { FieldKind } from "./fields.js";
import type { Hints } from "./hints.js";
import type { Jobs } from "./jobs.js";
import type { Journal } from "./journal.js";
import type { Limits } from "./limits.js";
import type { Locks } from "./locks.js";
import type { Queues } from "./queues.js";
import type { Schedules } from "./schedules.js";
import type { Workers } from "./workers.js";

/**
 * Everything that one store offers: small contracts over one atomic store.
 * Making an adapter touches nothing; `open` does. Several users in a process may open the same adapter: it is
 * closed when the last one has closed it.
 */
export interface Adapter {
  /** `"memory"`, `"sqlite"`, … */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The kinds of fields a job may have here; `checkJobs` refuses a job that has another. */
  readonly honours: ReadonlySet<FieldKind>;
  readonly broker: Broker;
  readonly queues: Queues;
  readonly jobs: Jobs;
  readonly journal: Journal;
  readonly events: Events;
  readonly schedules: Schedules;
  readonly locks: Locks;
  readonly hints: Hints;
  readonly workers: Workers;
  /** Present where fields of the kind `"track"` are honoured. */
  readonly limits?: Limits;
  /** Present where the store has a schema that can be looked at and brought up to date apart from `open`. */
  readonly schema?: Schema;
  /**
   * Connects and brings the schema up to date.
   * A server that cannot be reached is not an error: connecting is tried again with growing waits, one line
   * of `log` each, and `open` resolves after a while (`connectTimeoutMs`) without it. Verbs then fail with
   * `STEM_STORE_UNREACHABLE` until the server answers. A fault that waiting cannot mend is thrown.
   *
   * @param log where attempts to connect and warnings about the store go; the first opener's counts
   * @throws {StemError} `STEM_STORE_OPEN`, `STEM_STORE_VERSION`, `STEM_STORE_RIGHTS`, `STEM_SCHEMA_NEWER`,
   * `STEM_SCHEMA_BEHIND`, `STEM_MISSING_PEER`
   */
  open(log?: StoreLog): Promise<void>;
  /** Idempotent per `open`. */
  close(): Promise<void>;
  /** Checks that the store answers. @throws the error that keeps it from answering */
  ping(): Promise<Health>;
  /**
   * Looks for settings of the store that put promises at risk, such as a cache that evicts jobs.
   * An empty list: none found.
   */
  diagnose?(): Promise<readonly Finding[]>;
  /**
   * Adds the place of a job to an id that core has made. Ids that users choose stay as they are.
   * For stores that are spread over several servers.
   */
  routedId?(id: string, queue: string): string;
}

export interface Capabilities {
  /** Survives the end of the process. */
  readonly durable: boolean;
  /** Seen by other processes. */
  readonly shared: boolean;
  /** `enqueue` and `emit` inside the caller's transaction. */
  readonly transactions: boolean;
  /**
   * Verbs wait for a server and cost it little each. Default false.
   * A busy worker then has a second settlement under way while the first is.
   */
  readonly remote?: boolean;
}

export interface Health {
  /** The address of the store, without secrets. */
  readonly store: string;
  /** Round trip. */
  readonly ms: number;
  /** The server with its version, such as `"Redis 7.0.15"`. */
  readonly server?: string;
  /** Version of Stem's schema in the store, for adapters that have one. */
  readonly schema?: number;
}

/** One line each. */
export interface StoreLog {
  log(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** A weakness of the store's settings, with its remedy. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The versions of Stem's schema in a store. */
export interface Schema {
  /** Steps from nothing to the newest version, in order. */
  readonly migrations: readonly Migration[];
  /** Steps taken in the store so far; 0 for none. Changes nothing. @throws as `Adapter.open` */
  version(): Promise<number>;
  /**
   * Takes the missing steps, in the first process that gets to it; returns those it took.
   * @throws as `Adapter.open`
   */
  migrate(): Promise<readonly Migration[]>;
}

export interface Migration {
  /** From 1. */
  readonly version: number;
  readonly name: string;
  /** Its statements, as they would be run. */
  readonly sql: string;
}
