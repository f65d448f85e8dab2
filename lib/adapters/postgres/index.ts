import type { Adapter } from "../../contract/index.js";
import { PostgresAdapter } from "./adapter.js";
import { check, targetOf } from "./connect/target.js";

/** What `postgres(url, options)` may be given. */
export interface PostgresOptions {
  /** Where the tables are. Default `"stem"`. */
  readonly schema?: string;
  /**
   * Bring the schema up to date when opening. Default: yes, except with `NODE_ENV=production`, where a schema that is behind is refused with
   * `STEM_SCHEMA_BEHIND`, so that it is the deployment that changes it (`stem migrate`).
   */
  readonly migrate?: boolean;
  /**
   * Hear of work by LISTEN/NOTIFY. Default true. False for transaction poolers such as PgBouncer: workers then find work by their poll, and nothing is used that belongs to a
   * session (prepared statements, session settings).
   */
  readonly listen?: boolean;
  /** Most connections of the pool that is made. Default 6. */
  readonly maxConnections?: number;
  /** How long a verb waits for a connection before it fails with `STEM_STORE_UNREACHABLE`. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** How long a statement may take before its connection is given up. Default 15,000 ms. */
  readonly commandTimeoutMs?: number;
  /** Seen in `pg_stat_activity`. Default `"stem"`. */
  readonly applicationName?: string;
}

/**
 * Jobs, results, journals, events, schedules and locks in one schema of a Postgres database (13 or newer), shared by any number of processes. Needs the package pg, which is loaded
 * when the adapter is opened. Nothing is touched before that.
 *
 * @param at a URL (`postgres://user:password@host/database`), a `pg.Pool` of yours (used as it is, and not closed), `{ pool }`, or what `pg.Pool` takes
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 */
export function postgres(at: string | PoolLike | { readonly pool: PoolLike } | PgConfig, options: PostgresOptions = {}): Adapter {
  check(at, options);
  const { schema = "stem", listen = true } = options;
  return new PostgresAdapter(targetOf(at, options), {
    schema,
    listen,
    migrate: options.migrate ?? process.env["NODE_ENV"] !== "production",
  });
}

/** What `pg.Pool` takes. Our own options go into the second argument. */
export type PgConfig = { readonly [name in keyof PostgresOptions]?: never } & Readonly<Record<string, unknown>>;

/** A `pg.Pool`, as far as it is needed. */
export interface PoolLike {
  connect(): Promise<unknown>;
  end(): Promise<void>;
}
